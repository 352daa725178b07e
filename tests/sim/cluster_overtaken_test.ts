import { deepEqual, equal } from "node:assert/strict";
import {
  decodePacket,
  encodePacket,
  frameLength,
  type Packet,
  type Will,
} from "../../lib/codec/mod.ts";
import { Random } from "../support/random.ts";
import { SimLog } from "./cluster/engine.ts";
import { CALM_NODE, ClusterSimNode } from "./cluster/node.ts";
import { Scheduler } from "./scheduler.ts";

/** Nodes that are well, with their log. */
function nodesOf(clock: Scheduler, count: number): ClusterSimNode[] {
  const random = new Random(1);
  const log = new SimLog(clock, random);
  const nodes = Array.from(
    { length: count },
    (_, i) => new ClusterSimNode({ ...CALM_NODE, name: `n${i}`, clock, random, log }),
  );
  clock.runFor(5000);
  for (const { isIn } of nodes) equal(isIn, true);
  return nodes;
}

/** Connects, and notes what comes. */
function connect(node: ClusterSimNode, sessionExpiryInterval: number, will?: Will): string[] {
  const got: string[] = [];
  const link = node.accept({
    send(bytes) {
      for (let at = 0; at < bytes.length;) {
        const end = at + frameLength(bytes, at, bytes.length, Infinity);
        got.push(told(decodePacket(bytes, at, end, 5)));
        at = end;
      }
    },
    close: () => void got.push("closed"),
  })!;
  const connect: Packet = {
    type: "connect",
    protocolVersion: 5,
    cleanStart: true,
    keepAliveSeconds: 0,
    clientId: "c",
    properties: { sessionExpiryInterval },
    ...will === undefined ? {} : { will },
  };
  link.receive(encodePacket(connect, 5));
  return got;
}

function told(packet: Packet): string {
  return "reasonCode" in packet ? `${packet.type} ${packet.reasonCode}` : packet.type;
}

Deno.test("a connection that waits for the log is refused where one has come meanwhile whose session ends with it", () => {
  const clock = new Scheduler();
  const [node] = nodesOf(clock, 1) as [ClusterSimNode];
  const waiting = connect(node, 100);
  const later = connect(node, 0);
  clock.runFor(5000);
  deepEqual([waiting, later], [["connack 136", "closed"], ["connack 0"]]);
  deepEqual([...node.cluster.homes], []);
});

Deno.test("of two connections whose sessions outlive them the later one stays, and the node has its session", () => {
  const clock = new Scheduler();
  const [node] = nodesOf(clock, 1) as [ClusterSimNode];
  const earlier = connect(node, 100);
  const later = connect(node, 100);
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
      const later = connect(second, sessionExpiryInterval);
      clock.runFor(5000);
      deepEqual(later, ["connack 0"]);
      for (const { broker, cluster } of [first, second]) {
        equal(broker.core.retained.size, 1);
        deepEqual([...cluster.homes], sessionExpiryInterval > 0 ? [["c", "n1"]] : []);
      }
    });
  }
}
