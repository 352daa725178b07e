/**
 * What the simulation has found, each as a short story of its own: the worlds and clients are the same, but they do what the
 * test says.
 */
import { equal, fail, ok } from "node:assert/strict";
import type { ProtocolVersion } from "../../lib/codec/mod.ts";
import { Random } from "../support/random.ts";
import { ModelClient } from "./client.ts";
import { PLAIN } from "./connect_packet.ts";
import { Ledger, type RecordInit } from "./ledger.ts";
import type { ConnectFacts, PublishRecord } from "./records.ts";
import { DEFAULT_STEPS, explain, run } from "./run.ts";
import { request } from "./scenario.ts";
import { World, type WorldSettings } from "./world.ts";

const GOOD_NETWORK = { maxDelayMs: 0, capacityBytes: 1_000_000 };

/** A world with as many clients as the test wants. */
class Stage {
  readonly world: World;
  readonly ledger: Ledger;

  constructor(settings: Partial<WorldSettings>, seed = 1) {
    this.world = new World(new Random(seed), {
      maxCommitMs: 0,
      durability: "always",
      maxAuthenticationMs: 0,
      broker: {},
      listener: {},
      ...settings,
    }, false);
    this.ledger = new Ledger(this.world);
  }

  /** A client that acknowledges at once or after a while, not connected yet. */
  client(clientId: string, version: ProtocolVersion, maxAckMs = 0): ModelClient {
    return new ModelClient(this.world, this.ledger, clientId, version, {
      maxAckMs,
      isPicky: false,
    });
  }

  connect(client: ModelClient, facts: Partial<ConnectFacts> = {}, network = GOOD_NETWORK): void {
    const { clientId, version } = client;
    client.connect({ ...PLAIN, clientId, version, ...facts }, network);
    this.world.clock.runFor(20);
  }

  publish(client: ModelClient, init: Partial<RecordInit>): PublishRecord {
    const record = this.ledger.record({
      publisherId: client.clientId,
      isNew: client.version === 5,
      topicName: "a",
      qos: 1,
      retain: false,
      sizeBytes: 20,
      ...init,
    });
    client.publish(record);
    return record;
  }

  /** Whether the client's session has got the message. */
  hasGot(clientId: string, record: PublishRecord): boolean {
    return this.world.sessions.get(clientId)!.seen.has(record.id);
  }
}

Deno.test("A connection that has ended is not watched any more, though its last bytes are under way", () => {
  for (let seed = 0; seed < 5; seed++) {
    const stage = new Stage({ maxCommitMs: undefined }, seed);
    const { clock, broker } = stage.world;
    const client = stage.client("c", 4);
    stage.connect(client, { cleanStart: true, expirySeconds: 0 });
    client.ping();
    client.disconnect(false, undefined);
    clock.runFor(20);
    equal(broker.connections.size, 0);
    equal(broker.core.deadlines.size, 0);
  }
});

Deno.test("The time of a session whose client does not come back runs from the first of several crashes [MQTT-3.1.2-23]", () => {
  const stage = new Stage({});
  const { world } = stage;
  stage.connect(stage.client("c", 5), { expirySeconds: 60 });
  world.crash(0);
  world.clock.runFor(40_000);
  world.crash(0);
  ok(world.broker.clients.has("c"));
  world.clock.runFor(30_000);
  equal(world.broker.clients.size, 0);
});

Deno.test("An expired message does not move on to another member of a shared subscription [MQTT-3.3.2-5]", () => {
  const stage = new Stage({});
  const { clock } = stage.world;
  const [leaving, staying, publisher] = ["l", "s", "p"].map((id) => stage.client(id, 5));
  stage.connect(leaving!);
  leaving!.subscribe([request("$share/g/a", 1)], 0);
  stage.connect(publisher!);
  leaving!.hang();
  const expiring = stage.publish(publisher!, { expirySeconds: 1 });
  const lasting = stage.publish(publisher!, { expirySeconds: 100 });
  stage.connect(staying!);
  staying!.subscribe([request("$share/g/a", 1)], 0);
  clock.runFor(5000);
  stage.connect(leaving!, { cleanStart: true });
  clock.runFor(100);
  ok(stage.hasGot("s", lasting));
  ok(!stage.hasGot("s", expiring));
});

Deno.test("What was routed behind a CONNACK that waits for its commit keeps its order [MQTT-4.6.0-6]", () => {
  for (let seed = 0; seed < 20; seed++) {
    const stage = new Stage({ maxCommitMs: 100 }, seed);
    const { clock } = stage.world;
    const subscriber = stage.client("s", 4);
    const publisher = stage.client("p", 5);
    stage.connect(publisher);
    stage.connect(subscriber);
    clock.runFor(500);
    subscriber.subscribe([request("a", 1)], 0);
    clock.runFor(500);
    subscriber.cut("reset");
    clock.runFor(10);
    const { clientId, version } = subscriber;
    subscriber.connect({ ...PLAIN, clientId, version }, GOOD_NETWORK);
    const records: PublishRecord[] = [];
    for (let i = 0; i < 30; i++) {
      clock.runFor(10);
      records.push(stage.publish(publisher, { qos: 1 })); // The ledger looks at the order.
    }
    clock.runFor(1000);
    ok(records.every((record) => stage.hasGot("s", record)));
  }
});

Deno.test("QoS 0 messages do not overtake those that were kept while the client was away [MQTT-4.6.0-6]", () => {
  const stage = new Stage({ broker: { queueQos0Messages: true } });
  const { clock } = stage.world;
  const subscriber = stage.client("s", 5, 500);
  const publisher = stage.client("p", 4);
  stage.connect(publisher);
  stage.connect(subscriber, { receiveMaximum: 1 });
  subscriber.subscribe([request("a", 0), request("b", 1)], 0);
  clock.runFor(20);
  subscriber.cut("reset");
  clock.runFor(20);
  for (let i = 0; i < 5; i++) stage.publish(publisher, { topicName: "b" });
  const kept = stage.publish(publisher, { qos: 0 });
  clock.runFor(20);
  stage.connect(subscriber, { receiveMaximum: 1 });
  const late = stage.publish(publisher, { qos: 0 });
  clock.runFor(10_000);
  ok(stage.hasGot("s", kept));
  ok(stage.hasGot("s", late));
});

Deno.test("Retained messages wait for a client that has all it may have before it, and none is dropped", () => {
  const stage = new Stage({ broker: { maxQueuedBytes: 1000 } });
  const { world } = stage;
  const publisher = stage.client("p", 4);
  stage.connect(publisher);
  const topics = Array.from({ length: 10 }, (_, i) => `a/${i}`);
  const records = topics.map((topicName) =>
    stage.publish(publisher, { topicName, sizeBytes: 400, retain: true })
  );
  world.clock.runFor(20);
  const subscriber = stage.client("s", 4);
  stage.connect(subscriber, {}, { maxDelayMs: 0, capacityBytes: 50 });
  subscriber.subscribe([request("a/#", 0)], 0);
  world.clock.runFor(5000);
  ok(records.every((record) => stage.hasGot("s", record)));
  equal(world.broker.metrics.droppedTotal, 0);
});

Deno.test("When memory for output is used up, the client that takes nothing makes room at once", () => {
  const stage = new Stage({ broker: { maxBufferedBytes: 5000 } });
  const { world } = stage;
  const publisher = stage.client("p", 4);
  stage.connect(publisher);
  const subscriber = stage.client("s", 4);
  stage.connect(subscriber, {}, { maxDelayMs: 0, capacityBytes: 50 });
  subscriber.subscribe([request("a", 0)], 0);
  world.clock.runFor(20);
  subscriber.hang();
  for (let i = 0; i < 20; i++) stage.publish(publisher, { qos: 0, sizeBytes: 700 });
  world.clock.runFor(1500);
  equal(world.broker.metrics.slowClientsEvicted, 0);
  const last = stage.publish(publisher, { qos: 1 });
  for (let i = 0; i < 200 && world.broker.metrics.slowClientsEvicted === 0; i++) {
    world.clock.runFor(10);
  }
  equal(world.broker.metrics.slowClientsEvicted, 1);
  world.clock.runFor(20);
  equal(world.broker.levels.bufferedBytes, 0);
  ok(last.ackedAtMs < Infinity);
});

Deno.test("The will of a client that is disconnected to make room goes out at once", () => {
  // It was written behind the turn's flush, and waited there for 100 ms until something woke the broker.
  const failure = run(2554, DEFAULT_STEPS, { durability: "always", appetite: "never" });
  if (failure !== undefined) fail(explain(failure));
});

Deno.test("A client that wants more of its queue while what has expired is read there gets it behind that", () => {
  // Its world did not come to rest: the answer told nobody, and six messages stayed in the store.
  const failure = run(2513, DEFAULT_STEPS, { durability: "always", appetite: "never" });
  if (failure !== undefined) fail(explain(failure));
});
