import { decodeAcknowledgement } from "./acknowledgement.ts";
import { decodeAuth } from "./auth.ts";
import { decodeConnack } from "./connack.ts";
import { decodeConnect } from "./connect.ts";
import { decodeDisconnect } from "./disconnect.ts";
import { badFirstByte, bodyStart, FirstByte } from "./frame.ts";
import type { NameCache } from "./name_cache.ts";
import type { Packet, ProtocolVersion } from "./packet.ts";
import { decodePing } from "./ping.ts";
import { decodePublish } from "./publish.ts";
import { Reader } from "./reader.ts";
import { decodeSuback } from "./suback.ts";
import { decodeSubscribe } from "./subscribe.ts";
import { decodeUnsuback } from "./unsuback.ts";
import { decodeUnsubscribe } from "./unsubscribe.ts";

const PUBLISH_TYPE = FirstByte.Publish >> 4;

/** DUP: MQTT 3.1 allows it in a repeated PUBREL, SUBSCRIBE or UNSUBSCRIBE. */
const DUP = 0x08;
const REPEATED_IN_3_1: ReadonlySet<number> = new Set([
  FirstByte.Pubrel | DUP,
  FirstByte.Subscribe | DUP,
  FirstByte.Unsubscribe | DUP,
]);

/**
 * The packet in [start, end), which has to be exactly one, as {@linkcode frameLength} measures it. `version` is the
 * version of the connection; a CONNECT contains its own. Throws `MqttError` where the peer breaks the rules of form, and
 * `RangeError` where the caller's bounds are not those of a packet.
 */
export function decodePacket(
  bytes: Uint8Array,
  start: number,
  end: number,
  version: ProtocolVersion,
  names?: NameCache,
): Packet {
  const first = bytes[start]!;
  if (first >> 4 === PUBLISH_TYPE) return decodePublish(bytes, start, end, version, names);
  const reader = new Reader(bytes, bodyStart(bytes, start, end), end);
  switch (version === 3 && REPEATED_IN_3_1.has(first) ? first & ~DUP : first) {
    case FirstByte.Connect:
      return decodeConnect(reader);
    case FirstByte.Connack:
      return decodeConnack(reader, version);
    case FirstByte.Puback:
      return decodeAcknowledgement("puback", reader, version);
    case FirstByte.Pubrec:
      return decodeAcknowledgement("pubrec", reader, version);
    case FirstByte.Pubrel: // [MQTT-3.6.1-1] [v3 MQTT-3.6.1-1]
      return decodeAcknowledgement("pubrel", reader, version);
    case FirstByte.Pubcomp:
      return decodeAcknowledgement("pubcomp", reader, version);
    case FirstByte.Subscribe: // [MQTT-3.8.1-1] [v3 MQTT-3.8.1-1]
      return decodeSubscribe(reader, version);
    case FirstByte.Suback:
      return decodeSuback(reader, version);
    case FirstByte.Unsubscribe: // [MQTT-3.10.1-1] [v3 MQTT-3.10.1-1]
      return decodeUnsubscribe(reader, version);
    case FirstByte.Unsuback:
      return decodeUnsuback(reader, version);
    case FirstByte.Pingreq:
      return decodePing("pingreq", reader);
    case FirstByte.Pingresp:
      return decodePing("pingresp", reader);
    case FirstByte.Disconnect: // [MQTT-3.14.1-1] [v3 MQTT-3.14.1-1]
      return decodeDisconnect(reader, version);
    case FirstByte.Auth: // [MQTT-3.15.1-1]
      return decodeAuth(reader, version);
    default:
      return decodeFlagged(first, reader);
  }
}

/** MQTT 3.1 does not use the flags of a CONNECT, and libraries of its time set QoS 1 there, as in its other packets with an answer. */
function decodeFlagged(first: number, reader: Reader): Packet {
  if (first >> 4 === FirstByte.Connect >> 4) {
    const connect = decodeConnect(reader);
    if (connect.protocolVersion === 3) return connect;
  }
  throw badFirstByte(first); // [MQTT-2.1.3-1] [v3 MQTT-2.2.2-2]
}
