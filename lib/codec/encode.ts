import { encodeAcknowledgement } from "./acknowledgement.ts";
import { encodeAuth } from "./auth.ts";
import { encodeConnack } from "./connack.ts";
import { encodeConnect } from "./connect.ts";
import { encodeDisconnect } from "./disconnect.ts";
import { FirstByte, requireRemainingLength, sizeWithHeader, writeVarint } from "./frame.ts";
import type { Packet, ProtocolVersion, Publish } from "./packet.ts";
import { encodePublishInto, publishSize } from "./publish.ts";
import { Meter, type Sink, Writer } from "./sink.ts";
import { encodeSuback } from "./suback.ts";
import { encodeSubscribe } from "./subscribe.ts";
import { encodeUnsuback } from "./unsuback.ts";
import { encodeUnsubscribe } from "./unsubscribe.ts";

type Others = Exclude<Packet, Publish>;

// PUBLISH is not in this table, because its flags differ from packet to packet.
const FIRST_BYTES: { readonly [Type in Others["type"]]: number } = {
  connect: FirstByte.Connect,
  connack: FirstByte.Connack,
  puback: FirstByte.Puback,
  pubrec: FirstByte.Pubrec,
  pubrel: FirstByte.Pubrel,
  pubcomp: FirstByte.Pubcomp,
  subscribe: FirstByte.Subscribe,
  suback: FirstByte.Suback,
  unsubscribe: FirstByte.Unsubscribe,
  unsuback: FirstByte.Unsuback,
  pingreq: FirstByte.Pingreq,
  pingresp: FirstByte.Pingresp,
  disconnect: FirstByte.Disconnect,
  auth: FirstByte.Auth,
};

/**
 * Bytes of the whole packet. Throws `EncodeError` where a field cannot be encoded: text that is ill-formed or
 * longer than 65,535 bytes, Packet Identifier 0, a property that this packet does not have.
 */
export function packetSize(packet: Packet, version: ProtocolVersion): number {
  if (packet.type === "publish") return publishSize(packet, version);
  return sizeWithHeader(bodySize(packet, version));
}

/** The packet as bytes of its own. Throws as {@linkcode packetSize} does. */
export function encodePacket(packet: Packet, version: ProtocolVersion): Uint8Array {
  const bytes = new Uint8Array(packetSize(packet, version));
  encodeInto(packet, version, bytes, 0);
  return bytes;
}

/**
 * Writes the packet at `offset`, where {@linkcode packetSize} bytes have room; returns the offset behind it. What a version
 * does not have (Reason Codes and properties before 5.0, in most packets) is left out. Throws as `packetSize` does, before
 * anything is written.
 */
export function encodeInto(
  packet: Packet,
  version: ProtocolVersion,
  target: Uint8Array,
  offset: number,
): number {
  if (packet.type === "publish") return encodePublishInto(packet, version, target, offset);
  const size = bodySize(packet, version);
  requireRemainingLength(size);
  target[offset] = FIRST_BYTES[packet.type];
  const writer = new Writer(target, writeVarint(size, target, offset + 1));
  encodeBody(packet, version, writer);
  return writer.at;
}

function bodySize(packet: Others, version: ProtocolVersion): number {
  const meter = new Meter();
  encodeBody(packet, version, meter);
  return meter.size;
}

function encodeBody(packet: Others, version: ProtocolVersion, sink: Sink): void {
  switch (packet.type) {
    case "connect":
      return encodeConnect(packet, sink);
    case "connack":
      return encodeConnack(packet, version, sink);
    case "puback":
    case "pubrec":
    case "pubrel":
    case "pubcomp":
      return encodeAcknowledgement(packet, version, sink);
    case "subscribe":
      return encodeSubscribe(packet, version, sink);
    case "suback":
      return encodeSuback(packet, version, sink);
    case "unsubscribe":
      return encodeUnsubscribe(packet, version, sink);
    case "unsuback":
      return encodeUnsuback(packet, version, sink);
    case "pingreq":
    case "pingresp":
      return;
    case "disconnect":
      return encodeDisconnect(packet, version, sink);
    case "auth":
      return encodeAuth(packet, version, sink);
  }
}
