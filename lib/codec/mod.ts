/**
 * Bytes to and from packets, for MQTT 3.1, 3.1.1 and 5.0.
 *
 * This room checks the form of a packet and nothing of its meaning: what can be judged from a single packet (flags, lengths, text,
 * properties, Reason Codes that its type allows). A fault is an {@linkcode MqttError} with the Reason Code for the peer. The broker
 * checks whether the packet may come now, and `topic` whether a Topic Name is valid. A value that cannot be encoded is an
 * {@linkcode EncodeError}, which names its field.
 *
 * {@linkcode frameLength} finds the end of a packet in a stream that is cut anywhere, {@linkcode decodePacket} reads the packet in
 * place, {@linkcode encodePacket} writes it. All are plain functions on plain data, and they know
 * both directions, so that a client needs no other codec. The payload of a PUBLISH is a view of the buffer that was read: copy it
 * before the buffer is used again. All other fields of a packet are independent of the buffer.
 *
 * There is one file for each packet, with decoder and encoder. `properties.ts` holds the one table of properties: type, packets that
 * may carry it, values allowed. The room imports nothing.
 *
 * ```ts
 * import { deepEqual, equal } from "node:assert/strict";
 * import { decodePacket, encodePacket, frameLength, type Packet } from "./mod.ts";
 *
 * const packet: Packet = { type: "unsubscribe", packetId: 7, topicFilters: ["home/#"] };
 * const bytes = encodePacket(packet, 5);
 * equal(frameLength(bytes, 0, 1, 2_000_000), 0); // too little to know
 * const end = frameLength(bytes, 0, bytes.length, 2_000_000);
 * deepEqual(decodePacket(bytes, 0, end, 5), packet);
 * ```
 *
 * @module
 */
export * from "./packet.ts";
export { ReasonCode, reasonCodeName } from "./reason_code.ts";
export { type Answer, mayCarry } from "./reason_code_sets.ts";
export { EncodeError, MqttError } from "./error.ts";
export { FirstByte, frameLength, writeVarint } from "./frame.ts";
export { decodePacket } from "./decode.ts";
export { encodeInto, encodePacket, packetSize } from "./encode.ts";
export {
  decodePublish,
  encodePublishInto,
  plainTopicNameAt,
  publishOf,
  publishSize,
} from "./publish.ts";
export { encodeAckInto } from "./acknowledgement.ts";
export { encodePublishProperties, propertiesSizeBytes } from "./properties.ts";
export { NameCache } from "./name_cache.ts";
export { withRoom } from "./room.ts";
export { encodeText, textSize } from "./text.ts";
