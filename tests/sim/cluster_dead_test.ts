import { deepEqual } from "node:assert/strict";
import { connect, nodesOf } from "./cluster/calm.ts";
import type { ClusterSimNode } from "./cluster/node.ts";
import { Scheduler } from "./scheduler.ts";

for (const dead of [0, 1]) {
  Deno.test(`node ${dead} is taken for dead where it is silent for ten seconds, and not before`, () => {
    const clock = new Scheduler();
    const nodes = nodesOf(clock, 3);
    const node = nodes[dead]!;
    const heir = nodes.find((one) => one !== node)!;
    connect(node, 1000);
    clock.runFor(60_000);
    node.pause();
    clock.runFor(8500);
    deepEqual([...heir.cluster.homes], [["c", node.name]]);
    clock.runFor(3000);
    deepEqual([...heir.cluster.homes], [["c", heir.name]]);
  });
}

Deno.test("of two that are silent at once the one that is left says so in the same time", () => {
  const clock = new Scheduler();
  const nodes = nodesOf(clock, 3) as [ClusterSimNode, ClusterSimNode, ClusterSimNode];
  const [first, second, third] = nodes;
  connect(second, 1000);
  clock.runFor(60_000);
  for (const node of [first, second]) node.pause();
  clock.runFor(8500);
  deepEqual([...third.cluster.homes], [["c", "n1"]]);
  clock.runFor(3000);
  deepEqual([...third.cluster.homes], [["c", "n2"]]);
});
