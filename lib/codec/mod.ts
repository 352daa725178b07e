/**
 * Bytes ⇄ packets, for MQTT 3.1, 3.1.1 and 5.0.
 *
 * This room owns the form of a packet and nothing of its meaning: it judges what a single packet tells by itself
 * (flags, lengths, text, properties, Reason Codes that its type allows) and throws an {@linkcode MqttError} with the Reason
 * Code for the peer; whether the packet may come now, or names a valid topic, is for others to say. A value that
 * cannot be put on the wire is an {@linkcode EncodeError}, which names its field.
 *
 * {@linkcode frameLength} finds the end of a packet in a stream that is cut anywhere, {@linkcode decodePacket} reads the packet in
 * place, {@linkcode encodePacket} writes it. Everything is a plain function on plain data, and both directions are spoken, so
 * that a client needs no other codec. The payload of a PUBLISH is a view of the buffer that was read: whoever keeps it
 * longer than that stays untouched copies it. All else that a packet holds is its own.
 *
 * One file for each packet, decode beside encode. `properties.ts` holds the one table that says which property is read how,
 * by which packets, and with what values. The room imports nothing.
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
export { FirstByte, frameLength } from "./frame.ts";
export { decodePacket } from "./decode.ts";
export { encodeInto, encodePacket, packetSize } from "./encode.ts";
export { decodePublish, encodePublishInto, plainTopicNameAt, publishSize } from "./publish.ts";
export { encodeAckInto } from "./acknowledgement.ts";
export { encodePublishProperties, propertiesSizeBytes } from "./properties.ts";
export { NameCache } from "./name_cache.ts";
export { encodeText, textSize } from "./text.ts";
