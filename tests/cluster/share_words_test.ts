import { deepEqual, equal } from "node:assert/strict";
import type { Message, SessionChange, ShareChange, SharedDelivery } from "../../lib/broker/mod.ts";
import { NOBODY, SharePending } from "../../lib/cluster/share_pending.ts";
import { ShareSessions } from "../../lib/cluster/share_sessions.ts";
import { ShareWords, type ShareWork } from "../../lib/cluster/share_words.ts";
import { EmptyStore } from "../../lib/cluster/empty_store.ts";
import { MemoryStore } from "../../lib/store/mod.ts";
import { Lines } from "./support.ts";

const SHARE = "$share/g/a";

/** What is told of members and work that a test sets. */
function stage() {
  const told: ShareChange[] = [];
  const members = { connected: 1, kept: 0 };
  const work: { now: ShareWork | undefined } = { now: undefined };
  const words = new ShareWords(
    { share: (change) => told.push(change) },
    () => ({ ...members }),
    () => work.now,
  );
  words.isWriting = true;
  return { told, members, work, words };
}

Deno.test("ShareWords: what is done with is told once, with what is not between it", () => {
  const { told, work, words } = stage();
  work.now = { pending: [1, 2, 3, 4, 5], left: new Set([2, 5, 9]), at: 7 };
  deepEqual([words.tellDone(SHARE), words.tellDone(SHARE)], [true, false]);
  deepEqual(told, [{ kind: "done", share: SHARE, upTo: 4, except: [2], at: 7 }]);
  words.doneApplied(SHARE);
  equal(words.tellDone(SHARE), true);
  work.now = { pending: [2], left: new Set([2]), at: 7 };
  equal(words.tellDone(SHARE), false);
  // It cannot be known.
  work.now = undefined;
  equal(words.tellDone(SHARE), false);
});

Deno.test("ShareWords: of very much that is not done a part is told", () => {
  const { told, work, words } = stage();
  const pending = Array.from({ length: 5000 }, (_, i) => i + 1);
  work.now = { pending, left: new Set(pending.filter((logId) => logId % 2 === 0)), at: 1 };
  words.tellDone(SHARE);
  const [change] = told;
  if (change?.kind !== "done") throw new Error("Nothing was told");
  equal(change.except.length, 1000);
  // The next one that is not done stands behind it.
  equal(change.upTo, 2001);
});

Deno.test("ShareWords: the last member leaves: first what is done with, and nothing new until the log has that", () => {
  const { told, members, work, words } = stage();
  words.changed(SHARE);
  words.flush();
  members.connected = 0;
  work.now = { pending: [1, 2], left: new Set([2]), at: 3 };
  words.changed(SHARE);
  equal(words.isUnsettled(SHARE), true);
  words.flush();
  deepEqual(told.map((change) => change.kind), ["members", "done", "members"]);
  equal(words.isLeaving(SHARE), true);
  members.connected = 1;
  words.changed(SHARE);
  words.flush();
  words.noneApplied(SHARE);
  deepEqual([words.isLeaving(SHARE), words.isUnsettled(SHARE)], [false, false]);
  deepEqual(told.at(-1), { kind: "members", share: SHARE, members: { connected: 1, kept: 0 } });
  // The same again is no news, unless others may have forgotten it.
  words.changed(SHARE);
  words.flush();
  equal(told.length, 4);
  words.repeat([SHARE]);
  words.flush();
  equal(told.length, 5);
});

Deno.test("ShareSessions: a shared subscription is expected as long as a session has it", () => {
  const sessions = new ShareSessions();
  const subscription = {
    topicFilter: SHARE,
    qos: 1,
    noLocal: false,
    retainAsPublished: false,
    subscriptionIdentifier: 0,
  } as const;
  const change = (given: object) => sessions.changed({ clientId: "c", ...given } as SessionChange);
  sessions.add("d", [{ topicFilter: "a" }]);
  deepEqual([sessions.has("a"), sessions.has(SHARE)], [false, false]);
  deepEqual(change({ kind: "subscribed", subscription }), []);
  sessions.add("d", [subscription]);
  deepEqual(change({ kind: "unsubscribed", topicFilter: SHARE }), []);
  equal(sessions.has(SHARE), true);
  change({ kind: "session", subscriptions: [subscription] });
  deepEqual(change({ kind: "ended" }), []);
  deepEqual([sessions.ended("d"), sessions.has(SHARE)], [[SHARE], false]);
});

const message = (logId: number, payload = new Uint8Array(1)): Message => ({
  topicName: "a",
  payload,
  qos: 1,
  retain: false,
  properties: undefined,
  expiresAtMs: Infinity,
  publisherId: "p",
  logId,
});
const idsOf = (deliveries: Iterable<SharedDelivery>) =>
  [...deliveries].map(({ node, message }) => `${node} ${message.logId}`);

Deno.test("SharePending: what goes to another node is there once, also in the store, and found again", () => {
  const store = new MemoryStore();
  const pending = new SharePending(new Lines(), store);
  for (const logId of [3, 1, 2]) pending.add("a", SHARE, message(logId), logId);
  pending.add("a", SHARE, message(2), 4);
  deepEqual(pending.takeAll("a").map(([, { logId }]) => logId), [1, 2, 3]);
  pending.add("b", SHARE, message(1), 5);
  pending.add(NOBODY, SHARE, message(2), 5);
  deepEqual([pending.sharesOf("a"), pending.sharesOf("b")], [[], [SHARE]]);
  store.commit();
  const again = new SharePending(new Lines(), store);
  for (const delivery of store.load().shared ?? []) again.restored(delivery);
  deepEqual(idsOf(again.all), ["b 1", " 2"]);
  // What came to it behind that is not meant.
  again.done("b", SHARE, 9, [], 4);
  equal(again.of("b", SHARE).size, 1);
  again.done("b", SHARE, 9, [], 5);
  equal(again.of("b", SHARE).size, 0);
  again.clear();
  store.commit();
  deepEqual([...store.load().shared ?? []], []);
});

Deno.test("SharePending: of too much the oldest is forgotten, which is said once", () => {
  const lines = new Lines();
  const pending = new SharePending(lines, new EmptyStore());
  const record = new Uint8Array(20 * 1024 * 1024);
  for (let i = 1; i <= 5; i++) {
    // A part of a record does not keep the whole of it in memory.
    pending.add("a", SHARE, message(i, record.subarray(0, record.length - 1)), i);
  }
  deepEqual(idsOf(pending.all), ["a 3", "a 4", "a 5"]);
  equal(pending.all[0]!.message.payload.buffer.byteLength, record.length - 1);
  equal(lines.lines.length, 1);
});
