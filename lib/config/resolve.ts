import {
  type BrokerOptions,
  DEFAULT_BROKER_OPTIONS,
  DEFAULT_LISTENER_OPTIONS,
  type ListenerOptions,
} from "../broker/mod.ts";
import { type AccessConfig, DEFAULT_ACCESS_CONFIG } from "./access_config.ts";
import type { ListenerConfig, ResolvedSetting } from "./config.ts";
import type { Block, Draft, Setting } from "./draft.ts";
import { httpProblems, isOpenHttp } from "./http.ts";
import { placeOf } from "./listeners.ts";
import type { Option, OptionValue } from "./option.ts";
import { optionNamed, OPTIONS } from "./options.ts";
import { DEFAULT_PROCESS_OPTIONS, type ProcessOptions } from "./process_options.ts";
import { resolveTransport } from "./transport.ts";
import { DEFAULT_TRANSPORT_OPTIONS, type TransportOptions } from "./transport_options.ts";
import { showValue } from "./value.ts";

/** A draft with every option decided. */
export interface Resolved {
  readonly listeners: readonly ListenerConfig[];
  /** What holds for all listeners; nothing with `per_listener_settings`. */
  readonly access: AccessConfig;
  readonly broker: BrokerOptions;
  readonly process: ProcessOptions;
  readonly settings: readonly ResolvedSetting[];
}

/** Decides every option: what was set where, else the default. Values that this version refuses become problems. */
export function resolve(draft: Draft, blocks: readonly Block[], isOpen: boolean): Resolved {
  const settings: ResolvedSetting[] = [];
  const broker: Record<string, OptionValue> = { ...DEFAULT_BROKER_OPTIONS };
  const process: Record<string, OptionValue> = { ...DEFAULT_PROCESS_OPTIONS };

  const listeners = blocks.map((block) => resolveListener(draft, block, isOpen, settings));
  const access = draft.perListener ? undefined : decideAccess(draft, undefined, "", settings);
  for (const option of OPTIONS) {
    if (!isWholeBrokers(option)) continue;
    const found = option.perListener && draft.perListener
      ? agreed(draft, blocks, option)
      : draft.globals.get(option.name);
    const value = decide(draft, option, found, "", settings);
    if (option.target.record === "broker") broker[option.target.key] = value;
    if (option.target.record === "process") process[option.target.key] = value;
  }
  const whole = listeners.map((listener) =>
    access === undefined ? listener : { ...listener, access }
  );
  for (const [index, listener] of whole.entries()) {
    for (const [option, message] of httpProblems(listener)) {
      const set = ownOrOverride(draft, blocks[index]!, option)?.at(-1);
      draft.problem(set?.origin ?? listener.origin, option, message);
    }
  }
  // The rows' types and those of the records are held together by a test over all rows.
  return {
    listeners: whole,
    access: access ?? DEFAULT_ACCESS_CONFIG,
    broker: broker as unknown as BrokerOptions,
    process: process as unknown as ProcessOptions,
    settings,
  };
}

/** Listeners, and what is decided for each of them, are told apart from what holds for all. */
function isWholeBrokers(option: Option): boolean {
  if (option.scope === "listener" || option.target.record === "access") return false;
  return !["listener", "port", "bind_address", "allow_anonymous"].includes(option.name);
}

function resolveListener(
  draft: Draft,
  block: Block,
  isOpen: boolean,
  settings: ResolvedSetting[],
): ListenerConfig {
  const { port, address, path, origin, name } = placeOf(block, draft.overrides);
  settings.push({
    option: optionNamed("listener"),
    listener: name,
    text: `${port} ${path === "" ? address : path}`.trim(),
    origin,
  });
  const record: Record<string, OptionValue> = { ...DEFAULT_LISTENER_OPTIONS, name };
  const transport: Record<string, OptionValue> = { ...DEFAULT_TRANSPORT_OPTIONS };
  for (const option of OPTIONS) {
    const { target } = option;
    if (target.record !== "listener" && target.record !== "transport") continue;
    const found = ownOrOverride(draft, block, option.name);
    const value = decide(draft, option, found, name, settings);
    if (target.record === "listener") record[target.key] = value;
    else transport[target.key] = value;
  }
  const originOf = (option: string) =>
    ownOrOverride(draft, block, option)?.at(-1)?.origin ?? origin;
  const layers = resolveTransport(draft, transport as unknown as TransportOptions, originOf);
  // Who reads everything by HTTP gains nothing as a client.
  const isClosed = isOpen && !(layers.http !== undefined && isOpenHttp(layers.http));
  record.allowAnonymous = decideAnonymous(draft, block, isClosed, name, settings);
  const access = draft.perListener
    ? decideAccess(draft, block, name, settings)
    : DEFAULT_ACCESS_CONFIG;
  return {
    port,
    address,
    path,
    origin,
    ...layers,
    options: record as unknown as ListenerOptions,
    access,
  };
}

/** Access control of one listener, or without one of all. */
function decideAccess(
  draft: Draft,
  block: Block | undefined,
  name: string,
  settings: ResolvedSetting[],
): AccessConfig {
  const record: Record<string, OptionValue> = { ...DEFAULT_ACCESS_CONFIG };
  for (const option of OPTIONS) {
    if (option.target.record !== "access") continue;
    const found = block === undefined
      ? draft.globals.get(option.name)
      : ownOrOverride(draft, block, option.name);
    record[option.target.key] = decide(draft, option, found, name, settings);
  }
  return record as unknown as AccessConfig;
}

/** The listener's own word first, then what holds for it or for all; without either, only a closed broker is free to all. */
function decideAnonymous(
  draft: Draft,
  block: Block,
  isOpen: boolean,
  name: string,
  settings: ResolvedSetting[],
): boolean {
  const option = optionNamed("allow_anonymous");
  const found = ownOrOverride(draft, block, "listener_allow_anonymous") ??
    (draft.perListener ? ownOrOverride(draft, block, option.name) : draft.globals.get(option.name));
  const setting = found?.at(-1);
  const value = setting === undefined ? !isOpen : setting.value === true;
  settings.push({
    option: setting?.option ?? option,
    listener: name,
    text: String(value),
    origin: setting?.origin ?? "default",
  });
  return value;
}

function ownOrOverride(draft: Draft, block: Block, name: string): readonly Setting[] | undefined {
  return draft.overrides.get(name) ?? block.settings.get(name);
}

/** With `per_listener_settings`, an option that the core has only once must be the same for every listener. */
function agreed(
  draft: Draft,
  blocks: readonly Block[],
  option: Option,
): readonly Setting[] | undefined {
  const override = draft.overrides.get(option.name);
  if (override !== undefined) return override;
  const each = blocks.map((block) => block.settings.get(option.name)?.at(-1));
  const first = each.find((setting) => setting !== undefined);
  if (first === undefined) return undefined;
  if (each.some((setting) => (setting?.value ?? option.default) !== first.value)) {
    const message = "Must be the same for every listener: one value holds for the whole broker";
    draft.problem(first.origin, option.name, message);
  }
  return [first];
}

function decide(
  draft: Draft,
  option: Option,
  found: readonly Setting[] | undefined,
  listener: string,
  settings: ResolvedSetting[],
): OptionValue {
  const last = found?.at(-1);
  if (found === undefined || last === undefined) {
    const text = showValue(option, option.default);
    settings.push({ option, listener, text, origin: "default" });
    return option.default;
  }
  const value = option.repeatable ? found.map((setting) => String(setting.value)) : last.value;
  const origin = [...new Set(found.map((setting) => setting.origin))].join(", ");
  settings.push({ option, listener, text: showValue(option, value), origin });

  const refusal = option.refusedValues?.[String(value)];
  if (refusal !== undefined) {
    draft.problem(last.origin, option.name, `Cannot be ${String(value)}. ${refusal}`);
  }
  return value;
}
