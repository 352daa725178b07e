import { deepEqual, equal, ok } from "node:assert/strict";
import { withRoom } from "../../lib/codec/mod.ts";

Deno.test("withRoom() returns the same array while there is room", () => {
  const bytes = new Uint8Array(8);
  equal(withRoom(bytes, 5, 3), bytes);
  equal(withRoom(bytes, 8, 0), bytes);
});

Deno.test("withRoom() copies the content into an array twice as large", () => {
  const grown = withRoom(Uint8Array.of(1, 2, 3, 9), 3, 2);
  equal(grown.length, 8);
  deepEqual([...grown.subarray(0, 3)], [1, 2, 3]);
});

Deno.test("withRoom() gives a large addition exactly the room that it needs", () => {
  equal(withRoom(new Uint8Array(4), 3, 100).length, 103);
});

Deno.test("withRoom() copies each byte only a few times, however often it is called", () => {
  let bytes = new Uint8Array(1);
  let copied = 0;
  for (let length = 0; length < 10_000; length++) {
    const before = bytes;
    bytes = withRoom(bytes, length, 1);
    if (bytes !== before) copied += length;
  }
  ok(copied < 20_000, `${copied} bytes were copied`);
});
