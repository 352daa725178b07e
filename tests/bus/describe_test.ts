import { strict as assert } from "node:assert";
import { describeMessage } from "../../lib/bus/describe.ts";

const encoder = new TextEncoder();

const payloads: [name: string, payload: string | number[], shown: string][] = [
  ["JSON as it is", '{"key":"value"}', '{"key":"value"}'],
  ["an empty one", "", ""],
  ["other scripts as they are", "Größe 21 \u{1F321}", "Größe 21 \u{1F321}"],
  ["line ends with escapes", "a\r\nb", "a\\u{d}\\u{a}b"],
  ["terminal controls with escapes", "\x1b[2J\x9b", "\\u{1b}[2J\\u{9b}"],
  ["direction marks with escapes", "\u202e\u2028\ufeff", "\\u{202e}\\u{2028}\\u{feff}"],
  ["what is not UTF-8 in hexadecimal", [0xff, 0x00, 0x41], "0xff0041"],
  ["a long text cut off", "x".repeat(300), `${"x".repeat(256)}... (300 bytes)`],
  [
    "a long text not cut within a character",
    `x${"ä".repeat(200)}`,
    `x${"ä".repeat(127)}... (401 bytes)`,
  ],
  [
    "long bytes cut off",
    new Array(300).fill(0xfe),
    `0x${"fe".repeat(256)}... (300 bytes)`,
  ],
];
for (const [name, payload, shown] of payloads) {
  Deno.test(`describeMessage() shows ${name}`, () => {
    const bytes = typeof payload === "string" ? encoder.encode(payload) : new Uint8Array(payload);
    assert.equal(
      describeMessage({ topicName: "test/eventbus", payload: bytes }),
      `Received message from EventBus: topic="test/eventbus", payload=${shown}`,
    );
  });
}

Deno.test("describeMessage() keeps the topic within its quotes and its line", () => {
  assert.equal(
    describeMessage({ topicName: 'a"\\\n', payload: new Uint8Array() }),
    'Received message from EventBus: topic="a\\"\\\\\\u{a}", payload=',
  );
});
