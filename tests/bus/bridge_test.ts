import { strict as assert } from "node:assert";
import { busTest, nextTurn, startWorker, TestBridge, TestBus, text, until } from "./support.ts";

// A WorkerBus in the bridge's thread is as good as one in a Worker: the channel is the same.

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

busTest(
  "A bridge that begins in the turn in which the last channel was closed hears Workers",
  async () => {
    const first = new TestBridge();
    await nextTurn();
    first.bridge.close();
    const test = new TestBridge();
    const worker = await startWorker("./echo.worker.ts", test.name);
    assert.equal(test.hub.size, 1);
    worker.terminate();
    await test.close();
  },
);

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
