/**
 * What the broker tells the people who run it: log, `$SYS` topics, metrics and telemetry.
 *
 * A log line is written whole and at once: to standard error, standard output, a file, syslog, or topics of the broker itself, as text or
 * as JSON. There are four levels. A level that is off costs one comparison; a caller that must work to build a line asks `debugOn` first.
 * Values come from strangers (Client Identifiers, topics, addresses), so control characters are always escaped and nobody can forge a line.
 * Passwords and keys are never logged.
 *
 * `SysTopics` publishes counters and levels as retained messages, under the names that mosquitto's users know, and each value
 * only when it has changed. `metricFamilies` has the same and more for Prometheus, in the text formats that `writeExposition` writes;
 * `LoopDelay` measures how late the event loop is, and `LogTail` remembers the last lines of the log for the dashboard.
 *
 * This room does not know the configuration or the network: callers pass in the few values that it uses. May import the ports and data
 * types of `broker`.
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
export type { BridgeLevel } from "./bridge_level.ts";
export {
  behindOf,
  type ClusterBridge,
  clusterBridges,
  type ClusterLevel,
  type ClusterLog,
  type ClusterMember,
} from "./cluster_level.ts";
export {
  metricFamilies,
  type MetricLevels,
  type ProcessLevels,
  type QueueLevels,
} from "./broker_metrics.ts";
export {
  EXPOSITION_TYPES,
  type ExpositionFormat,
  formatFor,
  type Labels,
  type MetricFamily,
  type Sample,
  writeExposition,
} from "./exposition.ts";
export { exporterFamilies } from "./exporter_metrics.ts";
export { LoopDelay } from "./loop_delay.ts";
export { DEFAULT_LOG_OPTIONS, type LogDestination, Logger, type LogOptions } from "./log.ts";
export type { LogFields, LogLevel } from "./log_line.ts";
export { type LogEntry, LogTail } from "./log_tail.ts";
export type { LogSink } from "./log_sink.ts";
export { Datagrams } from "./datagrams.ts";
export { openPlainFile } from "./plain_file.ts";
export { hasTelemetry, startTelemetry, type TelemetryInit } from "./telemetry.ts";
export { SubscriptionLog } from "./subscription_log.ts";
export { DAEMON_FACILITY, LOCAL0_FACILITY } from "./syslog_sink.ts";
export type { LogPublisher } from "./topic_sink.ts";
export { type SysLevels, SysTopics } from "./sys_topics.ts";
