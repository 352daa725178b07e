import { strict as assert } from "node:assert";
import {
  decodePacket,
  encodeInto,
  encodePacket,
  frameLength,
  MqttError,
  NameCache,
  type Packet,
  packetSize,
  type ProtocolVersion,
  reasonCodeName,
} from "../../lib/codec/mod.ts";

/** A packet on the wire and what it says, or the Reason Code for the peer that sent it. */
export type Golden =
  & {
    readonly name: string;
    /** One version or several. */
    readonly version: ProtocolVersion | readonly ProtocolVersion[];
    /** Bytes in hexadecimal; 'text' in quotes stands for its ASCII codes. */
    readonly hex: string;
  }
  & (
    | {
      readonly packet: Packet; /** The encoder would write it otherwise. */
      readonly decodeOnly?: true;
    }
    | { readonly reasonCode: number }
  );

/** Every version there is. */
export const ALL = [3, 4, 5] as const;
/** The versions without properties. */
export const BEFORE_5 = [3, 4] as const;

const NAMES = { 3: "3.1", 4: "3.1.1", 5: "5.0" } as const;
const NO_LIMIT = Infinity;

/** Registers a test for each row and version: decoded, encoded, and fed in at every split. */
export function testGolden(rows: readonly Golden[]): void {
  for (const row of rows) {
    for (const version of [row.version].flat() as ProtocolVersion[]) {
      Deno.test(`MQTT ${NAMES[version]}: ${row.name}`, () => {
        const bytes = fromHex(row.hex);
        if ("packet" in row) testPacket(bytes, version, row.packet, row.decodeOnly !== true);
        else testRefusal(bytes, version, row.reasonCode);
      });
    }
  }
}

/** `10 02 'ab'` to bytes. */
export function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  for (const [token] of hex.matchAll(/'[^']*'|[^\s']+/g)) {
    if (token.startsWith("'")) {
      for (const character of token.slice(1, -1)) bytes.push(character.charCodeAt(0));
    } else {
      assert.match(token, /^([0-9a-f]{2})+$/, `Cannot read ${token} as hexadecimal`);
      for (const [pair] of token.matchAll(/../g)) bytes.push(parseInt(pair, 16));
    }
  }
  return new Uint8Array(bytes);
}

/** Decodes a buffer that holds one packet. */
export function decodeAll(bytes: Uint8Array, version: ProtocolVersion): Packet {
  const end = frameLength(bytes, 0, bytes.length, NO_LIMIT);
  assert.equal(end, bytes.length, "the Remaining Length does not fit the bytes");
  return decodePacket(bytes, 0, end, version);
}

/** Asserts that the function throws a fault of the peer, with this Reason Code. */
export function assertRefused(act: () => unknown, reasonCode: number): void {
  assert.throws(act, (error) => {
    assert(error instanceof MqttError, `not an MqttError: ${error}`);
    assert.equal(reasonCodeName(error.reasonCode), reasonCodeName(reasonCode), error.message);
    return true;
  });
}

function testPacket(
  bytes: Uint8Array,
  version: ProtocolVersion,
  packet: Packet,
  isCanonical: boolean,
): void {
  assert.deepEqual(decodeAll(bytes, version), packet);

  const around = new Uint8Array(bytes.length + 7).fill(0xff);
  around.set(bytes, 3);
  const names = new NameCache();
  for (const round of ["first", "remembered"]) {
    const decoded = decodePacket(around, 3, 3 + bytes.length, version, names);
    assert.deepEqual(decoded, packet, `in the middle of a buffer, names ${round}`);
  }

  for (let split = 0; split < bytes.length; split++) {
    const length = frameLength(bytes, 0, split, NO_LIMIT);
    assert(length === 0 || length === bytes.length, `length is ${length} at ${split} bytes`);
  }

  if (!isCanonical) return;
  assert.deepEqual(encodePacket(packet, version), bytes);
  assert.equal(packetSize(packet, version), bytes.length);
  const target = new Uint8Array(bytes.length + 7).fill(0xff);
  assert.equal(encodeInto(packet, version, target, 3), 3 + bytes.length);
  assert.deepEqual(target, around, "the encoder wrote beyond its packet");
}

function testRefusal(bytes: Uint8Array, version: ProtocolVersion, reasonCode: number): void {
  assertRefused(() => decodeAll(bytes, version), reasonCode);
  for (const filler of [0x00, 0x01, 0xff]) { // what stands behind a packet is not part of it
    const around = new Uint8Array(bytes.length + 7).fill(filler);
    around.set(bytes, 3);
    assertRefused(() => {
      const length = frameLength(around, 3, around.length, NO_LIMIT);
      decodePacket(around, 3, 3 + length, version);
    }, reasonCode);
  }
  for (let split = 0; split < bytes.length; split++) {
    try {
      const length = frameLength(bytes, 0, split, NO_LIMIT);
      assert(length === 0 || length === bytes.length, `length is ${length} at ${split} bytes`);
    } catch (error) {
      assert(error instanceof MqttError && error.reasonCode === reasonCode, `${error}`);
    }
  }
}
