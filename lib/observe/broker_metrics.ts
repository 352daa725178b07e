import { bridgeFamilies } from "./bridge_level.ts";
import type { DropReason } from "../broker/mod.ts";
import type { MetricFamily, Sample } from "./exposition.ts";
import type { Histogram } from "./loop_delay.ts";
import type { SysLevels } from "./sys_topics.ts";

/** What sessions hold, added up. */
export interface QueueLevels {
  /** Messages that wait. */
  readonly queuedMessages: number;
  /** The most that wait for one client. */
  readonly queuedMessagesMax: number;
  /** QoS 1 and 2 messages under way. */
  readonly inFlight: number;
  /** The most that are under way to one client. */
  readonly inFlightMax: number;
}

/** What the process uses. */
export interface ProcessLevels {
  /** Processor seconds in user mode and in the system's. */
  readonly cpuSeconds: { readonly user: number; readonly system: number };
  /** Resident memory. */
  readonly residentBytes: number;
  /** JavaScript's heap in use. */
  readonly heapBytes: number;
  /** When the process started, seconds since 1970. */
  readonly startSeconds: number;
}

/** All that the metrics are made of. */
export interface MetricLevels {
  /** Of the broker. */
  readonly broker: SysLevels;
  /** Of its sessions. */
  readonly queues: QueueLevels;
  /** Of the process. */
  readonly process: ProcessLevels;
  /** How late the event loop is, seconds. */
  readonly loopDelay: Histogram;
  /** When certificates end, seconds since 1970, by listener. */
  readonly certificateEnds: ReadonlyMap<string, number>;
  /** The program's version, and Deno's. */
  readonly build: { readonly version: string; readonly deno: string };
}

/** Every reason for which a message may be dropped: a series that appears only with its first count is none to alert on. */
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
  not_a_topic_name: true,
};

/** The metrics of the broker and its process. */
export function* metricFamilies(levels: MetricLevels): Generator<MetricFamily> {
  yield* traffic(levels.broker);
  yield* connections(levels.broker);
  yield* holdings(levels.broker, levels.queues);
  if (levels.broker.store !== undefined) yield* storeFamilies(levels.broker.store);
  if (levels.broker.bridges !== undefined) yield* bridgeFamilies(levels.broker.bridges);
  yield* processFamilies(levels);
}

function* traffic({ metrics }: SysLevels): Generator<MetricFamily> {
  yield counter(
    "packets",
    "MQTT Control Packets of any type",
    both(metrics.packetsReceived, metrics.packetsSent),
  );
  yield counter(
    "publish_packets",
    "PUBLISH packets, repeats included",
    both(metrics.publishReceived, metrics.publishSent),
  );
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

function* connections({ metrics, connectedCount }: SysLevels): Generator<MetricFamily> {
  yield counter(
    "connections_accepted",
    "Network Connections accepted",
    one(metrics.connectionsAccepted),
  );
  yield counter("connects", "CONNECT packets, by how they were answered", [
    [{ result: "accepted" }, metrics.connectsAccepted],
    [{ result: "refused" }, metrics.connectsRefused],
  ]);
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

function* holdings(levels: SysLevels, queues: QueueLevels): Generator<MetricFamily> {
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
  yield gauge("queued_messages", "Messages that wait in sessions", one(queues.queuedMessages));
  yield gauge(
    "queued_messages_largest",
    "Messages that wait in the session with the most",
    one(queues.queuedMessagesMax),
  );
  yield gauge(
    "queued_bytes",
    "Payload and topic bytes that wait in sessions",
    one(levels.queuedBytes),
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
  yield gauge("buffered_bytes", "Bytes not yet written to connections", one(levels.bufferedBytes));
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
  yield {
    name: "fluxmqtt_event_loop_delay_seconds",
    help: "How long what is due waits for its turn",
    type: "histogram",
    histogram: loopDelay,
  };
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
  yield gauge("heap_used_bytes", "JavaScript's heap in use", one(process.heapBytes));
  yield gauge("build_info", "1, with the versions as labels", [[{ ...build }, 1]]);
}

function counter(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { name: `fluxmqtt_${name}`, help, type: "counter", samples };
}

function gauge(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { name: `fluxmqtt_${name}`, help, type: "gauge", samples };
}

function one(value: number): readonly Sample[] {
  return [[{}, value]];
}

function both(received: number, sent: number): readonly Sample[] {
  return [[{ direction: "received" }, received], [{ direction: "sent" }, sent]];
}
