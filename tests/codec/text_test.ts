import { strict as assert } from "node:assert";
import { decodePacket, encodePacket, encodeText, NameCache } from "../../lib/codec/mod.ts";
import { assertRefused, fromHex } from "./golden.ts";

const LONG = "long/".repeat(30);

/** Text on the wire and what it is; the prefix makes it long enough for the other way of decoding. */
// deno-fmt-ignore
const WELL_FORMED: [hex: string, text: string, why: string][] = [
  ["", "", "nothing"],
  ["01", "\u0001", "the lowest that is allowed"],
  ["7f", "\u007f", "the highest of one byte"],
  ["c280", "\u0080", "the lowest of two bytes"],
  ["dfbf", "\u07ff", "the highest of two bytes"],
  ["e0a080", "\u0800", "the lowest of three bytes"],
  ["ed9fbf", "\ud7ff", "just below the surrogates"],
  ["ee8080", "\ue000", "just above the surrogates"],
  ["efbfbf", "\uffff", "a noncharacter, which may be tolerated"],
  ["f0908080", "\u{10000}", "the lowest of four bytes"],
  ["f48fbfbf", "\u{10ffff}", "the last code point"],
  ["efbbbf", "\ufeff", "a byte order mark is kept [MQTT-1.5.4-3] [v3 MQTT-1.5.3-3]"],
  ["efbbbf efbbbf 'a'", "\ufeff\ufeffa", "so are two [MQTT-1.5.4-3] [v3 MQTT-1.5.3-3]"],
  ["'A' f0aa9b94", "A\u{2a6d4}", "ASCII and more"],
];

for (const [hex, text, why] of WELL_FORMED) {
  Deno.test(`text ${hex} is well-formed: ${why}`, () => {
    for (const prefix of ["", LONG]) {
      assert.equal(decodeName(`'${prefix}' ${hex}`), prefix + text);
      assert.deepEqual(encodeText(prefix + text), fromHex(`'${prefix}' ${hex}`));
    }
  });
}

// deno-fmt-ignore
const ILL_FORMED: [hex: string, why: string][] = [
  ["00", "U+0000 [MQTT-1.5.4-2] [v3 MQTT-1.5.3-2]"],
  ["'a' 00 'b'", "U+0000 [MQTT-1.5.4-2] [v3 MQTT-1.5.3-2]"],
  ["e282ac 00", "U+0000 behind other characters [MQTT-1.5.4-2] [v3 MQTT-1.5.3-2]"],
  ["c080", "U+0000 in two bytes [MQTT-1.5.4-1] [v3 MQTT-1.5.3-1]"],
  ["c1bf", "two bytes for one [MQTT-1.5.4-1] [v3 MQTT-1.5.3-1]"],
  ["e09fbf", "three bytes for two [MQTT-1.5.4-1] [v3 MQTT-1.5.3-1]"],
  ["f08fbfbf", "four bytes for three [MQTT-1.5.4-1] [v3 MQTT-1.5.3-1]"],
  ["eda080", "the first surrogate [MQTT-1.5.4-1] [v3 MQTT-1.5.3-1]"],
  ["edbfbf", "the last surrogate [MQTT-1.5.4-1] [v3 MQTT-1.5.3-1]"],
  ["eda080 edb080", "a pair of surrogates [MQTT-1.5.4-1] [v3 MQTT-1.5.3-1]"],
  ["f4908080", "beyond the last code point [MQTT-1.5.4-1] [v3 MQTT-1.5.3-1]"],
  ["f888808080", "five bytes [MQTT-1.5.4-1] [v3 MQTT-1.5.3-1]"],
  ["80", "a continuation alone [MQTT-1.5.4-1] [v3 MQTT-1.5.3-1]"],
  ["c3", "a beginning alone [MQTT-1.5.4-1] [v3 MQTT-1.5.3-1]"],
  ["e282", "two thirds of a character [MQTT-1.5.4-1] [v3 MQTT-1.5.3-1]"],
  ["ff", "no UTF-8 at all [MQTT-1.5.4-1] [v3 MQTT-1.5.3-1]"],
];

for (const [hex, why] of ILL_FORMED) {
  Deno.test(`text ${hex} is refused: ${why}`, () => {
    for (const prefix of ["", LONG]) {
      assertRefused(() => decodeName(`'${prefix}' ${hex}`), 0x81);
      assertRefused(() => decodeName(`'${prefix}' ${hex}`, new NameCache()), 0x81);
    }
  });
}

// deno-fmt-ignore
const NOT_TEXT: [text: string, why: string][] = [
  ["\u0000", "U+0000"],
  ["a\u0000", "U+0000"],
  ["\ud800", "half a pair at the end"],
  ["\ud800a", "half a pair before another character"],
  ["\udc00", "the second half alone"],
  ["\udc00\ud800", "a pair the wrong way round"],
  ["a".repeat(65_536), "one byte too long"],
  ["€".repeat(21_846), "too long as UTF-8 alone"],
];

for (const [text, why] of NOT_TEXT) {
  Deno.test(`encoding ${JSON.stringify(text.slice(0, 5))} fails: ${why}`, () => {
    assert.throws(() => encodeText(text, "x"), { name: "EncodeError", field: "x" });
    const packet = { type: "unsubscribe", packetId: 1, topicFilters: [text] } as const;
    assert.throws(() => encodePacket(packet, 4), { name: "EncodeError", field: "topicFilters" });
  });
}

Deno.test("the longest text fits", () => {
  for (const text of ["a".repeat(65_535), "€".repeat(21_845)]) {
    const packet = { type: "unsubscribe", packetId: 1, topicFilters: [text] } as const;
    const bytes = encodePacket(packet, 4);
    assert.deepEqual(decodePacket(bytes, 0, bytes.length, 4), packet);
  }
});

function decodeName(hex: string, names?: NameCache): string {
  const name = fromHex(hex);
  const size = name.length + 2;
  const bytes = new Uint8Array([0x30, size & 0x7f | 0x80, size >> 7, 0, name.length, ...name]);
  const packet = decodePacket(bytes, 0, bytes.length, 4, names);
  assert(packet.type === "publish");
  return packet.topicName;
}
