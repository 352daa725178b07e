import { deepEqual, equal } from "node:assert/strict";
import type { LogPort, SessionChange } from "../../lib/broker/mod.ts";
import { firstPlaceOf } from "../../lib/cluster/record.ts";
import { Homes } from "../../lib/cluster/homes.ts";
import { OwnSessions } from "../../lib/cluster/own_sessions.ts";
import type { ChangeLog } from "../../lib/cluster/session_ports.ts";
import { SharedSessions } from "../../lib/cluster/sessions.ts";

const SILENT: LogPort = {
  debugOn: false,
  debug: () => {},
  info: () => {},
  warning: () => {},
  error: () => {},
};

function newSessions(node: string, log: ChangeLog): SharedSessions {
  const homes = new Homes(node);
  return new SharedSessions(node, homes, new OwnSessions(node, homes, log, SILENT));
}

/** The sessions of node `n1` that has `c`, and has applied five records; and what it tells others. */
function sessionsOf() {
  const told: SessionChange[] = [];
  const sessions = newSessions("n1", { change: (one) => told.push(one) > 0 });
  sessions.own.begin({ firstPending: () => Infinity, subscriptionsOf: () => [] }, () => 5);
  sessions.claimed("c", "n1", true, 1);
  return { sessions, told };
}

Deno.test("a subscription that has ended is followed by a floor: what other nodes queued before they heard of it goes", () => {
  const { sessions, told } = sessionsOf();
  sessions.own.done.applied({ kind: "unsubscribed", clientId: "c", topicFilter: "t" });
  equal(sessions.own.done.tell(), true);
  deepEqual(told, [{ kind: "done", clientId: "c", floor: firstPlaceOf(6), above: [] }]);
  equal(sessions.own.done.tell(), false);
});

Deno.test("what a client's former node writes before it knows better does not count, of any QoS", () => {
  const { sessions } = sessionsOf();
  equal(sessions.claimed("c", "n2", true, 9), true);
  const counts = (node: string, since: number) =>
    [false, true].map((isOnce) => sessions.homes.mayPublish("c", { node, since }, isOnce));
  deepEqual(counts("n1", 8), [false, false]);
  deepEqual(counts("n2", 8), [false, false]);
  deepEqual(counts("n2", 9), [true, true]);
  // It ends there: nobody has it, and of the former node still nothing counts that is to come once.
  sessions.claimed("c", "n2", false, 12);
  deepEqual(counts("n1", 8), [true, false]);
  const session = { kind: "session", clientId: "c", expirySeconds: 9, expiresAtMs: 0 } as const;
  equal(sessions.homes.counts({ ...session, owner: undefined }, { node: "n1", since: 8 }), false);
  equal(sessions.homes.counts({ ...session, owner: undefined }, { node: "n1", since: 9 }), true);
});

Deno.test("what a session's node writes does not begin it again, where its client has come to another node without one", () => {
  const { sessions } = sessionsOf();
  sessions.claimed("c", "n1", true, 5);
  sessions.claimed("c", "n2", false, 9, true);
  const session = { kind: "session", clientId: "c", expirySeconds: 9, expiresAtMs: 0 } as const;
  equal(sessions.homes.counts({ ...session, owner: undefined }, { node: "n1", since: 5 }), false);
  equal(sessions.homes.mayPublish("c", { node: "n2", since: 5 }, false), true);
  equal(sessions.homes.counts({ ...session, owner: undefined }, { node: "n1", since: 9 }), true);
});

Deno.test("what a node wrote of a session before it had applied its own claim does not count, where nobody had the session", () => {
  const { sessions } = sessionsOf();
  // To its node the session seemed to be there still, when it had ended elsewhere.
  sessions.claimed("new", "n2", true, 20);
  const counts = (since: number) => sessions.homes.mayPublish("new", { node: "n2", since }, true);
  deepEqual([counts(19), counts(20)], [false, true]);
});

Deno.test("every node that had a session before is kept from speaking of it when it has ended, after a restart too", () => {
  const { sessions } = sessionsOf();
  sessions.claimed("c", "n2", true, 9);
  sessions.claimed("c", "n3", true, 12);
  const stored = sessions.ownerOf("c", undefined)!;
  equal(stored.endsWith("n3@12,n1,n2"), true);
  const again = newSessions("n3", { change: () => true });
  again.restored("c", "n3@12,n1,n2", false);
  for (const one of [sessions, again]) {
    one.claimed("c", "n3", false, 14);
    // One of them has come to know.
    one.homes.fences.seen("n2", 12);
    equal(one.homes.mayPublish("c", { node: "n1", since: 1 }, true), false);
  }
});

Deno.test("places of a log that is another one by now keep nobody from speaking", () => {
  const { sessions } = sessionsOf();
  sessions.claimed("c", "n2", true, 900);
  sessions.homes.forgetBehind(0);
  equal(sessions.homes.mayPublish("c", { node: "n2", since: 0 }, true), true);
});

Deno.test("each claim of this node tells that it knows the log up to there: others may have known of a node before", () => {
  const { sessions } = sessionsOf();
  equal(sessions.claimed("new", "n1", true, 20), true);
  equal(sessions.claimed("new", "n1", true, 21), true);
  equal(sessions.claimed("other", "n2", true, 22), false);
});

Deno.test("what is done with is stored behind the session's node, and found again", () => {
  const { sessions } = sessionsOf();
  sessions.keepDone("c", "2048,4096");
  equal(sessions.ownerOf("c", '["user"]'), '["user"]n1@1@2048,4096');
  equal(sessions.restored("c", "n1@7@2048,4096", false), "2048,4096");
  equal(sessions.ownerOf("c", '["user"]'), '["user"]n1@7@2048,4096');
  equal(sessions.restored("d", "n1", false), "");
  equal(sessions.ownerOf("d", undefined), "]n1");
});

Deno.test("a bridge goes to no node that did not know where it is; a client goes where it connects", () => {
  const { sessions } = sessionsOf();
  const id = "$bridge/far";
  const isStale = (clientId: string, node: string, since: number) =>
    sessions.homes.isStale(clientId, { node, since });
  equal(isStale(id, "n1", 0), false);
  sessions.claimed(id, "n1", true, 7);
  sessions.inherited("n1", "n2", 9);
  deepEqual([8, 9].map((since) => isStale(id, "n1", since)), [true, false]);
  // Its own node speaks of it in any case.
  equal(isStale(id, "n2", 0), false);
  equal(isStale("c", "n1", 0), false);
});
