import { strict as assert } from "node:assert";
import { Output } from "../../lib/bridge/mod.ts";
import { Random } from "../support/random.ts";

Deno.test("An Output gives back what was put into it, in order, however it grows and is taken", () => {
  const random = new Random(1);
  const output = new Output();
  const expected: number[] = [];
  let next = 0;
  for (let step = 0; step < 2000; step++) {
    if (random.int(3) > 0) {
      const bytes = Uint8Array.from({ length: random.int(5000) }, () => next++ & 0xff);
      output.put(bytes);
      expected.push(...bytes);
    } else {
      const target = new Uint8Array(random.int(9000));
      const count = output.moveInto(target);
      assert.equal(count, Math.min(target.length, expected.length));
      assert.deepEqual([...target.subarray(0, count)], expected.splice(0, count));
    }
    assert.equal(output.length, expected.length);
  }
});
