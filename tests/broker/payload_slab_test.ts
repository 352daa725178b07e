import { deepEqual, equal, ok } from "node:assert/strict";
import { PayloadSlab } from "../../lib/broker/ground/payload_slab.ts";
import { Random } from "../support/random.ts";

Deno.test("what is placed in a slab stays as it was, whatever the read buffer gets later", () => {
  const random = new Random(7);
  const slab = new PayloadSlab();
  const read = new Uint8Array(32 * 1024);
  const kept: { bytes: Uint8Array; at: number; content: Uint8Array }[] = [];
  for (let turn = 0; turn < 50; turn++) {
    slab.beginRead();
    for (let i = 0; i < read.length; i++) read[i] = random.int(256);
    const end = 1 + random.int(read.length);
    for (let from = random.int(10); from < end; from += random.int(200)) {
      const to = Math.min(end, from + random.int(random.int(10) === 0 ? 4096 : 150));
      const at = slab.place(read, from, to, end);
      kept.push({ bytes: slab.bytes, at, content: read.slice(from, to) });
      if (random.int(5) === 0) deepEqual(slab.copy(read.subarray(from, to)), read.slice(from, to));
      from = to;
    }
  }
  ok(kept.length > 1000);
  for (const { bytes, at, content } of kept) {
    deepEqual(bytes.subarray(at, at + content.length), content);
  }
});

Deno.test("two read buffers in turn are not taken for each other", () => {
  const slab = new PayloadSlab();
  const [one, two] = [new Uint8Array(100).fill(1), new Uint8Array(100).fill(2)];
  slab.beginRead();
  for (const read of [one, two, one, two]) {
    const at = slab.place(read, 10, 20, 100);
    equal(slab.bytes[at], read[0]);
  }
});
