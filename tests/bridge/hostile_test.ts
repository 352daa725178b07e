import { strict as assert } from "node:assert";
import type { BridgeOptions } from "../../lib/bridge/mod.ts";
import { BRIDGE_HOPS } from "../../lib/broker/mod.ts";
import { encodePacket, type Publish } from "../../lib/codec/mod.ts";
import { CONNACK, machineOf } from "../support/bridge_machine.ts";
import { hops, publishOf, relayOf } from "../support/bridge_relay.ts";

// What clients of either broker, and a remote broker that breaks the rules, can make a bridge pay. A message that the bridge cannot pass on
// is acknowledged and counted: if it ended the connection, it would come again with the next one, and end that, for ever.

/** The longest text of a property. */
const LONGEST = "x".repeat(65_535);

Deno.test("A list of brokers that has no room for one more is not passed on, either way", () => {
  const { give, there, here, counters } = relayOf({}, { maxHops: 16 });
  give("fromLocal", publishOf(1, hops(LONGEST)));
  assert.deepEqual(there(), []);
  assert.deepEqual(here(), [{ type: "puback", packetId: 7, reasonCode: 0 }]);
  give("fromRemote", publishOf(1, hops(LONGEST)));
  assert.deepEqual(here(), []);
  assert.deepEqual(there(), [{ type: "puback", packetId: 7, reasonCode: 0 }]);
  assert.deepEqual([...counters.dropped], [["too_many_hops", 2]]);
});

Deno.test("A message that prefix and hops make longer than this broker takes does not come in", () => {
  const { give, there, here, counters } = relayOf();
  const packet = (payloadBytes: number): Publish => ({
    ...publishOf(1),
    payload: new Uint8Array(payloadBytes),
  });
  const empty = encodePacket(packet(20_000), 5).length - 20_000;
  give("fromRemote", packet(70_000 - empty));
  assert.deepEqual(here(), []);
  assert.deepEqual(there(), [{ type: "puback", packetId: 7, reasonCode: 0 }]);
  assert.deepEqual([...counters.dropped], [["packet_too_large", 1]]);
  // The longest that fits comes in.
  const grown = encodePacket({ ...packet(20_000), properties: hops("far") }, 5).length - 20_000;
  give("fromRemote", packet(70_000 - grown));
  assert.equal(here().length, 1);
});

Deno.test("A name in a list of brokers that no packet can contain is the peer's fault", () => {
  const { relay, here } = relayOf();
  const bytes = encodePacket(publishOf(1, hops("a b")), 5);
  const at = bytes.indexOf(" ".charCodeAt(0), bytes.indexOf(BRIDGE_HOPS.charCodeAt(0)));
  bytes[at] = 0;
  assert.throws(() => relay.fromRemote(bytes, 0, bytes.length), { name: "MqttError" });
  assert.deepEqual(here(), []);
});

/** A bridge that is connected; `give` are bytes of the remote broker, read as the driver reads: not where the bridge says that it cannot take more. */
function connectedBridge(options: Partial<BridgeOptions> = {}) {
  const { machine, opened, warnings } = machineOf(options);
  machine.start(0);
  const { id } = opened[0]!;
  machine.opened(id, 0);
  machine.outputOf(id)!.clear();
  machine.remoteBytes(id, CONNACK, 0, CONNACK.length, 0);
  const give = (bytes: Uint8Array): number => {
    let at = 0;
    while (at < bytes.length && machine.mayRead(id)) {
      const end = Math.min(at + 65_536, bytes.length);
      machine.remoteBytes(id, bytes, at, end, 1);
      at = end;
    }
    return at;
  };
  return { machine, id, warnings, give };
}

Deno.test("A packet is read to its end, however long it is", () => {
  const { machine, give } = connectedBridge();
  const bytes = encodePacket({ ...publishOf(0), payload: new Uint8Array(1_900_000) }, 5);
  assert.equal(give(bytes), bytes.length);
  assert.deepEqual([...machine.counters.dropped], [["no_rule", 1]]);
});

Deno.test("A remote broker that reads no acknowledgements is not read any more", () => {
  const { machine, id, give } = connectedBridge();
  const one = encodePacket(publishOf(1), 5);
  const many = new Uint8Array(one.length * 100_000);
  for (let at = 0; at < many.length; at += one.length) many.set(one, at);
  for (let i = 0; i < 100; i++) give(many);
  const { length } = machine.outputOf(id)!;
  assert(length < 10 * 1024 * 1024, `${length} bytes wait`);
  // It is read again when it has read.
  machine.outputOf(id)!.clear();
  assert.equal(machine.mayRead(id), true);
});

Deno.test("A SUBACK that nobody waits for is the remote broker's fault, and a long one is told in one line", () => {
  const suback = (reasonCodes: number) =>
    encodePacket({ type: "suback", packetId: 1, reasonCodes: Array(reasonCodes).fill(0x87) }, 5);
  const unasked = connectedBridge();
  unasked.give(suback(1));
  assert.equal(unasked.machine.status.reason, "protocol_error");
  const asked = connectedBridge({
    topics: [{ pattern: "#", direction: "in", qos: 1, localPrefix: "", remotePrefix: "" }],
  });
  asked.give(suback(1_000_000));
  assert.equal(asked.machine.counters.dropped.get("subscription_refused"), 1_000_000);
  assert.equal(asked.warnings.length, 1);
});

/** What a bridge of ours subscribes to at the remote broker. */
const INCOMING = [
  { pattern: "#", direction: "in", qos: 1, localPrefix: "", remotePrefix: "" },
] as const;

Deno.test("A remote broker that never answers SUBSCRIBE is left, however well it answers pings", () => {
  const { machine, id } = connectedBridge({ topics: INCOMING, keepAliveSeconds: 10 });
  const pingresp = encodePacket({ type: "pingresp" }, 5);
  let nowMs = 1;
  while (machine.status.state === "connected" && nowMs < 600_000) {
    nowMs = Math.max(nowMs + 1, machine.nextMs);
    machine.remoteBytes(id, pingresp, 0, pingresp.length, nowMs);
    machine.tick(nowMs);
  }
  assert.equal(machine.status.reason, "timeout");
  assert(nowMs <= 60_000, `after ${nowMs} ms`);
});

Deno.test("A remote broker that answers SUBSCRIBE is not left", () => {
  const { machine, give } = connectedBridge({ topics: INCOMING, keepAliveSeconds: 0 });
  give(encodePacket({ type: "suback", packetId: 1, reasonCodes: [0] }, 5));
  assert.equal(machine.nextMs, Infinity);
});

for (const [own, server, wanted] of [[60, 0, 60], [60, 65_535, 60], [60, 10, 10], [0, 30, 30]]) {
  Deno.test(`A Server Keep Alive of ${server} does not keep a bridge with ${own} from noticing that nobody is there`, () => {
    const { machine, opened } = machineOf({ keepAliveSeconds: own! });
    machine.start(0);
    const { id } = opened[0]!;
    machine.opened(id, 0);
    const connack = encodePacket({
      type: "connack",
      sessionPresent: false,
      reasonCode: 0,
      properties: { serverKeepAlive: server! },
    }, 5);
    machine.remoteBytes(id, connack, 0, connack.length, 0);
    machine.outputOf(id)!.clear();
    machine.tick(wanted! * 1000);
    assert.deepEqual([...machine.outputOf(id)!.waiting], [0xc0, 0]);
    machine.tick(wanted! * 1500);
    assert.equal(machine.status.reason, "keep_alive");
  });
}
