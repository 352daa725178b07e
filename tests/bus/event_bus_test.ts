import { strict as assert } from "node:assert";
import { type BusLog, type BusMessage, EventBus, traceBus } from "../../lib/bus/mod.ts";
import { MemoryHub } from "./memory_hub.ts";

const text = (message: BusMessage) => new TextDecoder().decode(message.payload);

class LineLog implements BusLog {
  readonly lines: string[] = [];
  debugOn = true;
  debug(line: string): void {
    this.lines.push(line);
  }
}

Deno.test("EventBus delivers within the call of publish", () => {
  const bus = new EventBus(new MemoryHub());
  const seen: BusMessage[] = [];
  bus.subscribe("a/+", (message) => seen.push(message));
  assert.equal(bus.publish("a/b", "hello", { qos: 1, retain: true }), true);
  bus.publish("b/b", "not this one");
  assert.deepEqual(seen, [{
    topicName: "a/b",
    payload: new TextEncoder().encode("hello"),
    qos: 1,
    retain: true,
    properties: undefined,
    publisherId: "",
  }]);
});

Deno.test("EventBus hands on everything that publish was told", () => {
  const hub = new MemoryHub();
  const options = {
    qos: 2,
    properties: { contentType: "text/plain" },
    messageExpiryIntervalSeconds: 5,
  } as const;
  const payload = new Uint8Array([1]);
  new EventBus(hub).publish("a", payload, options);
  assert.deepEqual(hub.published, [{ topicName: "a", payload, ...options }]);
});

Deno.test("EventBus gives each handler a payload of its own", () => {
  const hub = new MemoryHub();
  const bus = new EventBus(hub);
  const seen: BusMessage[] = [];
  bus.subscribe("a", (message) => void message.payload.fill(0));
  bus.subscribe("a", (message) => seen.push(message));
  const readBuffer = new TextEncoder().encode("..payload..");
  hub.publish({ topicName: "a", payload: readBuffer.subarray(2, 9) });
  readBuffer.fill(0);
  assert.deepEqual(seen.map(text), ["payload"]);
});

Deno.test("EventBus reports what a handler throws, and the others get the message", () => {
  const errors: unknown[] = [];
  const bus = new EventBus(new MemoryHub(), { onError: (error) => errors.push(error) });
  const fault = new Error("broken");
  const seen: string[] = [];
  bus.subscribe("a", () => {
    throw fault;
  });
  bus.subscribe("a", (message) => seen.push(text(message)));
  bus.publish("a", "1");
  bus.publish("a", "2");
  assert.deepEqual(seen, ["1", "2"]);
  assert.deepEqual(errors, [fault, fault]);
});

Deno.test("EventBus survives a handler that throws where nobody asked for errors", () => {
  const bus = new EventBus(new MemoryHub());
  bus.subscribe("a", () => {
    throw new Error("broken");
  });
  assert(bus.publish("a", ""));
});

Deno.test("EventBus ends a subscription once, and all of them when it is closed", () => {
  const hub = new MemoryHub();
  const bus = new EventBus(hub);
  const end = bus.subscribe("a", () => {});
  bus.subscribe("b", () => {});
  end();
  end();
  assert.equal(hub.size, 1);
  bus.close();
  bus.close();
  assert.equal(hub.size, 0);
  assert.throws(() => bus.publish("a", ""), { message: "Cannot publish: the bus is closed" });
  assert.throws(() => bus.subscribe("a", () => {}), /closed/);
});

Deno.test("EventBus refuses what is no Topic Name or Topic Filter", () => {
  const bus = new EventBus(new MemoryHub());
  assert.throws(() => bus.publish("a/#", ""), TypeError);
  assert.throws(() => bus.subscribe("a/#/b", () => {}), TypeError);
});

Deno.test("EventBus is always ready", async () => {
  await new EventBus(new MemoryHub()).ready();
});

Deno.test("EventBus logs what its handlers receive, while debug lines are wanted", () => {
  const log = new LineLog();
  const bus = new EventBus(new MemoryHub(), { log });
  bus.subscribe("test/#", () => {});
  bus.publish("test/eventbus", '{"key":"value"}');
  log.debugOn = false;
  bus.publish("test/eventbus", "unseen");
  assert.deepEqual(log.lines, [
    'Received message from EventBus: topic="test/eventbus", payload={"key":"value"}',
  ]);
});

Deno.test("traceBus() logs every message, while debug lines are wanted, until it is ended", () => {
  const hub = new MemoryHub();
  const log = new LineLog();
  const end = traceBus(hub, log);
  const bus = new EventBus(hub);
  bus.publish("test/eventbus", '{"key":"value"}');
  log.debugOn = false;
  bus.publish("x", "unseen");
  log.debugOn = true;
  end();
  bus.publish("x", "unseen");
  assert.deepEqual(log.lines, [
    'Received message from EventBus: topic="test/eventbus", payload={"key":"value"}',
  ]);
  assert.equal(hub.size, 0);
});
