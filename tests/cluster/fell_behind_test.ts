import { equal } from "node:assert/strict";
import { SimLog } from "../sim/cluster/engine.ts";
import { CALM_NODE, ClusterSimNode } from "../sim/cluster/node.ts";
import { Scheduler } from "../sim/scheduler.ts";
import { Random } from "../support/random.ts";

const MESSAGE = { topicName: "a", qos: 1, retain: false, properties: undefined } as const;

function makeLog() {
  const clock = new Scheduler();
  const random = new Random(1);
  const log = new SimLog(clock, random);
  let behind = 0;
  const makeNode = (name: string) =>
    new ClusterSimNode({ ...CALM_NODE, name, clock, random, log, fellBehind: () => behind++ });
  return { clock, log, makeNode, behind: () => behind };
}

/** Puts so many records into the log. */
function write(node: ClusterSimNode, clock: Scheduler, count: number): void {
  for (let i = 0; i < count; i++) {
    const payload = new Uint8Array(1);
    const message = { ...MESSAGE, payload, expiresAtMs: Infinity, publisherId: "p" };
    node.turn(() => node.cluster.port.append(message, 0, false));
    node.turn(() => node.cluster.store.commit());
    clock.runFor(1000);
  }
}

Deno.test("a node whose log is shortened while it joins starts anew, and does not go on without what it has missed", () => {
  const { clock, log, makeNode, behind } = makeLog();
  const [writer, late] = [makeNode("n0"), makeNode("n1")];
  clock.runFor(10_000);
  late.crash(false);
  write(writer, clock, 10);
  late.start();
  while (!late.engine.isConnected) clock.runFor(1);
  log.firstSequence = log.records.length - 2;
  late.cut();
  clock.runFor(5000);
  late.heal();
  clock.runFor(10_000);
  equal(behind(), 1);
  equal(late.cluster.isReady, false);
});

Deno.test("a node that the log did not reach back to when it began goes on with what there is", () => {
  const { clock, log, makeNode, behind } = makeLog();
  const [writer, late] = [makeNode("n0"), makeNode("n1")];
  clock.runFor(10_000);
  late.crash(false);
  write(writer, clock, 10);
  log.firstSequence = log.records.length - 2;
  late.start();
  clock.runFor(10_000);
  equal(behind(), 0);
  equal(late.cluster.isReady, true);
  equal(late.cluster.level.sequence, log.records.length);
});
