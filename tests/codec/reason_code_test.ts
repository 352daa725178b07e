import { strict as assert } from "node:assert";
import { ReasonCode, reasonCodeName } from "../../lib/codec/mod.ts";
import { assertRefused, decodeAll, fromHex } from "./golden.ts";

/** What 5.0 allows each packet to say, one table each in the specification. */
// deno-fmt-ignore
const ALLOWED: [name: string, hex: (code: string) => string, codes: string][] = [
  ["CONNACK [MQTT-3.2.2-8]", (code) => `20 03 00 ${code} 00`,
    "00 80 81 82 83 84 85 86 87 88 89 8a 8c 90 95 97 99 9a 9b 9c 9d 9f"],
  ["PUBACK [MQTT-3.4.2-1]", (code) => `40 03 0001 ${code}`, "00 10 80 83 87 90 91 97 99"],
  ["PUBREC [MQTT-3.5.2-1]", (code) => `50 03 0001 ${code}`, "00 10 80 83 87 90 91 97 99"],
  ["PUBREL [MQTT-3.6.2-1]", (code) => `62 03 0001 ${code}`, "00 92"],
  ["PUBCOMP [MQTT-3.7.2-1]", (code) => `70 03 0001 ${code}`, "00 92"],
  ["SUBACK [MQTT-3.9.3-2]", (code) => `90 04 0001 00 ${code}`,
    "00 01 02 80 83 87 8f 91 97 9e a1 a2"],
  ["UNSUBACK [MQTT-3.11.3-2]", (code) => `b0 04 0001 00 ${code}`, "00 11 80 83 87 8f 91"],
  ["DISCONNECT [MQTT-3.14.2-1]", (code) => `e0 01 ${code}`,
    "00 04 80 81 82 83 87 89 8b 8c 8d 8e 8f 90 93 94 95 96 97 98 99 9a 9b 9c 9d 9e 9f a0 a1 a2"],
  ["AUTH [MQTT-3.15.2-1]", (code) => `f0 02 ${code} 00`, "00 18 19"],
];

for (const [name, hex, codes] of ALLOWED) {
  Deno.test(`${name} has its own Reason Codes and no others`, () => {
    const allowed = codes.split(" ");
    for (let code = 0; code < 256; code++) {
      const text = code.toString(16).padStart(2, "0");
      const bytes = fromHex(hex(text));
      if (!allowed.includes(text)) {
        assertRefused(() => decodeAll(bytes, 5), ReasonCode.ProtocolError);
        continue;
      }
      const packet = decodeAll(bytes, 5);
      const decoded = "reasonCodes" in packet
        ? packet.reasonCodes
        : "reasonCode" in packet
        ? [packet.reasonCode]
        : [];
      assert.deepEqual(decoded, [code]);
    }
  });
}

Deno.test("a Reason Code has its name in messages, an unknown one its number", () => {
  assert.equal(reasonCodeName(0x82), "ProtocolError (0x82)");
  assert.equal(reasonCodeName(0x05), "0x05");
});
