import { deepEqual, equal, notEqual } from "node:assert/strict";
import type { KeptMessage } from "../../lib/broker/mod.ts";
import {
  aMessage,
  committed,
  delivery,
  filledSession,
  fillSession,
  forComparison,
  messageForComparison,
  Retainer,
  sequences,
  sessionsAfterCommit,
  sorted,
  stateAfterCommit,
  stateOf,
  type Test,
} from "./contract_support.ts";

/** Messages that differ from an ordinary one, and what makes them so. */
const MESSAGES: readonly [what: string, given: Partial<KeptMessage>][] = [
  ["nothing special", {}],
  ["no payload", { payload: new Uint8Array() }],
  ["every byte", { payload: Uint8Array.from({ length: 256 }, (_, i) => i) }],
  ["QoS 0", { qos: 0 }],
  ["QoS 2 and RETAIN", { qos: 2, retain: true }],
  ["an expiry", { expiresAtMs: 1_700_000_000_123 }],
  ["an expiry of 136 years", { expiresAtMs: 1_700_000_000_123 + 0xfffffffe * 1000 }],
  ["a publisher with accents", { publisherId: "é日\u{1f600}" }],
  ["no publisher", { publisherId: "" }],
  ["a topic of 65,535 bytes", { topicName: "ü/".repeat(21_845) }],
  ["a topic of its own kind", { topicName: "/\u{1f600}//e\u0301/\uFEFF" }],
  ["5 MB", { payload: new Uint8Array(5_000_000).fill(0xa5) }],
  ["Payload Format", { properties: { payloadFormatIndicator: 1 } }],
  ["Content Type and Response Topic", { properties: { contentType: "", responseTopic: "r/é" } }],
  ["Correlation Data", { properties: { correlationData: Uint8Array.of(0, 255, 0, 128) } }],
  ["empty Correlation Data", { properties: { correlationData: new Uint8Array() } }],
  [
    "User Properties in order, names twice",
    { properties: { userProperties: [["b", "1"], ["a", ""], ["b", "1"], ["", "\u{1f600}"]] } },
  ],
];

/** Messages: all their fields, and that shared ones stay shared. */
export function testMessages(test: Test): void {
  for (const [what, given] of MESSAGES) {
    test(`a delivered and a retained message stay with ${what}`, async ({ store, reopen }) => {
      const message = aMessage(given);
      store.putSession("a", 60, Infinity);
      store.putDelivery("a", delivery(1, 1, message));
      new Retainer(store).put(given);
      await committed(store);
      const { sessions, retained } = stateOf(await reopen());
      deepEqual(sessions[0]!.deliveries[0]!.delivery.message, forComparison({ message }).message);
      deepEqual(retained, [messageForComparison(message)]);
    });
  }

  test("a message that several deliveries share is one message, then and afterwards", async ({ store, reopen }) => {
    const [shared, other] = [aMessage(), aMessage()];
    for (const clientId of ["a", "b", "c"]) store.putSession(clientId, 60, Infinity);
    store.putDelivery("a", delivery(1, 1, shared));
    store.putDelivery("b", delivery(2, 2, shared));
    const { storeId } = shared;
    notEqual(storeId, 0);
    await committed(store);
    store.putDelivery("c", delivery(3, 0, shared));
    store.putDelivery("c", delivery(4, 0, other));
    equal(shared.storeId, storeId);
    notEqual(other.storeId, storeId);
    await committed(store);
    const [a, b, c] = sorted(await reopen());
    const message = a!.deliveries[0]!.delivery.message;
    equal(b!.deliveries[0]!.delivery.message, message);
    equal(c!.deliveries[0]!.delivery.message, message);
    notEqual(c!.deliveries[1]!.delivery.message, message);
    notEqual(message.storeId, 0);
  });

  test("a shared message stays until its last delivery is gone, and may come again then", async (opened) => {
    const { store } = opened;
    const shared = aMessage();
    const deliveries = [1, 2, 3].map((sequence) => delivery(sequence, 1, shared));
    for (const clientId of ["a", "b"]) store.putSession(clientId, 60, Infinity);
    store.putDelivery("a", deliveries[0]!);
    store.putDelivery("b", deliveries[1]!);
    await committed(store);
    store.deleteSession("a");
    await committed(store);
    store.deleteDelivery("b", deliveries[1]!);
    await committed(store);
    store.putDelivery("b", deliveries[2]!);
    const [b] = await sessionsAfterCommit(opened);
    deepEqual(b!.deliveries.map((stored) => stored.delivery), [forComparison(deliveries[2]!)]);
  });

  test("a shared message moves from one session to another within one commit", async (opened) => {
    const { store } = opened;
    const shared = aMessage();
    for (const clientId of ["a", "b"]) store.putSession(clientId, 60, Infinity);
    store.putDelivery("a", delivery(1, 1, shared));
    await committed(store);
    store.deleteDelivery("a", delivery(1, 1, shared));
    store.putDelivery("b", delivery(2, 1, shared));
    const [a, b] = await sessionsAfterCommit(opened);
    deepEqual([sequences(a!), sequences(b!)], [[], [2]]);
  });

  test("a retained message is replaced and deleted by its topic", async ({ store, reopen }) => {
    const retainer = new Retainer(store);
    const put = (topicName: string, byte: number) =>
      retainer.put({ topicName, payload: Uint8Array.of(byte), retain: true });
    for (const topicName of ["a", "A", "a/b"]) put(topicName, 1);
    await committed(store);
    put("a", 2);
    retainer.delete("A");
    retainer.delete("never");
    put("gone", 3);
    retainer.delete("gone");
    await committed(store);
    const { retained } = stateOf(await reopen());
    deepEqual(retained.map(({ topicName, payload }) => [topicName, payload[0]]), [
      ["a", 2],
      ["a/b", 1],
    ]);
  });

  test("a retained message and its deliveries go each on their own", async (opened) => {
    const { store } = opened;
    const message = aMessage({ retain: true });
    store.putSession("a", 60, Infinity);
    const retainer = new Retainer(store);
    retainer.put(message);
    store.putDelivery("a", delivery(1, 1, message));
    await committed(store);
    retainer.delete(message.topicName);
    const state = await stateAfterCommit(opened);
    deepEqual([sequences(state.sessions[0]!), state.retained], [[1], []]);
  });

  test("what a reopened store says can be changed by its next broker", async (opened) => {
    fillSession(opened.store, "a");
    await committed(opened.store);
    const [before] = [...(await opened.reopen()).sessions];
    const { store } = opened;
    const loaded = before!.deliveries.find(({ packetId }) => packetId > 0)!;
    store.putInFlight("a", loaded.delivery.sequence, loaded.packetId, "released");
    store.putDelivery("a", delivery(100));
    // The message that was loaded may be shared anew.
    store.putDelivery("a", delivery(101, 1, loaded.delivery.message));
    await committed(store);
    const [between] = [...(await opened.reopen()).sessions];
    deepEqual(between!.deliveries.map(({ state }) => state).sort(), [
      ...Array(3).fill("published"),
      "released",
    ]);
    for (const stored of between!.deliveries) opened.store.deleteDelivery("a", stored.delivery);
    const [after] = await sessionsAfterCommit(opened);
    deepEqual(after, { ...filledSession("a"), deliveries: [] });
  });
}
