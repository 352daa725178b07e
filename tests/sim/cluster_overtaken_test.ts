import { deepEqual, equal } from "node:assert/strict";
import type { Will } from "../../lib/codec/mod.ts";
import { connect, nodesOf } from "./cluster/calm.ts";
import type { ClusterSimNode } from "./cluster/node.ts";
import { Scheduler } from "./scheduler.ts";

Deno.test("a connection that waits for the log is refused where one has come meanwhile whose session ends with it", () => {
  const clock = new Scheduler();
  const [node] = nodesOf(clock, 1) as [ClusterSimNode];
  const waiting = connect(node, 100).got;
  const later = connect(node, 0).got;
  clock.runFor(5000);
  deepEqual([waiting, later], [["connack 136", "closed"], ["connack 0"]]);
  deepEqual([...node.cluster.homes], []);
});

Deno.test("of two connections whose sessions outlive them the later one stays, and the node has its session", () => {
  const clock = new Scheduler();
  const [node] = nodesOf(clock, 1) as [ClusterSimNode];
  const earlier = connect(node, 100).got;
  const later = connect(node, 100).got;
  clock.runFor(5000);
  deepEqual(earlier, ["closed"]);
  deepEqual(later, ["connack 0"]);
  deepEqual([...node.cluster.homes], [["c", "n0"]]);
});

for (const sessionExpiryInterval of [0, 100]) {
  for (const willDelayInterval of [0, 50]) {
    Deno.test(`the will comes where a client begins anew at another node, with an expiry of ${sessionExpiryInterval} s and a delay of ${willDelayInterval} s [MQTT-3.1.3-9]`, () => {
      const clock = new Scheduler();
      const [first, second] = nodesOf(clock, 2) as [ClusterSimNode, ClusterSimNode];
      const will: Will = {
        topicName: "w",
        qos: 1,
        retain: true,
        payload: new Uint8Array(1),
        properties: { willDelayInterval },
      };
      connect(first, 100, will);
      clock.runFor(1000);
      const later = connect(second, sessionExpiryInterval).got;
      clock.runFor(5000);
      deepEqual(later, ["connack 0"]);
      for (const { broker, cluster } of [first, second]) {
        equal(broker.core.retained.size, 1);
        deepEqual([...cluster.homes], sessionExpiryInterval > 0 ? [["c", "n1"]] : []);
      }
    });
  }
}
