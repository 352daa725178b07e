import { deepEqual, equal } from "node:assert/strict";
import { Fences } from "../../lib/cluster/fences.ts";

Deno.test("what a node wrote before it knew that it was taken for dead does not count for sessions without a node", () => {
  const fences = new Fences();
  fences.died("n1", 50);
  equal(fences.passes("c", "n1", 49), false);
  equal(fences.passes("c", "n1", 50), true);
  equal(fences.passes("c", "n2", 0), true);
});

Deno.test("what was written before a session moved does not count where it has ended since", () => {
  const fences = new Fences();
  fences.ended("c", 70, ["n1"]);
  deepEqual([69, 70].map((since) => fences.passes("c", "n1", since)), [false, true]);
  equal(fences.passes("d", "n1", 0), true);
});

Deno.test("what nobody can write any more is forgotten", () => {
  const fences = new Fences();
  fences.died("n1", 50);
  fences.ended("c", 70, ["n1"]);
  fences.seen("n2", 100);
  fences.seen("n1", 50);
  deepEqual(fences.saved, { died: [], ended: [["c", 70, "n1"]] });
  fences.seen("n1", 70);
  equal(fences.saved, undefined);
});

Deno.test("a session that has ended is remembered until each of the nodes that had it has written since", () => {
  const fences = new Fences();
  fences.ended("c", 70, ["n1", "n2"]);
  fences.seen("n1", 70);
  deepEqual(fences.saved, { died: [], ended: [["c", 70, "n2"]] });
  fences.seen("n2", 71);
  equal(fences.saved, undefined);
});

Deno.test("what a node said of a session that has begun anew there does not count, until it has applied that", () => {
  const fences = new Fences();
  fences.ended("c", 60, ["n2"]);
  fences.begunAnew("c", 70, "n1");
  deepEqual([69, 70].map((since) => fences.isOfEarlier("c", "n1", since)), [true, false]);
  equal(fences.isOfEarlier("d", "n1", 0), false);
  fences.seen("n1", 70);
  deepEqual(fences.saved, { died: [], ended: [["c", 70, "n2"]] });
});

Deno.test("what is stored is found again, and of ended sessions the last hundred are kept", () => {
  const fences = new Fences();
  fences.died("n1", 50);
  for (let i = 0; i < 200; i++) fences.ended(`c${i}`, 1000, ["n1"]);
  const again = new Fences();
  again.load(JSON.parse(JSON.stringify(fences.saved)));
  deepEqual(again.saved, fences.saved);
  deepEqual([99, 100].map((i) => again.passes(`c${i}`, "n2", 0)), [true, false]);
});
