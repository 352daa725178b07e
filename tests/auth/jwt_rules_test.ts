import { strict as assert } from "node:assert";
import { bindRules } from "../../lib/auth/jwt/bound_rules.ts";
import { parseClaimedRules } from "../../lib/auth/jwt/claimed_rules.ts";
import { identity } from "./access_support.ts";

/** What the rules of a claim allow: `r` may be read, `w` written, `s` subscribed to. */
function rightsOf(claim: unknown, userName: string | undefined, clientId: string) {
  const acl = parseClaimedRules(claim);
  if (typeof acl === "string") throw new Error(acl);
  const rights = bindRules(acl, identity(userName, clientId));
  return (topic: string) =>
    (rights.decide("read", topic).isAllowed ? "r" : "") +
    (rights.mayWrite(topic) ? "w" : "") +
    (rights.decideSubscribe(topic).isAllowed ? "s" : "");
}

const LISTS = {
  pub: ["up/%c", "all/users"],
  sub: ["down/${clientid}/#", "of/${username}"],
  all: ["%u/%c/+", "$share-free/x"],
};
const RULES = [
  { permission: "allow", action: "publish", topic: "a/#" },
  { permission: "allow", action: "all", topic: "%u/x" },
  { permission: "deny", action: "all", topic: "a/secret" },
];

const CASES: [
  claim: unknown,
  user: string | undefined,
  client: string,
  topic: string,
  expected: string,
][] = [
  [LISTS, "alice", "c1", "up/c1", "w"],
  [LISTS, "alice", "c1", "up/c2", ""],
  [LISTS, "alice", "c1", "down/c1/x/y", "rs"],
  [LISTS, "alice", "c1", "down/#", "s"],
  [LISTS, "alice", "c1", "of/alice", "rs"],
  [LISTS, "alice", "c1", "of/bob", ""],
  [LISTS, "alice", "c1", "alice/c1/t", "rws"],
  [LISTS, undefined, "c1", "of/alice", ""],
  [LISTS, undefined, "c1", "up/c1", "w"],
  [RULES, "alice", "c1", "a/b", "w"],
  [RULES, "alice", "c1", "a/secret", ""],
  [RULES, "alice", "c1", "alice/x", "rws"],
  [{}, "alice", "c1", "a", ""],
  // A name that would be a wildcard or another level takes no place; what has no place for one holds.
  [LISTS, "alice", "#", "down/c1/x", ""],
  [LISTS, "alice", "+", "all/users", "w"],
  [LISTS, "a/b", "c1", "all/users", "w"],
  [LISTS, "alice", "x/y", "up/x/y", ""],
  [[...RULES, { permission: "deny", action: "all", topic: "b/%c" }], "alice", "x/y", "a/b", ""],
  // Who calls itself $SYS does not own that tree.
  [{ all: ["%c/#"] }, "alice", "$SYS", "$SYS/broker", ""],
];
for (const [claim, user, client, topic, expected] of CASES) {
  Deno.test(`${JSON.stringify(claim).slice(0, 30)}… allows ${user} with ${client} "${expected}" of ${topic}`, () => {
    assert.equal(rightsOf(claim, user, client)(topic), expected);
  });
}

const WRONG: [claim: unknown, problem: RegExp][] = [
  ["a/#", /neither an object nor a list/],
  [null, /neither an object nor a list/],
  [{ pub: "a" }, /pub is no list/],
  [{ write: ["a"] }, /"write" is none of pub, sub and all/],
  [{ pub: [7] }, /no text/],
  [{ pub: ["a/#/b"] }, /no Topic Filter/],
  [{ pub: [""] }, /no Topic Filter/],
  [{ sub: ["$share/g/a"] }, /no Topic Filter/],
  [{ pub: ["dev-%c/a"] }, /whole level/],
  [{ pub: ["a/${clientid}x"] }, /whole level/],
  [{ pub: ["a/${clientip}"] }, /whole level/],
  [{ pub: ["eq a"] }, /eq is not supported/],
  [[7], /no object/],
  [
    [{ permission: "allow", action: "publish", topic: "a", qos: [1] }],
    /"qos", which is not supported/,
  ],
  [[{ permission: "may", action: "publish", topic: "a" }], /neither allow nor deny/],
  [[{ permission: "deny", action: "publish", topic: "a" }], /must deny all/],
  [[{ permission: "allow", action: "read", topic: "a" }], /none of publish/],
  [{ pub: Array.from({ length: 1001 }, () => "a") }, /more than 1000/],
];
for (const [claim, problem] of WRONG) {
  Deno.test(`Rules that are not understood are refused as a whole: ${JSON.stringify(claim).slice(0, 60)}`, () => {
    const acl = parseClaimedRules(claim);
    assert(typeof acl === "string");
    assert.match(acl, problem);
  });
}
