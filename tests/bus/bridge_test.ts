import { strict as assert } from "node:assert";
import { BusBridge, type BusLoss, type BusMessage, WorkerBus } from "../../lib/bus/mod.ts";
import { MemoryHub } from "./memory_hub.ts";
import { nextTurn, startWorker, TestBridge, until } from "./support.ts";

// A WorkerBus in the bridge's thread is as good as one in a Worker: the channel is the same.

const text = (message: BusMessage) => new TextDecoder().decode(message.payload);

/** A test whose channels and timers must all be gone at its end. */
function busTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: true, sanitizeResources: true });
}

/** What a WorkerBus got and was told. */
class TestBus {
  readonly seen: string[] = [];
  readonly losses: BusLoss[] = [];
  readonly errors: unknown[] = [];
  readonly bus: WorkerBus;

  constructor(name: string, options: Partial<ConstructorParameters<typeof WorkerBus>[0]> = {}) {
    this.bus = new WorkerBus({
      name,
      onLoss: (loss) => {
        this.losses.push(loss);
        this.seen.push(`lost ${loss.messages}`);
      },
      onError: (error) => this.errors.push(error),
      ...options,
    });
  }

  subscribe(topicFilter: string): () => void {
    return this.bus.subscribe(topicFilter, (message) => this.seen.push(text(message)));
  }
}

busTest("What a Worker publishes reaches the hub, with all that belongs to it", async () => {
  const test = new TestBridge();
  const { bus } = new TestBus(test.name);
  const options = {
    qos: 1,
    retain: true,
    properties: { contentType: "x", userProperties: [["a", "b"]] },
    messageExpiryIntervalSeconds: 9,
  } as const;
  bus.publish("a/b", "hello", options);
  bus.publish("a/c", new Uint8Array([1]));
  await bus.flush();
  assert.deepEqual(test.hub.published, [
    { topicName: "a/b", payload: new TextEncoder().encode("hello"), ...options },
    { topicName: "a/c", payload: new Uint8Array([1]), qos: 0, retain: false },
  ]);
  bus.close();
  await test.close();
});

busTest("What the hub routes reaches the Workers that subscribed to it, in order", async () => {
  const test = new TestBridge();
  const [one, two] = [new TestBus(test.name), new TestBus(test.name)];
  one.subscribe("a/+");
  two.subscribe("#");
  await Promise.all([one.bus.flush(), two.bus.flush()]);
  for (let i = 0; i < 300; i++) test.publish(i % 3 === 0 ? "a/b" : "b", `${i}`);
  const all = Array.from({ length: 300 }, (_, i) => `${i}`);
  await until(() => two.seen.length === 300 && one.seen.length === 100, "all is there");
  assert.deepEqual(two.seen, all);
  assert.deepEqual(one.seen, all.filter((_, i) => i % 3 === 0));
  assert.equal(test.bridge.stats.peers, 2);
  one.bus.close();
  two.bus.close();
  await test.close();
});

busTest("What a Worker publishes comes to it and to another once, by way of the hub", async () => {
  const test = new TestBridge();
  const [one, two] = [new TestBus(test.name), new TestBus(test.name)];
  one.subscribe("a");
  two.subscribe("a");
  await two.bus.flush();
  one.bus.publish("a", "1");
  one.bus.publish("a", "2");
  await until(() => one.seen.length >= 2 && two.seen.length >= 2, "both have both");
  test.publish("a", "end");
  await until(() => one.seen.includes("end") && two.seen.includes("end"), "the end");
  assert.deepEqual([one.seen, two.seen], [["1", "2", "end"], ["1", "2", "end"]]);
  assert.equal(test.hub.published.length, 3);
  one.bus.close();
  two.bus.close();
  await test.close();
});

busTest("Without a subscription that matches, nothing is encoded or posted", async () => {
  const test = new TestBridge();
  const { bus, ...rest } = new TestBus(test.name);
  const end = bus.subscribe("wanted", () => {});
  await bus.flush();
  for (let i = 0; i < 100; i++) test.publish("unwanted");
  end();
  await bus.flush();
  assert.equal(test.hub.size, 0);
  for (let i = 0; i < 100; i++) test.publish("wanted");
  await nextTurn();
  const { framesPosted, messagesSent, pendingBytes } = test.bridge.stats;
  assert.deepEqual({ framesPosted, messagesSent, pendingBytes }, {
    framesPosted: 0,
    messagesSent: 0,
    pendingBytes: 0,
  });
  assert.deepEqual(rest.seen, []);
  bus.close();
  await test.close();
});

busTest("Two handlers of one Topic Filter share a subscription but no payload", async () => {
  const test = new TestBridge();
  const { bus, seen, subscribe: _ } = new TestBus(test.name);
  const end = bus.subscribe("a", (message) => void message.payload.fill(0));
  bus.subscribe("a", (message) => seen.push(text(message)));
  await bus.flush();
  assert.equal(test.hub.size, 1);
  test.publish("a", "1");
  await until(() => seen.length === 1, "the first");
  end();
  end();
  await bus.flush();
  test.publish("a", "2");
  await until(() => seen.length === 2, "the second");
  assert.deepEqual(seen, ["1", "2"]);
  bus.close();
  await test.close();
});

busTest("A handler that throws is reported, and the rest gets the messages", async () => {
  const test = new TestBridge();
  const worker = new TestBus(test.name);
  const fault = new Error("broken");
  worker.bus.subscribe("a", () => {
    throw fault;
  });
  worker.subscribe("a");
  await worker.bus.flush();
  test.publish("a", "1");
  test.publish("a", "2");
  await until(() => worker.seen.length === 2, "both");
  assert.deepEqual(worker.errors, [fault, fault]);
  worker.bus.close();
  await test.close();
});

busTest("WorkerBus refuses what is no Topic Name, no Topic Filter, or can never fit", async () => {
  const { bus } = new TestBus("nobody", { maxPendingBytes: 1000, maxSubscriptions: 1 });
  assert.throws(() => bus.publish("a/+", ""), TypeError);
  assert.throws(() => bus.subscribe("a/#/b", () => {}), TypeError);
  assert.throws(() => bus.subscribe("$share/group/a", () => {}), TypeError);
  assert.throws(() => bus.publish("a", new Uint8Array(1000)), RangeError);
  assert.throws(() => bus.publish("a", new Uint8Array(970)), RangeError);
  bus.subscribe("a", () => {});
  bus.subscribe("a", () => {});
  assert.throws(() => bus.subscribe("b", () => {}), RangeError);
  bus.close();
  assert.throws(() => bus.publish("a", ""), { message: "Cannot publish: the bus is closed" });
  await nextTurn();
});

busTest("What the hub refuses is reported, and what follows arrives", async () => {
  const test = new TestBridge();
  const { bus } = new TestBus(test.name);
  const publish = test.hub.publish.bind(test.hub);
  test.hub.publish = (init) => {
    if (init.topicName === "bad") throw new TypeError("Refused");
    publish(init);
  };
  bus.publish("bad", "");
  bus.publish("good", "");
  await bus.flush();
  assert.deepEqual(test.hub.published.map(({ topicName }) => topicName), ["good"]);
  assert.deepEqual(test.errors, [new TypeError("Refused")]);
  bus.close();
  await test.close();
});

busTest("publish() says false when the buffer is full, and ready() waits for room", async () => {
  const test = new TestBridge();
  const { bus, losses } = new TestBus(test.name, { maxPendingBytes: 4096 });
  const count = 500;
  let waits = 0;
  for (let i = 0; i < count; i++) {
    while (!bus.publish("a", `${i}`.padEnd(100))) {
      waits++;
      await bus.ready();
    }
  }
  await bus.flush();
  assert(waits > 0);
  assert.deepEqual(
    test.hub.published.map(({ payload }) => new TextDecoder().decode(payload)),
    Array.from({ length: count }, (_, i) => `${i}`.padEnd(100)),
  );
  assert(bus.stats.peakPendingBytes <= 4096);
  assert.deepEqual(losses, []);
  bus.close();
  await test.close();
});

busTest("A slow Worker loses messages; both sides are told how many, in their place", async () => {
  const test = new TestBridge({ maxPendingBytes: 1000 });
  const worker = new TestBus(test.name);
  worker.subscribe("a");
  await worker.bus.flush();
  for (let i = 0; i < 100; i++) test.publish("a", `${i}`.padStart(40));
  const { messagesSent, messagesLost, peakPendingBytes } = test.bridge.stats;
  assert(messagesLost > 0 && messagesSent + messagesLost === 100 && peakPendingBytes <= 1000);
  await until(() => worker.losses.length > 0, "the Worker knows");
  test.publish("a", "after");
  await until(() => worker.seen.includes("after"), "the next");
  const kept = Array.from({ length: messagesSent }, (_, i) => `${i}`.padStart(40));
  assert.deepEqual(worker.seen, [...kept, `lost ${messagesLost}`, "after"]);
  assert.equal(worker.losses[0]?.reason, "buffer_full");
  assert.equal(worker.bus.stats.messagesLost, messagesLost);
  assert.deepEqual(
    test.losses.map(({ reason, direction, messages }) => ({
      reason,
      direction,
      messages,
    })),
    [{ reason: "buffer_full", direction: "outgoing", messages: messagesLost }],
  );
  worker.bus.close();
  await test.close();
});

busTest("A message that is too large for a Worker is lost alone, and told", async () => {
  const test = new TestBridge({ maxUnconfirmedBytes: 1000 });
  const worker = new TestBus(test.name);
  worker.subscribe("a");
  await worker.bus.flush();
  test.publish("a", "x".repeat(1000));
  test.publish("a", "small");
  await until(() => worker.seen.length === 2, "the small one");
  assert.deepEqual(worker.seen, ["lost 1", "small"]);
  assert.deepEqual(test.losses.map(({ reason }) => reason), ["too_large"]);
  worker.bus.close();
  await test.close();
});

busTest("What a Worker says before its bridge is there waits for it", async () => {
  const name = crypto.randomUUID();
  const worker = new TestBus(name);
  worker.subscribe("a");
  worker.bus.publish("a", "early");
  await nextTurn();
  const test = new TestBridge({ name });
  await until(() => worker.seen.length === 1, "it came back");
  assert.deepEqual(worker.seen, ["early"]);
  worker.bus.close();
  await test.close();
});

busTest(
  "A bridge that begins anew hears of all subscriptions again; the loss is told",
  async () => {
    const first = new TestBridge();
    const { name } = first;
    const worker = new TestBus(name);
    worker.subscribe("a");
    const end = worker.subscribe("b");
    await worker.bus.flush();
    await first.close();
    // Nobody confirms this one any more.
    worker.bus.publish("a", "under way");
    await until(() => worker.losses.length === 1, "the Worker knows");
    end();
    const second = new TestBridge({ name });
    await worker.bus.flush();
    assert.equal(first.hub.size, 0);
    assert.equal(second.hub.size, 1);
    second.publish("a", "again");
    await until(() => worker.seen.includes("again"), "the new bridge's message");
    assert.equal(worker.losses[0]?.reason, "peer_restarted");
    worker.bus.close();
    await second.close();
  },
);

busTest("A bridge that replaces a living one takes the Workers over", async () => {
  const first = new TestBridge();
  const worker = new TestBus(first.name);
  worker.subscribe("a");
  await worker.bus.flush();
  const second = new TestBridge({ name: first.name });
  await until(() => second.hub.size === 1, "the subscription has moved");
  second.publish("a", "second");
  await until(() => worker.seen.includes("second"), "its message");
  assert.equal(first.hub.size, 0);
  assert.match(`${first.errors}`, /another one has begun/);
  worker.bus.close();
  await first.close();
  await second.close();
});

busTest("A Worker that closes leaves nothing behind", async () => {
  const test = new TestBridge();
  const worker = new TestBus(test.name);
  worker.subscribe("a");
  await worker.bus.flush();
  worker.bus.close();
  await until(() => test.bridge.stats.peers === 0, "the bridge knows");
  assert.equal(test.hub.size, 0);
  assert.deepEqual(test.losses, []);
  await test.close();
});

busTest("close() resolves whoever waits", async () => {
  const { bus } = new TestBus("nobody");
  bus.publish("a", "");
  const flushed = bus.flush();
  bus.close();
  await flushed;
  await nextTurn();
});

busTest(
  "A Worker that ends without a word is given up; what it had not confirmed is told",
  async () => {
    const test = new TestBridge({ peerTimeoutMs: 100, probeDelayMs: 10, maxProbeDelayMs: 20 });
    const worker = await startWorker("./echo.worker.ts", test.name);
    worker.terminate();
    for (let i = 0; i < 3; i++) test.publish("in/x");
    await until(() => test.losses.length > 0, "it is given up");
    assert.deepEqual(test.losses.map(({ reason, messages }) => [reason, messages]), [[
      "peer_gone",
      3,
    ]]);
    assert.equal(test.bridge.stats.messagesLost, 3);
    assert.equal(test.bridge.stats.peers, 0);
    assert.equal(test.hub.size, 0);
    await test.close();
  },
);

busTest("A Worker in a thread of its own gets and publishes", async () => {
  const test = new TestBridge();
  const worker = await startWorker("./echo.worker.ts", test.name);
  test.publish("in/x/y", "there and back");
  await until(() => test.hub.published.length === 2, "it is back");
  const { topicName, payload } = test.hub.published[1]!;
  assert.equal(topicName, "out/x/y");
  assert.equal(new TextDecoder().decode(payload), "there and back");
  worker.terminate();
  await test.close();
});

busTest("No more than maxPeers Workers are let in", async () => {
  const test = new TestBridge({ maxPeers: 1 });
  const [one, two] = [new TestBus(test.name), new TestBus(test.name)];
  await until(() => test.bridge.stats.peersRefused > 0, "one is refused");
  assert.equal(test.bridge.stats.peers, 1);
  one.bus.close();
  two.bus.close();
  await test.close();
});

busTest("Junk under the bridge's own name is ignored", async () => {
  const test = new TestBridge();
  const stranger = new BroadcastChannel(test.name);
  for (const junk of ["text", new Uint8Array(100), new Uint8Array(100).fill(0xb1), null]) {
    stranger.postMessage(junk);
  }
  const { bus } = new TestBus(test.name);
  bus.publish("a", "");
  await bus.flush();
  assert.equal(test.hub.published.length, 1);
  assert.deepEqual(test.errors, []);
  stranger.close();
  bus.close();
  await test.close();
});

busTest("A bridge that is closed twice is closed", async () => {
  const bridge = new BusBridge(new MemoryHub(), { name: "twice" });
  bridge.close();
  bridge.close();
  await nextTurn();
});
