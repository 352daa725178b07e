import { strict as assert } from "node:assert";
import { decodePacket, frameLength, ReasonCode } from "../../lib/codec/mod.ts";
import { bodyStart, sizeWithHeader, writeVarint } from "../../lib/codec/frame.ts";
import { assertRefused, fromHex } from "./golden.ts";

const LIMIT = 268_435_460;

/** Remaining Lengths at the edges of their encodings. */
// deno-fmt-ignore
const LENGTHS: [hex: string, remainingLength: number][] = [
  ["00", 0], ["7f", 127],
  ["8001", 128], ["ff7f", 16_383],
  ["808001", 16_384], ["ffff7f", 2_097_151],
  ["80808001", 2_097_152], ["ffffff7f", 268_435_455],
];

for (const [hex, remainingLength] of LENGTHS) {
  Deno.test(`Remaining Length ${hex} is ${remainingLength}, in as few bytes as can be [MQTT-1.5.5-1]`, () => {
    const bytes = fromHex(`30 ${hex}`);
    const total = bytes.length + remainingLength;
    assert.equal(frameLength(bytes, 0, bytes.length, LIMIT), total);
    for (let end = 0; end < bytes.length; end++) assert.equal(frameLength(bytes, 0, end, LIMIT), 0);
    const target = new Uint8Array(bytes.length);
    target[0] = 0x30;
    assert.equal(writeVarint(remainingLength, target, 1), bytes.length);
    assert.deepEqual(target, bytes);
    assert.equal(sizeWithHeader(remainingLength), total);
  });
}

Deno.test("Remaining Length may have more bytes than it needs", () => {
  for (const [hex, total] of [["30 8200", 5], ["30 828000", 6], ["30 82808000", 7]] as const) {
    const bytes = fromHex(hex);
    assert.equal(frameLength(bytes, 0, bytes.length, LIMIT), total);
  }
});

Deno.test("a fifth byte of Remaining Length is malformed, before it is there", () => {
  for (const hex of ["30 80808080", "30 ffffffff 7f"]) {
    const bytes = fromHex(hex);
    assertRefused(() => frameLength(bytes, 0, 5, LIMIT), ReasonCode.MalformedPacket);
  }
});

Deno.test("a body longer than Remaining Length can say is not encoded", () => {
  assert.throws(() => sizeWithHeader(268_435_456), {
    name: "EncodeError",
    field: "remainingLength",
    reasonCode: 0x95,
  });
});

Deno.test("a packet above the limit is refused before its body is there", () => {
  const bytes = fromHex("30 8001"); // 131 bytes in all
  assert.equal(frameLength(bytes, 0, 3, 131), 131);
  assertRefused(() => frameLength(bytes, 0, 3, 130), ReasonCode.PacketTooLarge);
});

/** First bytes: the high digit is the type, and these are the low digits that some version has. */
// deno-fmt-ignore
const FLAGS: [type: number, allowed: string][] = [
  [0, ""], [1, "01234589abcd"], [2, "0"], [3, "01234589abcd"], [4, "0"], [5, "0"], [6, "2a"],
  [7, "0"], [8, "2a"], [9, "0"], [10, "2a"], [11, "0"], [12, "0"], [13, "0"], [14, "0"], [15, "0"],
];

Deno.test("all 256 first bytes: type 0 and wrong flags are malformed [MQTT-2.1.3-1] [v3 MQTT-2.2.2-1] [v3 MQTT-2.2.2-2]", () => {
  for (const [type, allowed] of FLAGS) {
    for (let flags = 0; flags < 16; flags++) {
      const bytes = Uint8Array.of(type << 4 | flags);
      if (allowed.includes(flags.toString(16))) assert.equal(frameLength(bytes, 0, 1, LIMIT), 0);
      else assertRefused(() => frameLength(bytes, 0, 1, LIMIT), ReasonCode.MalformedPacket);
    }
  }
});

Deno.test("frames are found one behind the other, wherever the buffer ends", () => {
  const bytes = fromHex("c0 00 30 05 0003 'a/b' 40 02 0001 e0 00");
  for (let end = 0; end <= bytes.length; end++) {
    const starts: number[] = [];
    let at = 0;
    for (;;) {
      const length = frameLength(bytes, at, end, LIMIT);
      if (length === 0 || at + length > end) break;
      starts.push(at);
      at += length;
    }
    const ends = [2, 9, 13, 15].filter((whole) => whole <= end);
    assert.deepEqual(starts, [0, 2, 9, 13].slice(0, ends.length));
  }
});

Deno.test("bounds that are not those of one packet are the caller's own fault", () => {
  const bytes = fromHex("30 05 0003 'a/b' c0 00");
  for (const [start, end] of [[0, 6], [0, 8], [0, 9], [7, 7], [8, 9]] as const) {
    assert.throws(() => bodyStart(bytes, start, end), RangeError, `${start} to ${end}`);
  }
  assert.throws(() => decodePacket(bytes, 0, 9, 4), RangeError);
});
