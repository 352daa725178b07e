import { deepEqual, equal } from "node:assert/strict";
import type { Will } from "../../lib/codec/mod.ts";
import { connect, nodesOf } from "./cluster/calm.ts";
import type { ClusterSimNode } from "./cluster/node.ts";
import { Scheduler } from "./scheduler.ts";

const WILL: Will = {
  topicName: "w",
  qos: 1,
  retain: true,
  payload: new Uint8Array(1),
  properties: { willDelayInterval: 50 },
};

for (const hasLostIt of [true, false]) {
  const when = hasLostIt ? "waits" : "has a connection";
  Deno.test(`the will of a client that ${when} comes where the heir of its node dies, and the node is back by then`, () => {
    const clock = new Scheduler();
    const [first, second] = nodesOf(clock, 2) as [ClusterSimNode, ClusterSimNode];
    const { link } = connect(first, 1000, WILL);
    clock.runFor(1000);
    if (hasLostIt) link.lost();
    clock.runFor(1000);
    first.cut();
    clock.runFor(25_000);
    deepEqual([...second.cluster.homes], [["c", "n1"]]);
    first.heal();
    clock.runFor(5000);
    second.crash(false);
    clock.runFor(60_000);
    deepEqual([...first.cluster.homes], [["c", "n0"]]);
    equal(first.broker.core.retained.size, 1);
    second.start();
    clock.runFor(5000);
    equal(second.broker.core.retained.size, 1);
  });
}

Deno.test("of two connections to another node within a moment the first is lost, and the second begins anew: the will comes, and no node keeps it", () => {
  const clock = new Scheduler();
  const [first, second] = nodesOf(clock, 2) as [ClusterSimNode, ClusterSimNode];
  const { link } = connect(first, 1000, WILL);
  clock.runFor(1000);
  link.lost();
  clock.runFor(1000);
  const earlier = connect(second, 1000, undefined, false);
  const later = connect(second, 1000);
  clock.runFor(1);
  earlier.link.lost();
  clock.runFor(5000);
  deepEqual(later.got, ["connack 0"]);
  for (const { broker } of [first, second]) {
    equal(broker.core.retained.size, 1);
    equal(broker.clients.get("c")?.copy?.will, undefined);
  }
});

Deno.test("the will of a client that comes to another node comes where that is killed before it has read so in the log [MQTT-3.1.2-8]", () => {
  const clock = new Scheduler();
  const nodes = nodesOf(clock, 3);
  const [first, second, third] = nodes as [ClusterSimNode, ClusterSimNode, ClusterSimNode];
  connect(first, 1000, { ...WILL, properties: {} });
  clock.runFor(1000);
  connect(second, 1000, undefined, false);
  while (new Map(first.cluster.homes).get("c") === "n0") {
    equal(new Map(second.cluster.homes).get("c"), "n0");
    clock.runFor(1);
  }
  equal(new Map(second.cluster.homes).get("c"), "n0");
  second.crash(false);
  clock.runFor(100_000);
  for (const { broker } of [first, third]) equal(broker.core.retained.size, 1);
});
