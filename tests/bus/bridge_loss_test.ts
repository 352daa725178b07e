import { strict as assert } from "node:assert";
import { BusBridge } from "../../lib/bus/mod.ts";
import { MemoryHub } from "./memory_hub.ts";
import { busTest, nextTurn, TestBridge, TestBus, until } from "./support.ts";

// What happens when one side is full, slow, late, gone or begins anew.

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

busTest("A bridge that is closed twice is closed", async () => {
  const bridge = new BusBridge(new MemoryHub(), { name: "twice" });
  bridge.close();
  bridge.close();
  await nextTurn();
});
