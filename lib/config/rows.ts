import {
  type BrokerOptions,
  DEFAULT_BROKER_OPTIONS,
  DEFAULT_LISTENER_OPTIONS,
  type ListenerOptions,
} from "../broker/mod.ts";
import { type AccessConfig, DEFAULT_ACCESS_CONFIG } from "./access_config.ts";
import type { Option, OptionType, OptionValue, Theme } from "./option.ts";
import { DEFAULT_PROCESS_OPTIONS, type ProcessOptions } from "./process_options.ts";
import { DEFAULT_TRANSPORT_OPTIONS, type TransportOptions } from "./transport_options.ts";

/** What a row says beside name, type and sentence. */
type Details =
  & { readonly theme: Theme }
  & Partial<Omit<Option, "theme" | "name" | "type" | "description" | "target" | "scope">>;

/** A row for a setting of the core; its default is the core's, which takes over all but a few while it runs. */
export function brokerRow(
  name: string,
  key: keyof BrokerOptions,
  type: OptionType,
  description: string,
  details: Details,
): Option {
  return {
    unit: "",
    reloadable: true,
    default: DEFAULT_BROKER_OPTIONS[key],
    ...details,
    name,
    type,
    description,
    scope: "global",
    target: { record: "broker", key },
  };
}

/** A row for a setting of one listener; its default is the core's. */
export function listenerRow(
  name: string,
  key: keyof ListenerOptions,
  type: OptionType,
  description: string,
  details: Omit<Details, "theme">,
): Option {
  return {
    unit: "",
    reloadable: false,
    default: DEFAULT_LISTENER_OPTIONS[key],
    ...details,
    theme: "Listeners",
    name,
    type,
    description,
    scope: "listener",
    target: { record: "listener", key },
  };
}

/** A row for access control: for the whole broker, or with `per_listener_settings` for one listener. */
export function accessRow(
  name: string,
  key: keyof AccessConfig,
  type: OptionType,
  description: string,
  details: Omit<Details, "theme">,
): Option {
  return {
    unit: "",
    reloadable: false,
    default: DEFAULT_ACCESS_CONFIG[key],
    ...details,
    theme: "Who may connect",
    perListener: true,
    name,
    type,
    description,
    scope: "global",
    target: { record: "access", key },
  };
}

/** A row for what lies between a listener's socket and MQTT. */
export function transportRow(
  name: string,
  key: keyof TransportOptions,
  type: OptionType,
  description: string,
  details: Partial<Details>,
): Option {
  return {
    unit: "",
    reloadable: false,
    default: DEFAULT_TRANSPORT_OPTIONS[key],
    theme: "TLS, WebSockets and proxies",
    ...details,
    name,
    type,
    description,
    scope: "listener",
    target: { record: "transport", key },
  };
}

/** A row for a setting of the process. */
export function processRow(
  name: string,
  key: keyof ProcessOptions,
  type: OptionType,
  description: string,
  details: Details,
): Option {
  return {
    unit: "",
    reloadable: false,
    default: DEFAULT_PROCESS_OPTIONS[key],
    ...details,
    name,
    type,
    description,
    scope: "global",
    target: { record: "process", key },
  };
}

/** A row that the loader itself acts on. */
export function loaderRow(
  name: string,
  type: OptionType,
  standard: OptionValue,
  description: string,
  details: Details & { readonly scope?: "listener" },
): Option {
  return {
    unit: "",
    reloadable: false,
    scope: "global",
    ...details,
    default: standard,
    name,
    type,
    description,
    target: { record: "none" },
  };
}

/** `true` or `false`. */
export const BOOLEAN: OptionType = { kind: "boolean" };
/** A path to the end of the line. */
export const PATH: OptionType = { kind: "path" };
/** The largest count, as in mosquitto: what 32 bits hold. */
export const MAX_COUNT = 2_147_483_647;
/** A count, 0 among them. */
export const COUNT: OptionType = { kind: "integer", min: 0, max: MAX_COUNT };
/** A count, or -1 for no limit. */
export const COUNT_OR_MINUS_ONE: OptionType = { kind: "integer", min: -1, max: MAX_COUNT };
/** Bytes, up to a tebibyte. */
export const BYTES: OptionType = { kind: "integer", min: 0, max: 1024 ** 4 };
/** The largest packet that MQTT can frame: a remaining length of four bytes, and the fixed header. */
export const MAX_PACKET_BYTES = 268_435_455 + 5;

/** A whole number from `min` to `max`. */
export function integer(min: number, max: number): OptionType {
  return { kind: "integer", min, max };
}

/** One of `choices`. */
export function choice(...choices: readonly string[]): OptionType {
  return { kind: "choice", choices };
}
