import { strict as assert } from "node:assert";
import { FrameReader } from "../../lib/net/web_socket_frames.ts";
import { clientFrame } from "../support/raw_web_socket.ts";

const MAX_FRAME_BYTES = 100_000;
const BINARY = 2;

/** What a reader makes of bytes that come in pieces of so many: all payload, the last Ping, the ending. */
function readInPieces(bytes: Uint8Array, pieceBytes: number): [payload: string, FrameReader] {
  const reader = new FrameReader(MAX_FRAME_BYTES);
  let payload = "";
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = bytes.slice(at, at + pieceBytes);
    const count = reader.read(piece, piece.length);
    payload += new TextDecoder().decode(piece.subarray(0, count));
  }
  return [payload, reader];
}

function joined(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

const LONG = "0123456789".repeat(40);

/** Frames, and the payload that MQTT reads. */
const streams: [name: string, frames: Uint8Array[], payload: string][] = [
  ["one frame", [clientFrame(BINARY, "abc")], "abc"],
  ["an empty frame", [clientFrame(BINARY), clientFrame(BINARY, "x")], "x"],
  ["several frames", [clientFrame(BINARY, "a"), clientFrame(BINARY, "bc")], "abc"],
  [
    "126 bytes, whose length takes two",
    [clientFrame(BINARY, LONG.slice(0, 126))],
    LONG.slice(0, 126),
  ],
  ["400 bytes", [clientFrame(BINARY, LONG)], LONG],
  ["65,536 bytes, whose length takes eight", [
    clientFrame(BINARY, "x".repeat(65_536)),
  ], "x".repeat(65_536)],
  ["a message in three frames", [
    clientFrame(BINARY, "a", { isLast: false }),
    clientFrame(0, "b", { isLast: false }),
    clientFrame(0, "c"),
    clientFrame(BINARY, "d"),
  ], "abcd"],
  ["a Ping within a message in parts", [
    clientFrame(BINARY, "a", { isLast: false }),
    clientFrame(9, "ping"),
    clientFrame(0, "b"),
  ], "ab"],
  ["a Pong that nobody asked for", [clientFrame(10, "x"), clientFrame(BINARY, "a")], "a"],
];
for (const [name, frames, payload] of streams) {
  Deno.test(`FrameReader reads ${name} in one piece and cut anywhere [MQTT-6.0.0-2] [v3 MQTT-6.0.0-2]`, () => {
    const bytes = joined(...frames);
    const sizes = bytes.length > 1000
      ? [1, 7, 8192, bytes.length]
      : [...bytes.keys()].map((i) => i + 1);
    for (const size of sizes) {
      const [read, { ending }] = readInPieces(bytes, size);
      assert.equal(read, payload, `in pieces of ${size}`);
      assert.equal(ending, undefined);
    }
  });
}

Deno.test("FrameReader keeps the last Ping", () => {
  const [, { ping }] = readInPieces(joined(clientFrame(9, "one"), clientFrame(9, "two")), 3);
  assert.equal(new TextDecoder().decode(ping), "two");
});

Deno.test("FrameReader gives what stands before a Close, and nothing behind it", () => {
  const bytes = joined(
    clientFrame(BINARY, "last words"),
    clientFrame(8, Uint8Array.of(0x03, 0xe9)),
    clientFrame(BINARY, "more"),
  );
  for (const size of [1, 5, bytes.length]) {
    const [payload, { ending }] = readInPieces(bytes, size);
    assert.equal(payload, "last words");
    assert.deepEqual(ending, { code: 1001, fault: undefined });
  }
});

const MB = new Uint8Array(MAX_FRAME_BYTES + 1);
const faults: [frames: Uint8Array[], code: number, fault: string][] = [
  [[clientFrame(1, "text")], 1003, "A text frame"],
  [[clientFrame(1, "text", { isLast: false })], 1003, "A text frame"],
  [[clientFrame(BINARY, "x", { isMasked: false })], 1002, "A frame without mask"],
  [[clientFrame(9, "x", { isMasked: false })], 1002, "A frame without mask"],
  [[clientFrame(BINARY, MB)], 1009, "A frame of 100001 bytes"],
  [
    [Uint8Array.of(0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4)],
    1009,
    "A frame of 9223372036854776000 bytes",
  ],
  [[clientFrame(BINARY, "x", { reserved: 0x40 })], 1002, "A reserved bit is set"],
  [[clientFrame(3, "x")], 1002, "A frame of opcode 3"],
  [[clientFrame(11, "x")], 1002, "A frame of opcode 11"],
  [[clientFrame(0, "x")], 1002, "A continuation of nothing"],
  [
    [clientFrame(BINARY, "x", { isLast: false }), clientFrame(BINARY, "y")],
    1002,
    "A new message within another",
  ],
  [[clientFrame(9, "x", { isLast: false })], 1002, "A control frame that is too long or in parts"],
  [[clientFrame(9, new Uint8Array(126))], 1002, "A control frame that is too long or in parts"],
  [[clientFrame(8, "x")], 1002, "A Close with code 0"],
  [
    [clientFrame(8, Uint8Array.of(0x03, 0xe8, 0x61, 0xff))],
    1007,
    "A Close whose reason is no UTF-8",
  ],
  [[clientFrame(8, Uint8Array.of(0x03, 0xed))], 1002, "A Close with code 1005"],
];
for (const [frames, code, fault] of faults) {
  Deno.test(`FrameReader ends with ${code}: ${fault} [MQTT-6.0.0-1] [v3 MQTT-6.0.0-1]`, () => {
    for (const size of [1, 3, 200_000]) {
      const [, { ending }] = readInPieces(joined(...frames), size);
      assert.deepEqual(ending, { code, fault });
    }
  });
}
