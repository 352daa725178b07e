import type { Config, ResolvedSetting } from "./config.ts";
import { actOf } from "./options.ts";

/** What another reading of the configuration changed in one option. */
export interface ConfigChange {
  /** The option's name. */
  readonly name: string;
  /** The listener's name; `""` for what holds for the whole broker. */
  readonly listener: string;
  /** As in a file; undefined where the listener is new or gone. */
  readonly before: string | undefined;
  /** The same, of the later configuration. */
  readonly after: string | undefined;
  /** Whether a running broker takes it over; what is not needs a restart. */
  readonly isReloadable: boolean;
}

/**
 * What differs between two configurations: for SIGHUP, which applies what it can and says what it cannot. A listener that is new or
 * gone is one change: that of its `listener` line.
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

/** `after` as a running broker has it that had `before`: with the old settings where only a restart takes over others. */
export function keepUntilRestart(after: Config, before: Config): Config {
  const read = byKey(after);
  const settings = before.settings.map((setting) =>
    isReloadable(setting) ? read.get(keyOf(setting)) ?? setting : setting
  );
  return { ...after, settings };
}

/** `config` with the log of `before`: what holds where the new log cannot be opened. */
export function keepLog(config: Config, before: Config): Config {
  const old = byKey(before);
  const settings = config.settings.map((setting) =>
    isOfLog(setting) ? old.get(keyOf(setting)) ?? setting : setting
  );
  return { ...config, log: before.log, settings };
}

/** What a listener has in the place of an option of the broker's is the listener's, which stays until a restart. */
function isReloadable(
  { option: { reloadable, target }, listener }: Pick<ResolvedSetting, "option" | "listener">,
): boolean {
  return reloadable && (listener === "" || target.record !== "broker");
}

/** `connection_messages` is the core's. */
function isOfLog({ option: { theme, target } }: ResolvedSetting): boolean {
  return theme === "Log" && target.record !== "broker";
}

function byKey({ settings }: Config): Map<string, ResolvedSetting> {
  return new Map(settings.map((setting) => [keyOf(setting), setting]));
}

/** Two names of one decision: which of them decided does not matter. */
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
