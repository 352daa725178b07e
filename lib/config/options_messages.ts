import type { Option } from "./option.ts";
import {
  BOOLEAN,
  brokerRows,
  BYTES,
  BYTES_OR_MINUS_ONE,
  choice,
  COUNT,
  COUNT_OR_MINUS_ONE,
  integer,
  MAX_PACKET_BYTES,
} from "./rows.ts";

const queueRow = brokerRows("Messages and queues");
const retainedRow = brokerRows("Retained messages");

/** How messages wait, travel and are kept. */
export const MESSAGE_OPTIONS: readonly Option[] = [
  queueRow(
    "max_inflight_messages",
    "maxInflightMessages",
    integer(0, 65_535),
    "The most QoS 1 and 2 messages in flight to one client, and the Receive Maximum that the client is told; 0: 65,535.",
    {
      unit: "messages",
      differs: "20: a client that waits for a round trip every 20 messages is slow",
    },
  ),
  queueRow(
    "max_inflight_bytes",
    "maxInflightBytes",
    BYTES,
    "The most bytes of payload, topic and properties of the QoS 1 and 2 messages in flight to one client; 0: no limit.",
    { unit: "bytes" },
  ),
  queueRow(
    "max_total_inflight_bytes",
    "maxTotalInflightBytes",
    BYTES,
    "The most bytes of the QoS 1 and 2 messages in flight to all clients together, counted as in `max_queued_bytes`: above half of it only clients with nothing in flight get the next one, but everybody may have 16 KB; what has no room is queued; 0: no limit.",
    { unit: "bytes" },
  ),
  queueRow(
    "max_queued_messages",
    "maxQueuedMessages",
    COUNT_OR_MINUS_ONE,
    "The most QoS 1 and 2 messages that wait for one client; 0: no limit; -1: 1,000 in memory, and for a session whose queue is on the disk only the limit in bytes, as long as half of the store is free.",
    {
      unit: "messages",
      differs: "1000: the queue of a stored session is on the disk, where there is more room",
    },
  ),
  queueRow(
    "queue_memory_messages",
    "queueMemoryMessages",
    COUNT,
    "How many messages at the front of a stored session's queue are in memory; the rest is only in the store and is read when its turn comes; 0: all are in memory.",
    { unit: "messages" },
  ),
  queueRow(
    "queue_memory_bytes",
    "queueMemoryBytes",
    BYTES,
    "The bytes of all queues in memory, counted as in `max_queued_bytes`, above which hardly any more of a stored session's queue is kept in memory.",
    { unit: "bytes" },
  ),
  queueRow(
    "max_queued_bytes",
    "maxQueuedBytes",
    BYTES_OR_MINUS_ONE,
    "The most bytes that wait for one client, in its queue (384 more for each message, 128 for each User Property) or on its connection; 0: no limit; -1: 16 MB, and for a session whose queue is on the disk 512 MB, as long as half of the store is free.",
    {
      unit: "bytes",
      differs: "0: without a limit one slow client can fill the memory",
    },
  ),
  queueRow(
    "max_buffered_bytes",
    "maxBufferedBytes",
    BYTES,
    "The most bytes that are not yet written to all connections together; above it nothing is read from publishers; 0: no limit.",
    { unit: "bytes" },
  ),
  queueRow(
    "max_total_queued_bytes",
    "maxTotalQueuedBytes",
    BYTES,
    "The most bytes queued for all sessions together, counted as in `max_queued_bytes`, plus the wills, long Topic Aliases and long names (above 256 bytes) of all clients; above it every queue counts as full, and a client with a will or a long name is refused; 0: no limit.",
    { unit: "bytes" },
  ),
  queueRow(
    "queue_full_policy",
    "queueFullPolicy",
    choice("drop_new", "drop_oldest", "disconnect"),
    "What happens to a message for a client whose queue is full; every loss is counted.",
  ),
  queueRow(
    "queue_qos0_messages",
    "queueQos0Messages",
    BOOLEAN,
    "Whether QoS 0 messages are kept for clients that are away.",
  ),
  queueRow(
    "max_packet_size",
    "maxPacketSizeBytes",
    integer(20, MAX_PACKET_BYTES),
    "The largest packet that a client may send.",
    { unit: "bytes" },
  ),
  queueRow(
    "max_connect_packet_size",
    "maxConnectPacketSizeBytes",
    integer(20, MAX_PACKET_BYTES),
    "The largest CONNECT packet, and so the most that a stranger can make the broker hold.",
    { unit: "bytes" },
  ),
  queueRow(
    "message_size_limit",
    "messageSizeLimitBytes",
    integer(0, 268_435_455),
    "The largest payload of a message or will; 0: what fits into a packet.",
    { unit: "bytes" },
  ),
  queueRow(
    "upgrade_outgoing_qos",
    "upgradeOutgoingQos",
    BOOLEAN,
    "Whether a message is delivered with the QoS of the subscription even if it was published with a lower one.",
  ),
  queueRow(
    "allow_duplicate_messages",
    "allowDuplicateMessages",
    BOOLEAN,
    "Whether a client gets a message once for each of its subscriptions that match.",
    {
      reloadable: false,
      differs: "true: once is what most clients expect, at no cost here",
    },
  ),
  queueRow(
    "hash_matches_parent",
    "hashMatchesParent",
    BOOLEAN,
    "Whether `a/#` also receives what is published on `a`, as the standard says.",
    { reloadable: false },
  ),
  queueRow(
    "max_topic_levels",
    "maxTopicLevels",
    integer(1, 65_535),
    "The most levels of a topic or a filter.",
    { reloadable: false, unit: "levels" },
  ),
  retainedRow(
    "retain_available",
    "retainAvailable",
    BOOLEAN,
    "Whether clients may publish retained messages.",
  ),
  retainedRow(
    "check_retain_source",
    "checkRetainSource",
    BOOLEAN,
    "Whether new subscriptions do not get a retained message while the `acl_file`, dynamic security or, if its publisher is connected, " +
      "a token no longer lets its publisher write to its topic.",
  ),
  retainedRow(
    "retained_message_expiration",
    "retainExpiryIntervalSeconds",
    { kind: "duration" },
    "How long a retained message is kept: a number and s, h, d, w, m (30 days) or y, or never.",
  ),
  retainedRow(
    "max_retained_messages",
    "maxRetainedMessages",
    COUNT,
    "The most retained messages; 0: no limit.",
    { unit: "messages" },
  ),
  retainedRow(
    "max_retained_bytes",
    "maxRetainedBytes",
    BYTES,
    "The most bytes of payload, topic and properties of all retained messages; 0: no limit.",
    { unit: "bytes" },
  ),
  retainedRow(
    "retained_memory_bytes",
    "retainedMemoryBytes",
    BYTES,
    "The bytes of retained messages in memory, 400 for each and its content, above which those that were not used for long are only in the store.",
    { unit: "bytes" },
  ),
];
