import { deepEqual, equal } from "node:assert/strict";
import { Random } from "../support/random.ts";
import { encodePacket, type Packet } from "../../lib/codec/mod.ts";
import type { NodeLink } from "./bridge/node.ts";
import { connect, nodesOf } from "./cluster/calm.ts";
import { SimLog } from "./cluster/engine.ts";
import { CALM_NODE, ClusterSimNode } from "./cluster/node.ts";
import { makeSnapshot } from "./cluster/snapshots.ts";
import { Scheduler } from "./scheduler.ts";

/** Of sessions here, seconds. */
const EXPIRY = 20;

function send(link: NodeLink, packet: Packet): void {
  link.receive(encodePacket(packet, 5));
}

/** Subscribes `c` with QoS 1. */
function subscribe(link: NodeLink, count = 1): void {
  const flags = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  for (let i = 0; i < count; i++) {
    const subscriptions = [{ topicFilter: `t/${i}`, qos: 1, ...flags }] as const;
    send(link, { type: "subscribe", packetId: 1 + i, subscriptions });
  }
}

/** A message to `c`, which does not acknowledge it where it is there. */
function publish(node: ClusterSimNode): void {
  node.turn((broker) => broker.publish({ topicName: "t/0", payload: new Uint8Array(1), qos: 1 }));
}

/** What a node has for `c`, and whether it has its subscriptions. */
function stateAt({ broker }: ClusterSimNode) {
  const { session } = broker.clients.get("c")!;
  const { queue, sender, subscriptions } = session;
  return { messages: queue.length + sender.size, subscriptions: subscriptions.size };
}

Deno.test("a node that reads what its earlier process wrote does not end a session in between by its present clock", () => {
  const clock = new Scheduler();
  const random = new Random(1);
  const log = new SimLog(clock, random);
  const node = new ClusterSimNode({ ...CALM_NODE, name: "n0", clock, random, log });
  clock.runFor(5000);
  const first = connect(node, EXPIRY);
  subscribe(first.link);
  clock.runFor(1000);
  first.link.lost();
  clock.runFor(1000);
  makeSnapshot(node, log, 0);
  publish(node);
  clock.runFor(1000);
  const second = connect(node, EXPIRY, undefined, false);
  clock.runFor(1000);
  equal(second.got[0], "connack 0");
  node.crash(false);
  node.loseDisk();
  clock.runFor(200_000);
  node.start();
  clock.runFor(5000);
  deepEqual(stateAt(node), { messages: 1, subscriptions: 1 });
});

Deno.test("a node that was away for longer than a session may wait keeps it until it has read the log, with more subscriptions than its node repeats", () => {
  const clock = new Scheduler();
  const [first, second] = nodesOf(clock, 2) as [ClusterSimNode, ClusterSimNode];
  const before = connect(first, EXPIRY);
  subscribe(before.link, 200);
  clock.runFor(1000);
  before.link.lost();
  clock.runFor(1000);
  publish(first);
  clock.runFor(1000);
  second.crash(false);
  clock.runFor(1000);
  connect(first, EXPIRY, undefined, false);
  clock.runFor(200_000);
  second.start();
  clock.runFor(5000);
  deepEqual(stateAt(second), { messages: 1, subscriptions: 200 });
});

for (
  const [how, stop, goOn] of [
    ["cut off", "cut", "heal"],
    ["paused", "pause", "resume"],
  ] as const
) {
  Deno.test(`a node that was ${how} for longer than a session may wait keeps it until it has read the log`, () => {
    const clock = new Scheduler();
    const [first, second] = nodesOf(clock, 2) as [ClusterSimNode, ClusterSimNode];
    const before = connect(first, EXPIRY);
    subscribe(before.link, 200);
    clock.runFor(1000);
    before.link.lost();
    clock.runFor(1000);
    publish(first);
    clock.runFor(1000);
    second[stop]();
    clock.runFor(1000);
    connect(first, EXPIRY, undefined, false);
    clock.runFor(200_000);
    second[goOn]();
    clock.runFor(5000);
    deepEqual(stateAt(second), { messages: 1, subscriptions: 200 });
  });
}

Deno.test("the node of a session that was paused while its client came to another one does not end it before it has read so", () => {
  const clock = new Scheduler();
  const [first, second] = nodesOf(clock, 2) as [ClusterSimNode, ClusterSimNode];
  const before = connect(first, EXPIRY);
  subscribe(before.link, 200);
  clock.runFor(1000);
  before.link.lost();
  clock.runFor(1000);
  publish(first);
  clock.runFor(1000);
  first.pause();
  // The first that it hears afterwards comes before its timers.
  first.arrive(() => first.turn(() => {}));
  clock.runFor(1000);
  equal(connect(second, EXPIRY, undefined, false).got.length, 0);
  clock.runFor(200_000);
  first.resume();
  clock.runFor(5000);
  deepEqual(stateAt(first), { messages: 1, subscriptions: 200 });
});

Deno.test("a session ends at all nodes where its client stays away", () => {
  const clock = new Scheduler();
  const nodes = nodesOf(clock, 3);
  const { link } = connect(nodes[0]!, EXPIRY);
  clock.runFor(1000);
  link.lost();
  nodes[2]!.cut();
  clock.runFor(200_000);
  nodes[2]!.heal();
  clock.runFor(5000);
  for (const { broker } of nodes) equal(broker.clients.get("c"), undefined);
});

Deno.test("what a node had unsubscribed from when it was killed, and its log had not, other nodes hear when the client is back", () => {
  const clock = new Scheduler();
  const [first, second] = nodesOf(clock, 2) as [ClusterSimNode, ClusterSimNode];
  const before = connect(first, 1000);
  subscribe(before.link, 200);
  clock.runFor(1000);
  first.cut();
  send(before.link, { type: "unsubscribe", packetId: 300, topicFilters: ["t/7"] });
  clock.runFor(1000);
  first.crash(false);
  first.heal();
  first.start();
  clock.runFor(3000);
  equal(stateAt(second).subscriptions, 200);
  connect(first, 1000, undefined, false);
  clock.runFor(1000);
  equal(stateAt(first).subscriptions, 199);
  equal(stateAt(second).subscriptions, 199);
});
