import { deepEqual } from "node:assert/strict";
import { Applier } from "../../lib/cluster/applier.ts";
import { EmptyStore } from "../../lib/cluster/empty_store.ts";
import { TIMERS } from "../../lib/cluster/engine.ts";
import { type Position, positionOf } from "../../lib/cluster/position.ts";
import { RecordWriter } from "../../lib/cluster/record_writer.ts";

const LOG = { debugOn: false, debug() {}, info() {}, warning() {}, error() {} };

function record(number: number, topics: readonly string[], node = "n"): Uint8Array {
  const writer = new RecordWriter();
  for (const topicName of topics) {
    const message = { topicName, payload: new Uint8Array(1), qos: 1, retain: false } as const;
    const rest = { properties: undefined, expiresAtMs: Infinity, publisherId: "p" };
    writer.add({ message: { ...message, ...rest }, packetId: 0 });
  }
  return writer.take({ node, epoch: 5, number, since: 0 });
}

/** Applies until `most` messages are applied, then all have to wait. */
function applier(position: Position, most: number) {
  const applied: string[] = [];
  const store = new class extends EmptyStore {
    position = "";
    putPosition(position: string): void {
      this.position = position;
    }
  }();
  const one = new Applier(
    {
      node: "own",
      log: LOG,
      timers: TIMERS,
      store,
      apply: ({ message }) => applied.length < most && applied.push(message.topicName) > 0,
      claimed() {},
      changed: () => true,
      died: () => true,
      shared: () => true,
      sharedAgain: () => true,
      missed() {},
      shares: "{}",
      fences: undefined,
      applied() {},
      early() {},
      paused() {},
      outdated() {},
    },
    position,
  );
  return { applied, store, one };
}

Deno.test("a process that ends in the middle of a record is followed by one that applies the rest, and nothing twice", () => {
  const records = [record(1, ["a", "b"]), record(2, ["c", "d", "e"]), record(3, ["f"])];
  const none: Position = { sequence: 0, created: "c", marks: [] };
  const all = ["a", "b", "c", "d", "e", "f"];
  for (let most = 0; most <= all.length; most++) {
    const first = applier(none, most);
    records.forEach((bytes, i) => first.one.receive(i + 1, bytes));
    first.one.close();
    const position = positionOf(first.store.position) ?? none;
    const second = applier(position, Infinity);
    records.slice(position.sequence).forEach((bytes, i) =>
      second.one.receive(position.sequence + i + 1, bytes)
    );
    deepEqual([...first.applied, ...second.applied], all, `${most} in the first process`);
    deepEqual(positionOf(second.store.position)?.sequence ?? position.sequence, 3);
  }
});

Deno.test("a process that has missed records is followed by one that knows it, and takes a node's first record as it is", () => {
  const first = applier({ sequence: 0, created: "c", marks: [] }, Infinity);
  first.one.gap(5);
  first.one.receive(5, record(7, ["a"]));
  const second = applier(positionOf(first.store.position)!, Infinity);
  second.one.receive(6, record(8, ["b"]));
  second.one.receive(7, record(3, ["c"], "other"));
  deepEqual(second.applied, ["b", "c"]);
});

Deno.test("a process that has missed none takes a node's first record alone first", () => {
  const { one, applied } = applier({ sequence: 4, created: "c", marks: [["n", 5, 6]] }, Infinity);
  one.receive(5, record(3, ["c"], "other"));
  one.receive(6, record(7, ["a"]));
  deepEqual(applied, ["a"]);
});
