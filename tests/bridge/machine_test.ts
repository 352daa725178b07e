import { strict as assert } from "node:assert";
import { type Connect, decodePacket, encodePacket, frameLength } from "../../lib/codec/mod.ts";
import { machineOf } from "../support/bridge_machine.ts";

Deno.test("An idle bridge looks once a second what waits, and not more often", () => {
  const { machine, opened, session } = machineOf({ startType: "lazy", threshold: 3 });
  machine.start(1000);
  let nowMs = 1000;
  for (let look = 0; look < 5; look++) {
    assert.equal(machine.nextMs, nowMs + 1000);
    nowMs = machine.nextMs;
    machine.tick(nowMs);
  }
  assert.equal(opened.length, 0);
  session.waiting = 3;
  machine.tick(machine.nextMs);
  assert.equal(opened.length, 1);
});

Deno.test("All addresses are tried at once, in their order, and then again after a while", () => {
  const { machine, opened } = machineOf({ restartBaseSeconds: 7, restartCapSeconds: 7 });
  machine.start(0);
  for (let i = 0; i < 3; i++) machine.failed(opened[i]!.id, "unreachable", "nobody", 10 * i);
  assert.deepEqual(opened.map(({ port }) => port), [1, 2, 3]);
  assert.equal(machine.status.state, "waiting");
  assert.equal(machine.nextMs, 20 + 7000);
  machine.tick(machine.nextMs);
  assert.deepEqual(opened.map(({ port }) => port), [1, 2, 3, 1]);
});

Deno.test("A connection that lasted as long as restart_timeout says is followed by a short wait", () => {
  for (const [lastedMs, waitMs] of [[59_000, 7000], [60_000, 500]] as const) {
    const { machine, opened, letIn } = machineOf({
      restartBaseSeconds: 7,
      restartCapSeconds: 7,
      stableSeconds: 60,
    });
    machine.start(0);
    letIn(opened[0]!.id, 0);
    machine.remoteEnded(opened[0]!.id, lastedMs);
    assert.equal(machine.nextMs - lastedMs, waitMs);
  }
});

Deno.test("A secondary stays until the primary has said CONNACK", () => {
  const { machine, opened, closed, letIn } = machineOf({
    restartBaseSeconds: 5,
    restartCapSeconds: 5,
  });
  machine.start(0);
  machine.failed(opened[0]!.id, "unreachable", "nobody", 0);
  letIn(opened[1]!.id, 10);
  assert.equal(machine.status.address, "far:2");
  machine.tick(5010);
  assert.equal(opened[2]!.port, 1);
  // It is there, and lets nobody in.
  machine.opened(opened[2]!.id, 5020);
  assert.equal(machine.status.address, "far:2");
  machine.remoteEnded(opened[2]!.id, 5030);
  assert.deepEqual([machine.status.state, machine.status.address], ["connected", "far:2"]);
  assert(!closed.includes(opened[1]!.id));
  machine.tick(10_030);
  letIn(opened[3]!.id, 10_040);
  assert.deepEqual([machine.status.state, machine.status.address], ["connected", "far:1"]);
  assert(closed.includes(opened[1]!.id));
});

Deno.test("A network that fails before CONNACK does not make a bridge ask for an older version", () => {
  const { machine, opened, letIn } = machineOf({
    addresses: [{ scheme: "mqtt", hostname: "far", port: 1, path: "" }],
  });
  machine.start(0);
  letIn(opened[0]!.id, 1);
  let nowMs = 20_000;
  for (let i = 0; i < 10; i++) {
    machine.remoteEnded(opened.at(-1)!.id, nowMs);
    nowMs = Math.max(nowMs, machine.nextMs);
    machine.tick(nowMs);
    machine.opened(opened.at(-1)!.id, nowMs);
    // `MQTT` and its level, behind the fixed header.
    const { waiting } = machine.outputOf(opened.at(-1)!.id)!;
    assert.equal(waiting[waiting.indexOf(0x54) + 2], 5);
  }
});

Deno.test("start_type once: a connection that ends is not followed by another", () => {
  const { machine, opened, letIn, states } = machineOf({ startType: "once" });
  machine.start(0);
  letIn(opened[0]!.id, 1);
  machine.remoteEnded(opened[0]!.id, 2);
  assert.deepEqual(states, ["connected", "ended"]);
  machine.tick(1_000_000);
  assert.equal(opened.length, 1);
});

Deno.test("A remote broker that answers no ping is given up after one and a half periods", () => {
  const { machine, opened, letIn } = machineOf({ keepAliveSeconds: 10 });
  machine.start(0);
  letIn(opened[0]!.id, 0);
  machine.tick(10_000);
  assert.equal(machine.outputOf(opened[0]!.id)!.waiting.at(-2), 0xc0);
  assert.equal(machine.status.state, "connected");
  machine.tick(15_000);
  assert.equal(machine.status.reason, "keep_alive");
});

for (const sessionPresent of [true, false]) {
  Deno.test(`The local session has the remote window, and ${sessionPresent ? "keeps" : "forgets"} what came from a remote session that is ${sessionPresent ? "there" : "gone"}`, () => {
    const { machine, opened, locals } = machineOf({});
    machine.start(0);
    machine.opened(opened[0]!.id, 0);
    const properties = { receiveMaximum: 3 };
    const connack = encodePacket({ type: "connack", sessionPresent, reasonCode: 0, properties }, 5);
    machine.remoteBytes(opened[0]!.id, connack, 0, connack.length, 1);
    const { id, forgetsReceived } = locals.at(-1)!;
    assert.equal(forgetsReceived, !sessionPresent);
    const { waiting } = machine.outputOf(id)!;
    const length = frameLength(waiting, 0, waiting.length, Infinity);
    const connect = decodePacket(waiting, 0, length, 5) as Connect;
    assert.equal(connect.properties?.receiveMaximum, 3);
  });
}
