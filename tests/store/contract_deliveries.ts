import { deepEqual } from "node:assert/strict";
import type { Delivery } from "../../lib/broker/mod.ts";
import {
  committed,
  delivery,
  emptySession,
  forComparison,
  sequences,
  sessionsAfterCommit,
  type Test,
} from "./contract_support.ts";

/** Deliveries: their order, and where they stand. */
export function testDeliveries(test: Test): void {
  test("deliveries come back in the order of their sequence", async (opened) => {
    const { store } = opened;
    for (const clientId of ["a", "b"]) store.putSession(clientId, 60, Infinity);
    for (let sequence = 1; sequence <= 1000; sequence++) {
      store.putDelivery(sequence % 3 === 0 ? "b" : "a", delivery(sequence));
      if (sequence % 250 === 0) await committed(store);
    }
    for (let sequence = 1; sequence <= 1000; sequence += 7) {
      store.deleteDelivery(sequence % 3 === 0 ? "b" : "a", delivery(sequence));
    }
    const [a, b] = await sessionsAfterCommit(opened);
    const left = Array.from({ length: 1000 }, (_, i) => i + 1).filter((n) => n % 7 !== 1);
    deepEqual(sequences(a!), left.filter((sequence) => sequence % 3 !== 0));
    deepEqual(sequences(b!), left.filter((sequence) => sequence % 3 === 0));
  });

  const details: [what: string, given: Partial<Delivery>][] = [
    ["QoS 0", { qos: 0 }],
    ["QoS 1 and RETAIN", { qos: 1, retain: true }],
    ["QoS 2", { qos: 2 }],
    ["one Subscription Identifier", { subscriptionIdentifiers: [268_435_455] }],
    ["several Subscription Identifiers", { subscriptionIdentifiers: [3, 1, 2] }],
    ["a share", { share: "$share/gruppe ü/a/+/#" }],
    ["a large sequence", { sequence: 2 ** 45 }],
  ];
  for (const [what, given] of details) {
    test(`a delivery stays with ${what}`, async (opened) => {
      const one = { ...delivery(1), ...given };
      opened.store.putSession("a", 60, Infinity);
      opened.store.putDelivery("a", one);
      const [session] = await sessionsAfterCommit(opened);
      deepEqual(session!.deliveries, [{
        delivery: forComparison(one),
        packetId: 0,
        state: "published",
      }]);
    });
  }

  test("what is in flight stays with its Packet Identifier and state, in the order of redelivery [v3 MQTT-4.6.0-6]", async (opened) => {
    const { store } = opened;
    store.putSession("a", 60, Infinity);
    for (let sequence = 1; sequence <= 6; sequence++) store.putDelivery("a", delivery(sequence, 2));
    for (const [sequence, packetId] of [[1, 65_535], [2, 1], [3, 9], [4, 4]] as const) {
      store.putInFlight("a", sequence, packetId, "published");
    }
    store.putInFlight("a", 3, 9, "released");
    await committed(store);
    store.putInFlight("a", 1, 65_535, "released");
    const [session] = await sessionsAfterCommit(opened);
    const inFlight = session!.deliveries.filter(({ packetId }) => packetId > 0);
    deepEqual(
      inFlight.map(({ delivery, packetId, state }) => [delivery.sequence, packetId, state]),
      [[2, 1, "published"], [4, 4, "published"], [3, 9, "released"], [1, 65_535, "released"]],
    );
    const waiting = session!.deliveries.filter(({ packetId }) => packetId === 0);
    deepEqual(waiting.map(({ delivery }) => delivery.sequence), [5, 6]);
  });

  test("a delivery in flight is deleted like any other", async (opened) => {
    const { store } = opened;
    store.putSession("a", 60, Infinity);
    for (const sequence of [1, 2, 3]) {
      store.putDelivery("a", delivery(sequence, 2));
      store.putInFlight("a", sequence, sequence, "published");
    }
    store.putInFlight("a", 2, 2, "released");
    await committed(store);
    for (const sequence of [1, 2]) store.deleteDelivery("a", delivery(sequence));
    const [session] = await sessionsAfterCommit(opened);
    deepEqual(sequences(session!), [3]);
  });

  test("a delivery that comes and goes within one commit was never there", async (opened) => {
    const { store } = opened;
    store.putSession("a", 60, Infinity);
    const one = delivery(1, 2);
    store.putDelivery("a", one);
    store.putInFlight("a", 1, 1, "published");
    store.putInFlight("a", 1, 1, "released");
    store.deleteDelivery("a", one);
    deepEqual(await sessionsAfterCommit(opened), [emptySession("a")]);
  });
}
