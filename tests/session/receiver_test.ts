import { deepEqual, equal } from "node:assert/strict";
import { Receiver } from "../../lib/session/mod.ts";

const TABLE: readonly [
  held: boolean,
  event: "accept" | "release" | "holds",
  answer: boolean,
  heldAfter: boolean,
  meaning: string,
][] = [
  [false, "accept", true, true, "a new message [MQTT-4.3.3-8] [v3 MQTT-4.3.3-2]"],
  [true, "accept", false, true, "a repeat: not delivered again [MQTT-4.3.3-10] [v3 MQTT-4.3.3-2]"],
  [false, "release", false, false, "a PUBREL of nothing"],
  [true, "release", true, false, "the exchange is over [MQTT-4.3.3-11] [v3 MQTT-4.3.3-2]"],
  [false, "holds", false, false, "asking changes nothing"],
  [true, "holds", true, true, "asking changes nothing"],
];

for (const [held, event, answer, heldAfter, meaning] of TABLE) {
  Deno.test(`Receiver, Packet Identifier ${held ? "held" : "not held"}: ${event}() is ${answer}, ${meaning}`, () => {
    const receiver = new Receiver();
    if (held) receiver.accept(7);
    equal(receiver[event](7), answer);
    deepEqual([...receiver.values()], heldAfter ? [7] : []);
    equal(receiver.size, heldAfter ? 1 : 0);
  });
}

Deno.test("after its release the same Packet Identifier is a new message [MQTT-4.3.3-12] [v3 MQTT-4.3.3-2]", () => {
  const receiver = new Receiver();
  receiver.accept(1);
  receiver.release(1);
  equal(receiver.accept(1), true);
});

Deno.test("Packet Identifiers are held each on its own, in the order of their coming", () => {
  const receiver = new Receiver();
  for (const packetId of [65_535, 1, 300]) receiver.accept(packetId);
  receiver.release(1);
  deepEqual([...receiver.values()], [65_535, 300]);
});

Deno.test("what came on an earlier connection does not count against this one, and is held all the same", () => {
  const receiver = new Receiver();
  receiver.accept(1);
  receiver.accept(2);
  equal(receiver.recentSize, 2);
  receiver.resume();
  equal(receiver.recentSize, 0);
  equal(receiver.accept(1), false);
  receiver.accept(3);
  deepEqual([receiver.size, receiver.recentSize], [3, 1]);
  receiver.release(1);
  receiver.release(3);
  deepEqual([receiver.size, receiver.recentSize], [1, 0]);
});
