import { deepEqual, equal, notEqual } from "node:assert/strict";
import { BufferPool, ByteBuffer } from "../../lib/broker/ground/byte_buffer.ts";
import { Random } from "../support/random.ts";

const SIZES: readonly [wanted: number, given: number][] = [
  [0, 1024],
  [1, 1024],
  [1024, 1024],
  [1025, 4096],
  [65_536, 65_536],
  [65_537, 262_144],
  [1_048_576, 1_048_576],
  [1_048_577, 2_097_152],
  [5_000_000, 8_388_608],
];

for (const [wanted, given] of SIZES) {
  Deno.test(`the pool gives ${given} bytes to who wants ${wanted}`, () => {
    equal(new BufferPool().take(wanted).length, given);
  });
}

Deno.test("the pool gives out again what was given back, to one at a time", () => {
  const pool = new BufferPool();
  const first = pool.take(1000);
  pool.give(first);
  equal(pool.take(1), first);
  notEqual(pool.take(1), first);
});

Deno.test("the pool keeps 2 MiB of a size, and nothing that is not of its sizes", () => {
  const pool = new BufferPool();
  const buffers = Array.from({ length: 3 }, () => pool.take(1_048_576));
  for (const buffer of buffers) pool.give(buffer);
  const again = new Set(Array.from({ length: 3 }, () => pool.take(1_048_576)));
  equal(buffers.filter((buffer) => again.has(buffer)).length, 2);
  const odd = new Uint8Array(1000);
  pool.give(odd);
  notEqual(pool.take(1000), odd);
  const large = pool.take(2_000_000);
  pool.give(large);
  notEqual(pool.take(2_000_000), large);
});

Deno.test("an empty buffer holds no memory, and neither does a cleared or taken one", () => {
  const buffer = new ByteBuffer(new BufferPool());
  equal(buffer.bytes.length, 0);
  buffer.append(new Uint8Array(10));
  notEqual(buffer.bytes.length, 0);
  buffer.clear();
  deepEqual([buffer.bytes.length, buffer.length], [0, 0]);
  buffer.append(new Uint8Array(10));
  buffer.take();
  deepEqual([buffer.bytes.length, buffer.length], [0, 0]);
});

Deno.test("reserve() makes room and leaves what is there and its length", () => {
  const buffer = new ByteBuffer(new BufferPool());
  buffer.append(Uint8Array.of(1, 2, 3));
  equal(buffer.reserve(100_000), 3);
  equal(buffer.length, 3);
  equal(buffer.bytes.length >= 100_003, true);
  deepEqual([...buffer.bytes.subarray(0, 3)], [1, 2, 3]);
});

Deno.test("a buffer begins with the size that it needed before", () => {
  const buffer = new ByteBuffer(new BufferPool());
  buffer.append(new Uint8Array(20_000));
  buffer.take();
  buffer.append(Uint8Array.of(1));
  equal(buffer.bytes.length, 65_536);
});

Deno.test("a buffer that grows gives the smaller one back to the pool", () => {
  const pool = new BufferPool();
  const buffer = new ByteBuffer(pool);
  buffer.append(new Uint8Array(10));
  const small = buffer.bytes;
  buffer.append(new Uint8Array(5000));
  equal(pool.take(10), small);
});

for (let seed = 1; seed <= 10; seed++) {
  Deno.test(`ByteBuffers that share a pool keep their bytes apart, seed ${seed}`, () => {
    const random = new Random(seed);
    const pool = new BufferPool();
    const buffers = Array.from({ length: 4 }, () => ({
      buffer: new ByteBuffer(pool),
      model: [] as number[],
    }));
    /** Taken and not yet given back: nobody else may write to them. */
    const writing: { bytes: Uint8Array<ArrayBuffer>; model: number[] }[] = [];
    for (let step = 0; step < 400; step++) {
      const one = random.pick(buffers);
      const choice = random.int(10);
      if (choice < 7) {
        const bytes = random.bytes(random.int(random.pick([10, 600, 3000])));
        one.buffer.append(bytes);
        one.model.push(...bytes);
      } else if (choice < 8) {
        one.buffer.clear();
        one.model = [];
      } else if (choice < 9) {
        writing.push({ bytes: one.buffer.take(), model: one.model });
        one.model = [];
      } else {
        const written = writing.shift();
        if (written === undefined) continue;
        deepEqual([...written.bytes.subarray(0, written.model.length)], written.model);
        pool.give(written.bytes);
      }
      equal(one.buffer.length, one.model.length);
    }
    for (const { buffer, model } of buffers) {
      deepEqual([...buffer.bytes.subarray(0, buffer.length)], model);
    }
    for (const { bytes, model } of writing) {
      deepEqual([...bytes.subarray(0, model.length)], model);
    }
  });
}
