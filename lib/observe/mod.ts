/**
 * What the broker tells the people who run it: the log, and the `$SYS` topics.
 *
 * A line is written whole and at once, to standard error, standard output, a file, syslog or topics of the broker itself, as text or as JSON. There are four
 * levels, and a level that is off costs a comparison: who must work to build a line asks `debugOn` first. Values come from
 * strangers (Client Identifiers, topics, addresses), so control characters are always escaped: nobody can forge a line.
 * Passwords and keys are never given to the log.
 *
 * `SysTopics` publishes counters and levels as retained messages, by the names that mosquitto's users know, and each value
 * only when it has changed.
 *
 * This room does not know the configuration or the network: it gets the few values it uses. May import the ports and data types
 * of `broker`.
 *
 * ```ts
 * import { DEFAULT_LOG_OPTIONS, Logger } from "./mod.ts";
 *
 * const logger = new Logger({ ...DEFAULT_LOG_OPTIONS, level: "debug" });
 * logger.info("Client connected", { clientId: "sensor-7", address: "127.0.0.1:50123" });
 * if (logger.debugOn) logger.debug("Routed", { topic: "a/b", sessions: 3 });
 * ```
 *
 * @module
 */
export { DEFAULT_LOG_OPTIONS, type LogDestination, Logger, type LogOptions } from "./log.ts";
export type { LogFields, LogLevel } from "./log_line.ts";
export type { LogSink } from "./log_sink.ts";
export { Datagrams } from "./datagrams.ts";
export { openPlainFile } from "./plain_file.ts";
export { DAEMON_FACILITY, LOCAL0_FACILITY } from "./syslog_sink.ts";
export type { LogPublisher } from "./topic_sink.ts";
export { type SysLevels, SysTopics } from "./sys_topics.ts";
