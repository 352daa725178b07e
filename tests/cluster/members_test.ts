import { deepEqual, equal } from "node:assert/strict";
import { TIMERS } from "../../lib/cluster/engine.ts";
import type { Subjects } from "../../lib/cluster/engine.ts";
import { Members, parseBeat } from "../../lib/cluster/members.ts";

const LOG = { debugOn: false, debug() {}, info() {}, warning() {}, error() {} };
const BEAT = {
  node: "a",
  epoch: 5,
  sequence: 1,
  waiting: 0,
  clients: 2,
  sessions: 3,
  own: 1,
  losses: 0,
};
const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

Deno.test("of what a node says of itself only what is used is kept", () => {
  deepEqual(parseBeat(bytes({ ...BEAT, more: "x".repeat(1000), constructor: {} })), BEAT);
});

const none: [what: string, said: unknown][] = [
  ["nothing", null],
  ["a number", 5],
  ["no name", { ...BEAT, node: undefined }],
  ["an empty name", { ...BEAT, node: "" }],
  ["a name of a megabyte", { ...BEAT, node: "x".repeat(1_000_000) }],
  ["text where a number should be", { ...BEAT, clients: "<b>5</b>" }],
  ["no start", { ...BEAT, epoch: undefined }],
];
for (const [what, said] of none) {
  Deno.test(`who says ${what} is no node`, () => equal(parseBeat(bytes(said)), undefined));
}

/** Members whose time is the test's, and who hear what it says. */
function membersOf() {
  let hear: (payload: Uint8Array) => void = () => {};
  const nats: Subjects = {
    isConnected: true,
    maxPayloadBytes: 1_000_000,
    newInbox: () => "inbox",
    publish: () => true,
    subscribe(subject, handle) {
      hear = (payload) => handle({ subject, reply: "", headers: undefined, payload });
      return () => {};
    },
  };
  const world = { nowMs: 0, joined: 0, hear: (beat: unknown) => hear(bytes(beat)) };
  const init = { nats, prefix: "p", node: "own", log: LOG, timers: TIMERS };
  const members = new Members({ ...init, nowMs: () => world.nowMs }, () => world.joined++);
  return { members, world };
}

Deno.test("nodes that somebody makes up are known up to a limit, and forgotten when they are silent", () => {
  const { members, world } = membersOf();
  for (let i = 0; i < 5000; i++) world.hear({ ...BEAT, node: `n${i}` });
  equal(members.others.length, 1000);
  equal(members.nodes().length, 1000);
  equal(world.joined, 1000);
  world.nowMs = 10_000;
  members.look(true);
  deepEqual(members.others, []);
  world.hear(BEAT);
  deepEqual(members.others, ["a"]);
});

Deno.test("when a node was heard last is known also when it is not there any more", () => {
  const { members, world } = membersOf();
  equal(members.heardAtMs("a"), -Infinity);
  world.nowMs = 1000;
  world.hear(BEAT);
  world.nowMs = 6000;
  members.look(true);
  deepEqual(members.others, []);
  equal(members.heardAtMs("a"), 1000);
  // Nodes that somebody makes up are not remembered without end.
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 1000; i++) world.hear({ ...BEAT, node: `${round} ${i}` });
    world.nowMs += 10_000;
    members.look(true);
  }
  equal(members.heardAtMs("a"), -Infinity);
  equal(members.heardAtMs("2 999"), 26_000);
});

Deno.test("a node says which bridges it has and may have, up to a limit", () => {
  const names = Array.from({ length: 2000 }, (_, i) => `$bridge/${i}`);
  const beat = parseBeat(bytes({ ...BEAT, bridges: ["$bridge/a", 5, null], mayHave: names }));
  deepEqual(beat, { ...BEAT, bridges: ["$bridge/a"], mayHave: names.slice(0, 1000) });
  deepEqual(parseBeat(bytes({ ...BEAT, bridges: "x", mayHave: [] })), BEAT);
  deepEqual(parseBeat(bytes({ ...BEAT, leaves: true })), { ...BEAT, leaves: true });
  deepEqual(parseBeat(bytes({ ...BEAT, leaves: 1 })), BEAT);
});
