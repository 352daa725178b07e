import {
  decodePacket,
  decodePublish,
  FirstByte,
  frameLength,
  MqttError,
  type Packet,
  ReasonCode,
} from "../codec/mod.ts";
import { handlePuback, handlePubcomp, handlePubrec, handlePubrel } from "./acknowledge.ts";
import { handleAuth } from "./authenticate.ts";
import { handleConnect } from "./connect.ts";
import type { Connection } from "./connection.ts";
import { disconnect, fail, handleDisconnect } from "./lifecycle.ts";
import { handlePublish } from "./publish.ts";
import { mustWait } from "./rates.ts";
import { handleSubscribe, handleUnsubscribe } from "./subscribe.ts";

/** The first byte's upper half of a PUBLISH: the packet that comes most, decoded without a detour. */
const PUBLISH = FirstByte.Publish >> 4;

/**
 * Frames, decodes and handles what is in `bytes[start, end)`, until there is no whole packet left or the connection stops.
 * Here the peer's faults are caught, once for each connection; anything else that is thrown is ours and goes on up.
 */
export function receive(
  connection: Connection,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  const { broker } = connection;
  const { metrics } = broker;
  connection.lastReceivedMs = broker.nowMs;
  connection.isReceiving = true;
  let at = start;
  try {
    while (at < end && !connection.isStopped && connection.state !== "closed") {
      const maxSizeBytes = connection.state === "connected"
        ? broker.options.maxPacketSizeBytes
        : broker.options.maxConnectPacketSizeBytes;
      const length = frameLength(bytes, at, end, maxSizeBytes);
      if (length === 0 || at + length > end) break;
      const isPublish = bytes[at]! >> 4 === PUBLISH;
      const { rates } = connection;
      if (rates !== undefined && mustWait(connection, rates, isPublish, length)) break;
      metrics.packetsReceived++;
      if (connection.state === "connected" && isPublish) {
        const packet = decodePublish(
          bytes,
          at,
          at + length,
          connection.protocolVersion,
          broker.names,
        );
        handlePublish(connection, packet);
      } else {
        handle(connection, decodePacket(bytes, at, at + length, connection.protocolVersion));
      }
      if (connection.isPostponed) {
        connection.isPostponed = false;
        metrics.packetsReceived--;
        break;
      }
      at += length;
    }
  } catch (error) {
    if (!(error instanceof MqttError)) throw error;
    fail(connection, error);
    at = end;
  }
  connection.isReceiving = false;
  metrics.bytesReceived += at - start;
  return connection.state === "closed" ? end : at;
}

function handle(connection: Connection, packet: Packet): void {
  if (packet.type === "connect") return handleConnect(connection, packet);
  if (packet.type === "auth") return handleAuth(connection, packet);
  // The first packet is a CONNECT, and nothing is handled before it is accepted. [MQTT-3.1.0-1] [v3 MQTT-3.1.0-1]
  if (connection.state !== "connected") {
    // Who is being authenticated may leave. [MQTT-3.1.2-30]
    if (packet.type === "disconnect" && connection.state === "authenticating") {
      return disconnect(connection, undefined);
    }
    throw new MqttError(
      ReasonCode.ProtocolError,
      `Cannot handle ${packet.type.toUpperCase()} before CONNECT`,
    );
  }
  switch (packet.type) {
    case "publish":
      return handlePublish(connection, packet);
    case "puback":
      return handlePuback(connection, packet);
    case "pubrec":
      return handlePubrec(connection, packet);
    case "pubrel":
      return handlePubrel(connection, packet);
    case "pubcomp":
      return handlePubcomp(connection, packet);
    case "subscribe":
      return handleSubscribe(connection, packet);
    case "unsubscribe":
      return handleUnsubscribe(connection, packet);
    case "pingreq":
      return connection.send({ type: "pingresp" });
    case "disconnect":
      return handleDisconnect(connection, packet);
    default:
      throw new MqttError(
        ReasonCode.ProtocolError,
        `Cannot handle ${packet.type.toUpperCase()} from a client`,
      );
  }
}
