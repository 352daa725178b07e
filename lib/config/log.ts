import {
  DAEMON_FACILITY,
  LOCAL0_FACILITY,
  type LogDestination,
  type LogOptions,
} from "../observe/mod.ts";
import type { ProcessOptions } from "./process_options.ts";
import { parseLogDestination } from "./value.ts";

/** The levels, the most verbose first. */
const LOG_TYPE_RANKS = ["debug", "info", "warning", "error", "none"] as const;

/** The level of each of mosquitto's log types that is not `info`. */
const LOG_TYPE_LEVELS: Readonly<Record<string, LogOptions["level"]>> = {
  all: "debug",
  debug: "debug",
  error: "error",
  none: "none",
  warning: "warning",
};

/** The most verbose level of the types. As in mosquitto, `none` cancels the types before it. */
export function logLevel(types: readonly string[]): LogOptions["level"] {
  let rank = LOG_TYPE_RANKS.indexOf("none");
  for (const type of types) {
    const named = LOG_TYPE_RANKS.indexOf(LOG_TYPE_LEVELS[type] ?? "info");
    rank = type === "none" ? named : Math.min(rank, named);
  }
  return LOG_TYPE_RANKS[rank] ?? "info";
}

/** Which of `subscribe` and `unsubscribe` are among the types; `all` means both, and `none` cancels the types before it. */
export function loggedSubscriptions(types: readonly string[]): LogOptions["subscriptions"] {
  const after = types.slice(types.lastIndexOf("none") + 1);
  const kinds = ["subscribe", "unsubscribe"] as const;
  return kinds.filter((kind) => after.includes(kind) || after.includes("all"));
}

/** The destinations that the lines name, each once; `none` cancels those before it. */
export function logDestinations(
  texts: readonly string[],
  logFacility: ProcessOptions["logFacility"],
): readonly LogDestination[] {
  const facility = logFacility === "" ? DAEMON_FACILITY : LOCAL0_FACILITY + Number(logFacility);
  const destinations = new Map<string, LogDestination>();
  for (const text of texts) {
    const named = parseLogDestination(text);
    if (named === "none") destinations.clear();
    else if (named?.type === "syslog") destinations.set(named.type, { ...named, facility });
    else if (named !== undefined) destinations.set(JSON.stringify(named), named);
  }
  return [...destinations.values()];
}
