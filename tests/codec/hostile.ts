import { strict as assert } from "node:assert";
import {
  decodePacket,
  encodePacket,
  frameLength,
  MqttError,
  type NameCache,
  type ProtocolVersion,
} from "../../lib/codec/mod.ts";

const MAX_PACKET_SIZE_BYTES = 100_000;

/** What came of hostile bytes. */
export interface Outcome {
  /** Packets that were decoded before the end or the refusal. */
  readonly packets: number;
  readonly wasRefused: boolean;
}

/**
 * Reads bytes as a connection would: packet by packet, to the end or the first `MqttError`. Any other error comes out of
 * here. Whatever was accepted has to survive another journey: encoded and decoded again it is the same packet.
 */
export function decodeHostile(
  bytes: Uint8Array,
  version: ProtocolVersion,
  names: NameCache,
): Outcome {
  let at = 0;
  let packets = 0;
  try {
    for (;;) {
      const length = frameLength(bytes, at, bytes.length, MAX_PACKET_SIZE_BYTES);
      if (length === 0 || at + length > bytes.length) return { packets, wasRefused: false };
      const packet = decodePacket(bytes, at, at + length, version, names);
      const again = encodePacket(packet, version);
      assert.deepEqual(decodePacket(again, 0, again.length, version), packet);
      at += length;
      packets += 1;
    }
  } catch (error) {
    if (!(error instanceof MqttError)) throw error;
    return { packets, wasRefused: true };
  }
}
