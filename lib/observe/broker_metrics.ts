import { type DropReason, type Histogram, type Metrics, PACKET_TYPES } from "../broker/mod.ts";
import { ReasonCode, reasonCodeName } from "../codec/mod.ts";
import { bridgeFamilies } from "./bridge_level.ts";
import { clusterFamilies } from "./cluster_level.ts";
import type { MetricFamily, Sample } from "./exposition.ts";
import type { SysLevels } from "./sys_topics.ts";

/** The sums over all sessions. */
export interface QueueLevels {
  /** Messages that wait in queues. */
  readonly queuedMessages: number;
  /** The most that wait for one client. */
  readonly queuedMessagesMax: number;
  /** Messages of QoS 1 and 2 in flight. */
  readonly inFlight: number;
  /** The most that are in flight to one client. */
  readonly inFlightMax: number;
}

/** What the process uses. */
export interface ProcessLevels {
  /** Seconds of processor time in user mode and in system mode. */
  readonly cpuSeconds: { readonly user: number; readonly system: number };
  /** Resident memory. */
  readonly residentBytes: number;
  /** The JavaScript heap in use. */
  readonly heapBytes: number;
  /** When the process started, seconds since 1970. */
  readonly startSeconds: number;
  /** Open file descriptors; absent if unknown. */
  readonly openDescriptors?: number;
}

/** The values that the metrics are made of. */
export interface MetricLevels {
  /** Values of the broker. */
  readonly broker: SysLevels;
  /** Values of its sessions. */
  readonly queues: QueueLevels;
  /** Values of the process. */
  readonly process: ProcessLevels;
  /** How long messages take through the broker, seconds. */
  readonly latency: Histogram;
  /** How late the event loop is, seconds. */
  readonly loopDelay: Histogram;
  /** When each listener's certificate expires, seconds since 1970. */
  readonly certificateEnds: ReadonlyMap<string, number>;
  /** The program's version, and Deno's. */
  readonly build: { readonly version: string; readonly deno: string };
}

/**
 * Every reason for which a message may be dropped. All series exist from the start, because an alert cannot use one that appears only with
 * its first count.
 */
const DROP_REASONS: Readonly<Record<DropReason, true>> = {
  queue_full: true,
  offline_qos0: true,
  slow_client: true,
  packet_too_large: true,
  expired: true,
  not_authorized: true,
  message_size_limit: true,
  retained_limit: true,
  retain_not_available: true,
  reserved_topic: true,
  no_share_member: true,
  store_failing: true,
  bridge_full: true,
  session_ended: true,
  encoding_failed: true,
  refused_by_client: true,
  refused_by_hook: true,
  not_a_topic_name: true,
};

/** The metrics of the broker and its process. */
export function* metricFamilies(levels: MetricLevels): Generator<MetricFamily> {
  yield* brokerFamilies(levels.broker);
  yield* waiting(levels.queues);
  yield histogram(
    "message_latency_seconds",
    "Of a sample of messages, the time from reading the PUBLISH to writing its last delivery",
    levels.latency,
  );
  yield* processFamilies(levels);
}

/** The metrics of the broker alone, which are cheap to read. */
export function* brokerFamilies(levels: SysLevels): Generator<MetricFamily> {
  yield* traffic(levels);
  yield* connections(levels);
  yield* holdings(levels);
  if (levels.store !== undefined) yield* storeFamilies(levels.store);
  if (levels.bridges !== undefined) yield* bridgeFamilies(levels.bridges);
  if (levels.cluster !== undefined) yield* clusterFamilies(levels.cluster);
}

function* traffic({ metrics }: SysLevels): Generator<MetricFamily> {
  yield counter("packets", "MQTT Control Packets, by type", [
    ...packets("received", metrics.receivedByType, metrics.publishReceived),
    ...packets("sent", metrics.sentByType, metrics.publishSent),
  ]);
  yield counter("publish_packets", "PUBLISH packets, repeats included, by QoS", [
    ...byQos("received", metrics.publishReceivedByQos, metrics.publishReceived),
    ...byQos("sent", metrics.publishSentByQos, metrics.publishSent),
  ]);
  yield counter("bytes", "Bytes of MQTT packets", both(metrics.bytesReceived, metrics.bytesSent));
  yield counter(
    "publish_payload_bytes",
    "Payload bytes of PUBLISH packets",
    both(metrics.payloadBytesReceived, metrics.payloadBytesSent),
  );
  yield counter(
    "messages_dropped",
    "Messages that were not delivered or not stored, by reason",
    Object.keys(DROP_REASONS).map((
      reason,
    ) => [{ reason }, metrics.dropped.get(reason as DropReason) ?? 0]),
  );
}

function packets(direction: string, byType: readonly number[], publish: number): Sample[] {
  return PACKET_TYPES.flatMap((type, place): Sample[] => {
    if (type === "") return [];
    return [[{ direction, type }, type === "publish" ? publish : byType[place]!]];
  });
}

/** Counts by QoS; that of QoS 0 is the rest of the total. */
function byQos(direction: string, counts: readonly number[], total: number): Sample[] {
  const [, first = 0, second = 0] = counts;
  return [total - first - second, first, second]
    .map((count, qos) => [{ direction, qos: String(qos) }, count]);
}

function* connections({ metrics, connectedCount }: SysLevels): Generator<MetricFamily> {
  yield counter(
    "connections_accepted",
    "Network Connections accepted",
    one(metrics.connectionsAccepted),
  );
  yield counter("connects", "CONNECT packets, by how they were answered", [
    [{ result: "accepted" }, metrics.connectsAccepted],
    [{ result: "refused" }, sum(metrics.refused.values())],
  ]);
  yield counter(
    "authentication_failures",
    "Clients that access control did not let in, by Reason Code",
    AUTHENTICATION_CODES.map((name) => [{ reason: name }, refusals(metrics, name)]),
  );
  yield counter(
    "connects_refused",
    "Connections that ended before their client was in, by the Reason Code that they were refused with",
    [...metrics.refused].map(([code, count]) => [{ reason: codeName(code) }, count]),
  );
  yield counter(
    "disconnects",
    "Clients that left, by how or by the Reason Code that they were told",
    [
      ...USUAL_ENDS.map((reason): Sample => [{ reason }, ends(metrics, reason)]),
      ...[...metrics.disconnected]
        .map(([reason, count]): Sample => [{ reason: endName(reason) }, count])
        .filter(([{ reason }]) => !USUAL_ENDS.includes(reason!)),
    ],
  );
  yield counter(
    "protocol_errors",
    "Connections closed for a fault of the client",
    one(metrics.protocolErrors),
  );
  yield counter(
    "slow_clients_evicted",
    "Clients disconnected because they took nothing for too long",
    one(metrics.slowClientsEvicted),
  );
  yield counter(
    "sessions_taken_over",
    "Connections closed because their client connected anew",
    one(metrics.sessionsTakenOver),
  );
  yield counter(
    "sessions_expired",
    "Sessions that ended by their expiry",
    one(metrics.sessionsExpired),
  );
  yield gauge("clients_connected", "Clients that are connected", one(connectedCount));
  yield gauge(
    "clients_connected_max",
    "The most clients that were connected at once",
    one(metrics.clientsConnectedMax),
  );
}

function* holdings(levels: SysLevels): Generator<MetricFamily> {
  yield gauge(
    "sessions",
    "Sessions, of clients that are connected or not",
    one(levels.sessionCount),
  );
  yield gauge(
    "subscriptions",
    "Subscriptions; a shared one counts once for its group",
    one(levels.subscriptionCount),
  );
  yield gauge(
    "retained_messages",
    "Topics that have a retained message",
    one(levels.retainedCount),
  );
  yield gauge(
    "retained_bytes",
    "Payload and topic bytes of the retained messages",
    one(levels.retainedBytes),
  );
  yield gauge(
    "queued_bytes",
    "Payload and topic bytes that wait in sessions",
    one(levels.queuedBytes),
  );
  yield gauge("buffered_bytes", "Bytes not yet written to connections", one(levels.bufferedBytes));
}

function* waiting(queues: QueueLevels): Generator<MetricFamily> {
  yield gauge("queued_messages", "Messages that wait in sessions", one(queues.queuedMessages));
  yield gauge(
    "queued_messages_largest",
    "Messages that wait in the session with the most",
    one(queues.queuedMessagesMax),
  );
  yield gauge(
    "inflight_messages",
    "QoS 1 and 2 messages under way to clients",
    one(queues.inFlight),
  );
  yield gauge(
    "inflight_messages_largest",
    "QoS 1 and 2 messages under way to the client with the most",
    one(queues.inFlightMax),
  );
}

/** Reason Codes of authentication whose series exist before their first count. */
const AUTHENTICATION_CODES = [
  "BadUserNameOrPassword",
  "NotAuthorized",
  "BadAuthenticationMethod",
  "Banned",
  "ServerBusy",
  "ConnectionRateExceeded",
] as const satisfies readonly (keyof typeof ReasonCode)[];
/** Causes of a disconnection whose series exist before their first count. */
const USUAL_ENDS: readonly string[] = [
  "normal",
  "connection_lost",
  "KeepAliveTimeout",
  "SessionTakenOver",
];

function refusals({ refused }: Metrics, name: keyof typeof ReasonCode): number {
  return refused.get(ReasonCode[name]) ?? 0;
}

function ends({ disconnected }: Metrics, reason: string): number {
  for (const [key, count] of disconnected) if (endName(key) === reason) return count;
  return 0;
}

function endName(reason: ReasonCode | "normal" | "connection_lost"): string {
  return typeof reason === "string" ? reason : codeName(reason);
}

/** `NotAuthorized` of `NotAuthorized (0x87)`. */
function codeName(code: ReasonCode): string {
  return reasonCodeName(code).split(" ")[0]!;
}

function sum(counts: Iterable<number>): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}

function* storeFamilies(store: NonNullable<SysLevels["store"]>): Generator<MetricFamily> {
  yield counter("store_commits", "Commits that wrote something", one(store.commits));
  yield counter(
    "store_commit_failures",
    "Commits that failed and were tried again",
    one(store.failures),
  );
  yield counter(
    "store_fsyncs",
    "Calls that waited until the disk had everything",
    one(store.fsyncs),
  );
  yield counter("store_written_bytes", "Bytes written to the disk", one(store.writtenBytes));
  yield histogram(
    "store_commit_duration_seconds",
    "How long commits took, from asking to the answer that all is on the disk",
    store.commitSeconds.histogram,
  );
  yield gauge("store_used_bytes", "Bytes of the database that are in use", one(store.usedBytes));
  yield gauge(
    "store_failing",
    "1: nothing can be written at present",
    one(store.isFailing ? 1 : 0),
  );
}

function* processFamilies(levels: MetricLevels): Generator<MetricFamily> {
  const { process, loopDelay, certificateEnds, build } = levels;
  if (certificateEnds.size > 0) {
    yield gauge(
      "certificate_expiry_timestamp_seconds",
      "When the certificate of a listener ends, seconds since 1970",
      [...certificateEnds].map(([listener, seconds]) => [{ listener }, seconds]),
    );
  }
  yield histogram(
    "event_loop_delay_seconds",
    "How long what is due waits for its turn",
    loopDelay,
  );
  yield {
    name: "process_cpu_seconds",
    help: "Processor time of all threads",
    type: "counter",
    samples: one(process.cpuSeconds.user + process.cpuSeconds.system),
  };
  yield {
    name: "process_resident_memory_bytes",
    help: "Resident memory",
    type: "gauge",
    samples: one(process.residentBytes),
  };
  yield {
    name: "process_start_time_seconds",
    help: "When the process started, seconds since 1970",
    type: "gauge",
    samples: one(process.startSeconds),
  };
  if (process.openDescriptors !== undefined) {
    yield {
      name: "process_open_fds",
      help: "File descriptors that are open",
      type: "gauge",
      samples: one(process.openDescriptors),
    };
  }
  yield gauge("heap_used_bytes", "JavaScript's heap in use", one(process.heapBytes));
  yield gauge("build_info", "1, with the versions as labels", [[{ ...build }, 1]]);
}

function counter(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { name: `fluxmqtt_${name}`, help, type: "counter", samples };
}

function gauge(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { name: `fluxmqtt_${name}`, help, type: "gauge", samples };
}

function histogram(name: string, help: string, histogram: Histogram): MetricFamily {
  return { name: `fluxmqtt_${name}`, help, type: "histogram", histogram };
}

function one(value: number): readonly Sample[] {
  return [[{}, value]];
}

function both(received: number, sent: number): readonly Sample[] {
  return [[{ direction: "received" }, received], [{ direction: "sent" }, sent]];
}
