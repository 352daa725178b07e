import { deepEqual, equal } from "node:assert/strict";
import { type BridgeHomes, HomeWatch, type Standing } from "../../lib/bridge/mod.ts";

const ID = "$bridge/far";
const ROVING: Standing = { clientId: ID, isPinned: false, hasSession: false };

/** What the log and the nodes say of one bridge, as one node knows it. */
class World implements BridgeHomes {
  isReached = true;
  home: string | undefined;
  there: string[] = ["a", "b"];
  mayHave: string[] = ["a", "b"];
  leaving: string[] = [];
  /** When this node has claimed it. */
  readonly claims: number[] = [];
  nowMs = 0;
  readonly #watch: HomeWatch;

  constructor(readonly node = "a") {
    this.#watch = new HomeWatch(this);
  }

  homeOf(): string | undefined {
    return this.home;
  }

  isThere(node: string): boolean {
    return this.there.includes(node);
  }

  candidates(): readonly string[] {
    return this.mayHave.filter((node) => this.there.includes(node));
  }

  offer(): void {}

  leave(): void {}

  isLeaving(node: string): boolean {
    return this.leaving.includes(node);
  }

  claim(): void {
    this.claims.push(this.nowMs);
  }

  /** Looks for so long, four times a second; returns the last answer. */
  look(durationMs: number, standing = ROVING): boolean {
    let isHere = false;
    for (const endMs = this.nowMs + durationMs; this.nowMs < endMs; this.nowMs += 250) {
      isHere = this.#watch.look(standing, this.nowMs);
    }
    return isHere;
  }
}

Deno.test("a bridge that no node has is claimed by the first, and later by the next where that does not", () => {
  const [a, b] = [new World("a"), new World("b")];
  a.look(1500);
  deepEqual(a.claims, []);
  a.look(250);
  deepEqual(a.claims, [1500]);
  b.look(3500);
  deepEqual(b.claims, []);
  b.look(250);
  deepEqual(b.claims, [3500]);
});

Deno.test("until the log has come to a claim it is not made again and again", () => {
  const a = new World();
  a.look(6000);
  deepEqual(a.claims, [1500, 3500, 5500]);
});

Deno.test("a node has a bridge where the log says so, and where the cluster is reached", () => {
  const a = new World();
  a.home = "a";
  equal(a.look(250), true);
  a.isReached = false;
  equal(a.look(250), false);
  a.isReached = true;
  equal(a.look(250), true);
  a.home = "b";
  equal(a.look(60_000), false);
  deepEqual(a.claims, []);
});

Deno.test("a bridge that no other node may have stays where the cluster is not reached", () => {
  const a = new World();
  a.home = "a";
  a.isReached = false;
  equal(a.look(250, { ...ROVING, isPinned: true }), true);
});

Deno.test("without the cluster nothing is claimed", () => {
  const a = new World();
  a.isReached = false;
  a.look(60_000);
  deepEqual(a.claims, []);
});

Deno.test("of a node that is not heard another one inherits; nobody claims what that had", () => {
  const a = new World();
  a.home = "b";
  a.there = ["a"];
  a.look(60_000);
  deepEqual(a.claims, []);
});

Deno.test("a node that is there and may not have the bridge gives it away, when it has had time to say", () => {
  const a = new World();
  a.home = "c";
  a.there = ["a", "b", "c"];
  a.look(4000);
  a.mayHave = ["a", "b", "c"];
  a.look(1000);
  a.mayHave = ["a", "b"];
  a.look(5000);
  deepEqual(a.claims, []);
  a.look(250);
  deepEqual(a.claims, [10_000]);
});

Deno.test("a bridge with a session of before it was the cluster's, or with a node of its own, is claimed at once", () => {
  for (const more of [{ hasSession: true }, { isPinned: true }]) {
    const b = new World("b");
    b.look(250, { ...ROVING, ...more });
    deepEqual(b.claims, [0]);
  }
});

Deno.test("what a node has that ends goes to another one at once, in the order of the names", () => {
  for (const [node, atMs] of [["b", 0], ["c", 2000]] as const) {
    const world = new World(node);
    world.home = "a";
    world.there = ["a", "b", "c"];
    world.mayHave = ["b", "c"];
    world.leaving = ["a"];
    world.look(3000);
    equal(world.claims[0], atMs);
  }
});
