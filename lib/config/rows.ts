import { DEFAULTS } from "./defaults.ts";
import type {
  LoaderAct,
  OfKind,
  Option,
  OptionRecords,
  OptionType,
  OptionValue,
  Theme,
  TypeFor,
} from "./option.ts";

/** The columns of a row besides name, type, description and target. */
type Details = Partial<Omit<Option, "name" | "type" | "description" | "target">>;

/** Makes a function that makes the rows of one record. The default is the record's, and the type must fit the setting. */
function rowsOf<R extends keyof OptionRecords>(
  record: R,
  common: Details & Pick<Option, "scope" | "reloadable" | "theme">,
) {
  return <K extends string & keyof OptionRecords[R]>(
    name: string,
    key: K,
    type: TypeFor<OptionRecords[R][K]> & OptionType,
    description: string,
    details: Details = {},
  ): Option => ({
    unit: "",
    default: DEFAULTS[record][key] as OptionValue,
    ...common,
    ...details,
    name,
    type,
    description,
    target: { record, key },
  });
}

/** Rows for settings of the core, listed under one theme. Most of these can change while the broker runs. */
export const brokerRows = (theme: Theme) =>
  rowsOf("broker", { theme, scope: "global", reloadable: true });

/** A row for a setting of one listener. */
export const listenerRow = rowsOf("listener", {
  scope: "listener",
  reloadable: false,
  theme: "Listeners",
});

/** A row for access control: for the whole broker, or with `per_listener_settings` for one listener. */
export const accessRow = rowsOf("access", {
  scope: "global",
  reloadable: false,
  theme: "Who may connect",
  perListener: true,
});

/** A row for tokens: for the whole broker, or with `per_listener_settings` for one listener. */
export const jwtRow = rowsOf("jwt", {
  scope: "global",
  reloadable: false,
  theme: "Tokens and services",
  perListener: true,
});

/** A row for the service that decides who may connect and what they may do, likewise. */
export const serviceRow = rowsOf("service", {
  scope: "global",
  reloadable: false,
  theme: "Tokens and services",
  perListener: true,
});

/** A row for what lies between a listener's socket and MQTT. */
export const transportRow = rowsOf("transport", {
  scope: "listener",
  reloadable: false,
  theme: "TLS, WebSockets and proxies",
});

/** A row for an HTTP listener. */
export const httpRow = rowsOf("http", {
  scope: "listener",
  reloadable: false,
  theme: "Dashboard and API",
  needsListener: true,
  fileOnly: true,
});

/** A row for the log. */
export const logRow = rowsOf("log", {
  scope: "global",
  reloadable: true,
  theme: "Log",
});

/** Rows for settings of the process, listed under one theme. */
export const processRows = (theme: Theme) =>
  rowsOf("process", { theme, scope: "global", reloadable: false });

/** A row for a line of a `connection` block. */
export const bridgeRow = rowsOf("bridge", {
  scope: "bridge",
  reloadable: true,
  theme: "Bridges",
  fileOnly: true,
});

/** A row for the cluster. */
export const clusterRow = rowsOf("cluster", {
  scope: "global",
  reloadable: false,
  theme: "Cluster",
});

/** A row that the loader itself acts on. */
export function loaderRow(
  name: string,
  act: LoaderAct,
  type: OptionType,
  standard: OptionValue,
  description: string,
  details: Details & Pick<Option, "theme">,
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
    target: { record: "loader", act },
  };
}

/** `true` or `false`. */
export const BOOLEAN: OfKind<"boolean"> = { kind: "boolean" };
/** A path to the end of the line. */
export const PATH: OfKind<"path"> = { kind: "path" };
/** A short text. */
export const TEXT: OfKind<"text"> = { kind: "text", maxLength: 255 };
/** A URL to the end of the line. */
export const URL_TYPE: OfKind<"url"> = { kind: "url" };
/** The largest count, as in mosquitto: the largest signed number of 32 bits. */
export const MAX_COUNT = 2_147_483_647;
/** A count from 0. */
export const COUNT: OfKind<"integer"> = { kind: "integer", min: 0, max: MAX_COUNT };
/** A count, or -1 for no limit. */
export const COUNT_OR_MINUS_ONE: OfKind<"integer"> = { kind: "integer", min: -1, max: MAX_COUNT };
/** Bytes, up to a tebibyte. */
export const BYTES: OfKind<"integer"> = { kind: "integer", min: 0, max: 1024 ** 4 };
/** Bytes, or -1. */
export const BYTES_OR_MINUS_ONE: OfKind<"integer"> = { kind: "integer", min: -1, max: 1024 ** 4 };
/** The largest packet that MQTT can frame: a remaining length of four bytes, and the fixed header. */
export const MAX_PACKET_BYTES = 268_435_455 + 5;

/** A whole number from `min` to `max`. */
export function integer(min: number, max: number): OfKind<"integer"> {
  return { kind: "integer", min, max };
}

/** One of `choices`. */
export function choice<C extends string>(
  ...choices: readonly C[]
): { readonly kind: "choice"; readonly choices: readonly C[] } {
  return { kind: "choice", choices };
}
