import { deepEqual, equal } from "node:assert/strict";
import type { Store, Subscription } from "../../lib/broker/mod.ts";
import {
  ALL_PROPERTIES,
  aWill,
  committed,
  delivery,
  emptySession,
  filledSession,
  fillSession,
  sessionsAfterCommit,
  sortedByFilter,
  stateOf,
  subscription,
  type Test,
} from "./contract_support.ts";

/** Sessions, and what belongs to them beside deliveries. */
export function testSessions(test: Test): void {
  const expiries: [expirySeconds: number, expiresAtMs: number][] = [
    [60, Infinity],
    [Infinity, Infinity],
    [0xfffffffe, 1_700_000_000_123],
    [1, 0],
  ];
  for (const [expirySeconds, expiresAtMs] of expiries) {
    test(`a session of ${expirySeconds} s that expires at ${expiresAtMs} ms stays`, async (opened) => {
      opened.store.putSession("a", expirySeconds, expiresAtMs);
      const [session] = await sessionsAfterCommit(opened);
      deepEqual(session, emptySession("a", expirySeconds, expiresAtMs));
    });
  }

  test("Client Identifiers stay as they are", async (opened) => {
    const clientIds = [
      "",
      "é",
      "e\u0301",
      "日本",
      "\u{1f600}",
      "'; --",
      "x".repeat(65_535),
      "A",
      "a",
    ];
    for (const clientId of clientIds) opened.store.putSession(clientId, 1, Infinity);
    const sessions = await sessionsAfterCommit(opened);
    deepEqual(new Set(sessions.map(({ clientId }) => clientId)), new Set(clientIds));
  });

  test("putting a session again changes its times and nothing else", async ({ store, reopen }) => {
    fillSession(store, "a");
    await committed(store);
    store.putSession("a", 7, 8);
    await committed(store);
    const [session] = stateOf(await reopen()).sessions;
    deepEqual(session, filledSession("a", 7, 8));
  });

  test("a session is deleted with all that belongs to it, and no other", async (opened) => {
    const { store } = opened;
    fillSession(store, "a");
    fillSession(store, "b", 10);
    await committed(store);
    store.deleteSession("a");
    deepEqual(await sessionsAfterCommit(opened), [filledSession("b", 60, Infinity, 10)]);
  });

  test("a session that is put after its deletion is empty", async (opened) => {
    const { store } = opened;
    fillSession(store, "a");
    await committed(store);
    store.deleteSession("a");
    store.putSession("a", 5, Infinity);
    deepEqual(await sessionsAfterCommit(opened), [emptySession("a", 5, Infinity)]);
  });

  test("a session that comes and goes within one commit was never there", async (opened) => {
    fillSession(opened.store, "a");
    opened.store.deleteSession("a");
    deepEqual(await sessionsAfterCommit(opened), []);
    opened.store.putSession("a", 5, Infinity);
    deepEqual(await sessionsAfterCommit(opened), [emptySession("a", 5, Infinity)]);
  });

  const ignored: [what: string, write: (store: Store) => void][] = [
    ["deleteSession", (store) => store.deleteSession("b")],
    ["putSubscription", (store) => store.putSubscription("b", subscription("t"))],
    ["deleteSubscription", (store) => store.deleteSubscription("b", "t")],
    ["putDelivery", (store) => store.putDelivery("b", delivery(9))],
    ["putInFlight", (store) => store.putInFlight("b", 9, 1, "released")],
    ["deleteDelivery", (store) => store.deleteDelivery("b", delivery(9))],
    ["deleteDelivery of another session's", (store) => store.deleteDelivery("b", delivery(1))],
    ["deleteDelivery of none", (store) => store.deleteDelivery("a", delivery(9))],
    ["putReceived", (store) => store.putReceived("b", 1)],
    ["deleteReceived", (store) => store.deleteReceived("b", 1)],
    ["putWill", (store) => store.putWill("b", { will: aWill(), dueAtMs: 1 })],
    ["deleteWill", (store) => store.deleteWill("b")],
  ];
  for (const [what, write] of ignored) {
    test(`${what} for what is not stored is ignored, and no write`, async (opened) => {
      const { store } = opened;
      fillSession(store, "a");
      const { writes } = store;
      write(store);
      equal(store.writes, writes);
      deepEqual(await sessionsAfterCommit(opened), [filledSession("a")]);
    });
  }

  test("subscriptions stay with all their options", async (opened) => {
    const all: Subscription[] = [];
    for (const qos of [0, 1, 2] as const) {
      for (const noLocal of [false, true]) {
        for (const retainAsPublished of [false, true]) {
          const subscriptionIdentifier = all.length === 0 ? 0 : 268_435_455 - all.length;
          const topicFilter = `${all.length}/ü/+/#`;
          all.push({ topicFilter, qos, noLocal, retainAsPublished, subscriptionIdentifier });
        }
      }
    }
    all.push(subscription("$share/g/a/+"), subscription("/"), subscription("#"));
    opened.store.putSession("a", 60, Infinity);
    for (const one of all) opened.store.putSubscription("a", one);
    const [session] = await sessionsAfterCommit(opened);
    deepEqual(session!.subscriptions, sortedByFilter(all));
  });

  test("a subscription is replaced and deleted by its filter, in its session", async (opened) => {
    const { store } = opened;
    for (const clientId of ["a", "b"]) {
      store.putSession(clientId, 60, Infinity);
      for (const filter of ["t", "T", "t/#"]) store.putSubscription(clientId, subscription(filter));
    }
    await committed(store);
    store.putSubscription("a", subscription("t", 2));
    store.deleteSubscription("a", "t/#");
    const [a, b] = await sessionsAfterCommit(opened);
    deepEqual(a!.subscriptions, [subscription("T"), subscription("t", 2)]);
    deepEqual(b!.subscriptions, [subscription("T"), subscription("t"), subscription("t/#")]);
  });

  test("a subscription that comes, goes and comes back within one commit is there", async (opened) => {
    const { store } = opened;
    store.putSession("a", 60, Infinity);
    store.putSubscription("a", subscription("t"));
    store.deleteSubscription("a", "t");
    store.putSubscription("a", subscription("t", 2));
    store.putSubscription("a", subscription("gone"));
    store.deleteSubscription("a", "gone");
    const [session] = await sessionsAfterCommit(opened);
    deepEqual(session!.subscriptions, [subscription("t", 2)]);
  });

  test("received Packet Identifiers come and go, each in its session", async (opened) => {
    const { store } = opened;
    for (const clientId of ["a", "b"]) {
      store.putSession(clientId, 60, Infinity);
      for (const packetId of [1, 2, 65_535]) store.putReceived(clientId, packetId);
    }
    await committed(store);
    store.deleteReceived("a", 2);
    store.deleteReceived("a", 1);
    store.putReceived("a", 1);
    store.putReceived("a", 3);
    store.deleteReceived("a", 3);
    const [a, b] = await sessionsAfterCommit(opened);
    deepEqual([a!.received, b!.received], [[1, 65_535], [1, 2, 65_535]]);
  });

  test("a will stays with its fields until it is replaced or deleted", async (opened) => {
    const { store } = opened;
    const [plain, full] = [aWill(), aWill({ qos: 2, retain: true, properties: ALL_PROPERTIES })];
    for (const clientId of ["a", "b", "c"]) {
      store.putSession(clientId, 60, Infinity);
      store.putWill(clientId, { will: plain, dueAtMs: 1_700_000_000_123 });
    }
    await committed(store);
    store.putWill("b", { will: full, dueAtMs: 5 });
    store.deleteWill("c");
    deepEqual((await sessionsAfterCommit(opened)).map(({ will }) => will), [
      { will: plain, dueAtMs: 1_700_000_000_123 },
      { will: full, dueAtMs: 5 },
      undefined,
    ]);
  });

  test("the will of a connected client stays with its delay, and that of an orphan", async (opened) => {
    const { store } = opened;
    const will = aWill({ properties: { contentType: "c", willDelayInterval: 30 } });
    const plain = aWill();
    store.putSession("a", 60, Infinity);
    store.putWill("a", { will, dueAtMs: Infinity });
    store.putSession("b", 60, Infinity);
    store.putWill("b", { will: plain, dueAtMs: Infinity });
    store.putSession("c", 60, Infinity);
    store.putWill("c", { will: plain, dueAtMs: 5, isOrphan: true });
    deepEqual((await sessionsAfterCommit(opened)).map(({ will }) => will), [
      { will, dueAtMs: Infinity },
      { will: plain, dueAtMs: Infinity },
      { will: plain, dueAtMs: 5, isOrphan: true },
    ]);
  });

  test("a will without a session stays, and nothing else with it, before and after a crash", async (opened) => {
    const will = { will: aWill(), dueAtMs: Infinity };
    opened.store.putSession("a", 0, Infinity, "owner");
    opened.store.putWill("a", will);
    const expected = [{ ...emptySession("a", 0), owner: "owner", will }];
    for (let crashes = 0; crashes < 2; crashes++) {
      const { store } = opened;
      const { writes } = store;
      store.putSubscription("a", subscription("t"));
      store.putDelivery("a", delivery(1));
      store.putReceived("a", 1);
      equal(store.writes, writes);
      deepEqual(await sessionsAfterCommit(opened), expected);
    }
  });

  const ends: [what: string, end: (store: Store) => void][] = [
    ["deleteWill", (store) => store.deleteWill("a")],
    ["deleteSession", (store) => store.deleteSession("a")],
  ];
  for (const [what, end] of ends) {
    for (const isCommitted of [false, true]) {
      const when = isCommitted ? "its commit" : "it was written";
      test(`a will without a session goes with ${what} after ${when}`, async (opened) => {
        const { store } = opened;
        store.putSession("a", 0, Infinity);
        store.putWill("a", { will: aWill(), dueAtMs: Infinity });
        if (isCommitted) await committed(store);
        end(store);
        deepEqual(await sessionsAfterCommit(opened), []);
      });
    }
  }

  test("a session begins where there was a will alone, and keeps it until it is deleted", async (opened) => {
    const { store } = opened;
    store.putSession("a", 0, Infinity);
    store.putWill("a", { will: aWill(), dueAtMs: Infinity });
    await committed(store);
    store.putSession("a", 60, Infinity);
    store.putReceived("a", 1);
    const will = { will: aWill(), dueAtMs: Infinity };
    deepEqual(await sessionsAfterCommit(opened), [{ ...emptySession("a"), received: [1], will }]);
    opened.store.deleteWill("a");
    deepEqual(await sessionsAfterCommit(opened), [{ ...emptySession("a"), received: [1] }]);
  });
}
