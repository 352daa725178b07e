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

Deno.test("nodes that somebody makes up are known up to a limit, and forgotten when they are silent", () => {
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
  let nowMs = 0;
  let joined = 0;
  const members = new Members(
    { nats, prefix: "p", node: "own", log: LOG, nowMs: () => nowMs, timers: TIMERS },
    () => joined++,
  );
  for (let i = 0; i < 5000; i++) hear(bytes({ ...BEAT, node: `n${i}` }));
  equal(members.others.length, 1000);
  equal(members.nodes().length, 1000);
  equal(joined, 1000);
  nowMs = 10_000;
  members.look(true);
  deepEqual(members.others, []);
  hear(bytes(BEAT));
  deepEqual(members.others, ["a"]);
  // How long a node has been silent decides whether it is dead, also when it is not there any more.
  nowMs = 20_000;
  members.look(true);
  deepEqual(members.others, []);
  equal(members.heardAtMs("a"), 10_000);
  for (let i = 0; i < 5; i++) {
    for (let j = 0; j < 900; j++) hear(bytes({ ...BEAT, node: `${i} ${j}` }));
    nowMs += 10_000;
    members.look(true);
  }
  equal(members.heardAtMs("a"), -Infinity);
});
