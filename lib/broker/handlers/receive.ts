import {
  decodePacket,
  decodePublish,
  FirstByte,
  frameLength,
  MqttError,
  type Packet,
  type Publish,
  ReasonCode,
} from "../../codec/mod.ts";
import type { Core } from "../core/core.ts";
import { STEPS } from "../core/work.ts";
import type { LongPacket } from "../ground/long_packets.ts";
import { blame, disconnect } from "../services/lifecycle.ts";
import type { Connection } from "../state/connection.ts";
import { handleAck, handleShortAck, SHORT_ACK_BYTES } from "./acknowledge.ts";
import { handleConnect } from "./connect.ts";
import { handleDisconnect } from "./disconnect.ts";
import { handleAuth } from "./enhanced_authentication.ts";
import { mustWait, takeBack } from "./inflow.ts";
import { handlePublish } from "./publish.ts";
import { relay } from "./relay.ts";
import { relayAcknowledged } from "./relay_acknowledged.ts";
import { handleSubscribe } from "./subscribe.ts";
import { handleUnsubscribe } from "./unsubscribe.ts";

/** The packet type of PUBLISH, the most frequent packet, which has a decoding path of its own. */
const PUBLISH = FirstByte.Publish >> 4;
/**
 * A larger packet has more to decode than the least share of a connection: where the turn is over it waits, so that many of them do not
 * make it long.
 */
const LARGE_BYTES = 16 * 1024;
/** Bytes of answers that a client has not read; beyond this no more of its packets are handled. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/**
 * Frames, decodes and handles the packets in `bytes[start, end)`, until no complete packet is left or the connection is stopped.
 *
 * Errors are caught here, once for each connection. A fault of the peer ends its connection with its Reason Code. A fault in the
 * broker while handling a packet ends that connection too, with 0x83, and is logged with its stack; other connections are not
 * affected. Only an `InvariantError` is passed on and ends the process, because the state in memory can no longer be trusted.
 */
export function receive(
  core: Core,
  connection: Connection,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  connection.lastReceivedMs = core.nowMs;
  connection.isReceiving = true;
  const wasBusy = core.isBusy;
  core.isBusy = true;
  core.work.beginPart();
  core.fanout.slab.beginRead();
  let at = start;
  try {
    while (at < end && !connection.isStopped && connection.state !== "closed") {
      const next = handleNext(core, connection, bytes, at, end);
      if (next === at) break;
      at = next;
      if (core.work.isPartOver && at < end) core.postpone(connection);
      if (connection.outbox.answerBytes > MAX_ANSWER_BYTES) connection.stops.stop("output");
    }
  } catch (error) {
    blame(core, connection, error);
    at = end;
  }
  connection.isReceiving = false;
  core.isBusy = wasBusy;
  core.metrics.bytesReceived += at - start;
  return connection.state === "closed" ? end : at;
}

/**
 * Handles the packet at `at`, and returns the offset of the next one; returns `at` where the packet is incomplete or has to wait.
 */
function handleNext(
  core: Core,
  connection: Connection,
  bytes: Uint8Array,
  at: number,
  end: number,
): number {
  const { options, metrics, work } = core;
  const isConnected = connection.state === "connected";
  const maxSizeBytes = isConnected ? options.maxPacketSizeBytes : options.maxConnectPacketSizeBytes;
  const length = frameLength(bytes, at, end, maxSizeBytes);
  if (length === 0 || at + length > end) return at;
  const { unfinished } = connection;
  if (length > LARGE_BYTES && isForLater(core, unfinished, bytes[at]!, length)) {
    core.postpone(connection);
    return at;
  }
  if (unfinished !== null) {
    if (!unfinished.handlePart()) return at;
    core.endLongPacket(connection);
    return at + length;
  }
  const isPublish = bytes[at]! >> 4 === PUBLISH;
  const { rates } = connection;
  if (rates !== undefined && mustWait(core, connection, rates, isPublish, length)) return at;
  metrics.packetsReceived++;
  work.spend(STEPS.packet + (length >> 6) * STEPS.bytes64);
  if (isConnected && isPublish) {
    if (handlePublishAt(core, connection, bytes, at, at + length, end)) return at + length;
  } else if (
    isConnected && length === SHORT_ACK_BYTES && handleShortAck(core, connection, bytes, at)
  ) {
    metrics.receivedByType[bytes[at]! >> 4]!++;
    return at + length;
  } else handleOther(core, connection, bytes, at, at + length);
  if (connection.unfinished !== null) return at;
  if (!connection.isPostponed) return at + length;
  takePacketBack(core, connection, isPublish, length);
  return at;
}

/** Handles the packet in `bytes[start, end)`, which is not one of the frequent ones. */
function handleOther(
  core: Core,
  connection: Connection,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  const packet = decodePacket(bytes, start, end, connection.protocolVersion);
  core.metrics.receivedByType[bytes[start]! >> 4]!++;
  core.work.spend(partSteps(packet));
  if (core.isObserved) tellReceived(core, connection, packet);
  handle(core, connection, packet, end - start);
}

/** Whether a large packet, or the rest of it, waits for a later turn: this one is over, or too much is being handled in parts. */
function isForLater(
  { work, isResuming, longPackets }: Core,
  unfinished: LongPacket | null,
  firstByte: number,
  sizeBytes: number,
): boolean {
  if (work.isTurnOver && !isResuming) return true;
  const hasFilters = firstByte === FirstByte.Subscribe || firstByte === FirstByte.Unsubscribe;
  return hasFilters && unfinished === null && !longPackets.hasRoomFor(sizeBytes);
}

/** The steps of decoding the many small parts of a packet, each of which is an object. */
function partSteps(packet: Packet): number {
  let steps = 0;
  if (packet.type === "subscribe") steps = packet.subscriptions.length * STEPS.decodedFilter;
  else if (packet.type === "unsubscribe") steps = packet.topicFilters.length * STEPS.decodedFilter;
  const pairs = "properties" in packet ? packet.properties?.userProperties?.length ?? 0 : 0;
  return steps + pairs * STEPS.userProperty;
}

/** Takes back the counts of a postponed packet, which will be handled and counted again. */
function takePacketBack(
  core: Core,
  connection: Connection,
  isPublish: boolean,
  sizeBytes: number,
): void {
  const { rates } = connection;
  connection.isPostponed = false;
  connection.isNextTold = core.isObserved;
  core.metrics.packetsReceived--;
  if (rates !== undefined) takeBack(rates, isPublish, sizeBytes);
}

/** Handles the PUBLISH in `bytes[start, end)` of a read up to `readEnd`; `true`: no packet was made of it, and nothing of it is left to do. */
function handlePublishAt(
  core: Core,
  connection: Connection,
  bytes: Uint8Array,
  start: number,
  end: number,
  readEnd: number,
): boolean {
  const isSampled = core.nowMs >= core.latency.dueMs;
  if (!isSampled && relay(core, connection, bytes, start, end)) return true;
  if (!isSampled && relayAcknowledged(core, connection, bytes, start, end, readEnd)) return true;
  const packet = decodePublish(bytes, start, end, connection.protocolVersion, core.names);
  if (packet.properties !== undefined) core.work.spend(partSteps(packet));
  if (core.isObserved) tellReceived(core, connection, packet);
  if (isSampled) handleSampled(core, connection, packet);
  else handlePublish(core, connection, packet);
  return false;
}

/** Handles a message, and measures the time until its receivers have it. */
function handleSampled(core: Core, connection: Connection, packet: Publish): void {
  const { latency } = core;
  latency.begin(core.nowMs);
  core.isObserved = true;
  try {
    handlePublish(core, connection, packet);
  } finally {
    latency.end();
    core.isObserved = core.observers !== null;
  }
}

/** Tells observers of a packet once, even if it is handled again because access control had not decided. */
function tellReceived(core: Core, connection: Connection, packet: Packet): void {
  if (!connection.isNextTold) core.observers?.tell("received", connection, packet);
  connection.isNextTold = false;
}

function handle(core: Core, connection: Connection, packet: Packet, sizeBytes: number): void {
  if (packet.type === "connect") return handleConnect(core, connection, packet);
  if (packet.type === "auth") return handleAuth(core, connection, packet);
  // The first packet is a CONNECT, and nothing is handled before it is accepted. [MQTT-3.1.0-1] [v3 MQTT-3.1.0-1]
  if (connection.state !== "connected") {
    // A client may disconnect while it is being authenticated. [MQTT-3.1.2-30]
    if (packet.type === "disconnect" && connection.state === "authenticating") {
      return disconnect(core, connection, undefined);
    }
    throw new MqttError(
      ReasonCode.ProtocolError,
      `Cannot handle ${packet.type.toUpperCase()} before CONNECT`,
    );
  }
  switch (packet.type) {
    case "publish":
      return handlePublish(core, connection, packet);
    case "puback":
    case "pubrec":
    case "pubrel":
    case "pubcomp":
      return handleAck(core, connection, packet);
    case "subscribe":
      return handleSubscribe(core, connection, packet, sizeBytes);
    case "unsubscribe":
      return handleUnsubscribe(core, connection, packet, sizeBytes);
    case "pingreq":
      return void connection.outbox.send({ type: "pingresp" });
    case "disconnect":
      return handleDisconnect(core, connection, packet);
    default:
      throw new MqttError(
        ReasonCode.ProtocolError,
        `Cannot handle ${packet.type.toUpperCase()} from a client`,
      );
  }
}
