import type { Config, ResolvedSetting } from "./config.ts";
import { actOf } from "./options.ts";

/** One option whose value differs between two configurations. */
export interface ConfigChange {
  /** The option's name. */
  readonly name: string;
  /** The listener's name; `""` for an option of the whole broker. */
  readonly listener: string;
  /** The old value, as a file would have it; `undefined`: the listener is new. */
  readonly before: string | undefined;
  /** The new value; `undefined`: the listener is gone. */
  readonly after: string | undefined;
  /** Whether a running broker can apply it; otherwise it needs a restart. */
  readonly isReloadable: boolean;
}

/**
 * The differences between two configurations. SIGHUP applies the reloadable ones and logs the others. A listener that was added or
 * removed is one change, that of its `listener` line.
 */
export function compareConfigs(before: Config, after: Config): readonly ConfigChange[] {
  const old = byKey(before);
  const changes: ConfigChange[] = [];
  const listeners = [before, after].map(({ settings }) =>
    new Set(settings.map(({ listener }) => listener))
  );
  const isTold = ({ option, listener }: ResolvedSetting) =>
    option.name === "listener" || listeners.every((names) => names.has(listener));
  for (const setting of after.settings) {
    const earlier = old.get(keyOf(setting));
    old.delete(keyOf(setting));
    if (earlier?.text !== setting.text && isTold(setting)) {
      changes.push(change(earlier, setting, setting));
    }
  }
  for (const earlier of old.values()) {
    if (isTold(earlier)) changes.push(change(earlier, undefined, earlier));
  }
  return changes;
}

/** `after` as a broker has it that started with `before`: settings that need a restart keep their old values. */
export function keepUntilRestart(after: Config, before: Config): Config {
  return { ...after, settings: replaceSome(before, isReloadable, after) };
}

/** `config` with the log of `before`, for when the new log cannot be opened. */
export function keepLog(config: Config, before: Config): Config {
  return { ...config, log: before.log, settings: replaceSome(config, isOfLog, before) };
}

/** The settings of `config`, of which those that `isReplaced` have the values of `other`. */
function replaceSome(
  config: Config,
  isReplaced: (setting: ResolvedSetting) => boolean,
  other: Config,
): readonly ResolvedSetting[] {
  const others = byKey(other);
  return config.settings.map((setting) =>
    isReplaced(setting) ? others.get(keyOf(setting)) ?? setting : setting
  );
}

/** A broker option that a listener sets for itself belongs to that listener, and listeners change only with a restart. */
function isReloadable(
  { option: { reloadable, target }, listener }: Pick<ResolvedSetting, "option" | "listener">,
): boolean {
  return reloadable && (listener === "" || target.record !== "broker");
}

/** `connection_messages` is listed under Log too, but belongs to the core. */
function isOfLog({ option: { theme, target } }: ResolvedSetting): boolean {
  return theme === "Log" && target.record !== "broker";
}

function byKey({ settings }: Config): Map<string, ResolvedSetting> {
  return new Map(settings.map((setting) => [keyOf(setting), setting]));
}

/** `allow_anonymous` and `listener_allow_anonymous` decide the same thing, so they share a key. */
function keyOf({ option, listener }: ResolvedSetting): string {
  return `${listener} ${actOf(option) === "anonymous" ? "allow_anonymous" : option.name}`;
}

function change(
  before: ResolvedSetting | undefined,
  after: ResolvedSetting | undefined,
  { option, listener }: ResolvedSetting,
): ConfigChange {
  return {
    name: option.name,
    listener,
    before: before?.text,
    after: after?.text,
    isReloadable: isReloadable({ option, listener }),
  };
}
