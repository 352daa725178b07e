import { strict as assert } from "node:assert";
import { ClientRights, parseAclFile } from "../../lib/auth/mod.ts";
import { possibleTopics } from "../../lib/auth/possible_topics.ts";
import { topicMatches } from "../../lib/topic/mod.ts";
import { Random } from "../support/random.ts";

const FILE = `# who may do what
topic read public/#
topic read
topic write outbox

user alice
topic home/#
topic deny home/safe/#
topic read home/safe/lamp
topic read two words
topic $SYS/broker/uptime

user bob
topic read home/+/temperature
topic write   cmd/#

user alice
topic write late

pattern read inbox/%u/#
pattern readwrite dev/%c/+
pattern deny dev/%c/locked
pattern read %c/own
`;

function rightsOf(text: string, userName: string | undefined, clientId = "c1"): ClientRights {
  const parsed = parseAclFile("acl", text);
  if (!parsed.isValid) throw new Error(parsed.problems.join("\n"));
  return new ClientRights(parsed.value, userName, clientId);
}

/** `""`: an anonymous client. `rw`: both; `-`: neither. The line is the one that decides about reading. */
const cases: [
  user: string,
  client: string,
  topic: string,
  may: string,
  line: number,
  why: string,
][] = [
  ["", "c1", "public/a", "r", 2, "lines before any user are for anonymous clients"],
  ["", "c1", "public", "r", 2, "# matches the parent as well"],
  ["", "c1", "read", "rw", 3, "a topic may be called read"],
  ["", "c1", "outbox", "w", 0, "write alone does not read"],
  ["alice", "c1", "public/a", "-", 0, "and for nobody else"],
  ["alice", "c1", "home/a/b", "rw", 7, "without an access it is readwrite"],
  ["alice", "c1", "home/safe/x", "-", 8, "deny comes first"],
  ["alice", "c1", "home/safe/lamp", "-", 8, "even before a later line that allows"],
  ["alice", "c1", "two words", "r", 10, "a topic may hold blanks"],
  ["alice", "c1", "late", "w", 0, "a second block of a user adds to the first"],
  ["alice", "c1", "$SYS/broker/uptime", "rw", 11, "a rule that begins with $ speaks of $ topics"],
  ["alice", "c1", "$SYS/broker/load", "-", 0, "no other does"],
  ["bob", "c1", "home/hall/temperature", "r", 14, "+ is one level"],
  ["bob", "c1", "home/hall/x/temperature", "-", 0, "and no more"],
  ["bob", "c1", "cmd/x", "w", 0, "blanks before a topic do not count"],
  ["carol", "c1", "inbox/carol/1", "r", 20, "patterns hold for users without lines of their own"],
  ["carol", "c1", "inbox/bob/1", "-", 0, "with their own name"],
  ["", "c1", "inbox/c1/1", "-", 0, "a pattern with %u is not for anonymous clients"],
  ["", "c1", "inbox//1", "-", 0, "nor does an empty level stand for their name"],
  ["", "c1", "dev/c1/x", "rw", 21, "one with %c is"],
  ["alice", "c1", "dev/c1/locked", "-", 22, "patterns that deny come before the others"],
  ["carol", "c+", "dev/c+/x", "-", 0, "a Client Identifier with a wildcard matches no pattern"],
  ["carol", "c/d", "dev/c/d", "-", 0, "nor one with a slash"],
  ["c/d", "c1", "inbox/c/d", "-", 0, "nor such a user name"],
  ["#", "c1", "dev/c1/x", "-", 0, "nor the other patterns of such a user"],
  ["carol", "own", "own/own", "r", 23, "%c may stand first"],
  ["carol", "$SYS", "$SYS/own", "-", 0, "but does not reach topics that begin with $"],
];
for (const [user, client, topic, may, line, why] of cases) {
  const userName = user === "" ? undefined : user;
  Deno.test(`${user || "anonymous"} as ${client} may ${may} ${topic}: ${why}`, () => {
    const rights = rightsOf(FILE, userName, client);
    const read = rights.decide("read", topic);
    const letters = (read.isAllowed ? "r" : "") + (rights.mayWrite(topic) ? "w" : "");
    assert.equal(letters || "-", may);
    assert.equal(read.rule?.line ?? 0, line);
    assert.equal(rights.mayWrite(topic), rights.decide("write", topic).isAllowed);
  });
}

/** Names that a client may give itself, and whether `pattern deny` lines hold for it. */
const denied: [clientId: string, topic: string][] = [
  ["$foo", "$foo/secret"],
  ["$SYS", "$SYS/secret"],
  ["foo", "foo/secret"],
  ["a+", "a+/secret"],
  ["#", "x/secret"],
];
for (const [clientId, topic] of denied) {
  Deno.test(`a pattern that denies holds for a client that calls itself ${clientId}`, () => {
    const rules = "pattern deny %c/secret\npattern readwrite #\npattern readwrite $foo/#\n" +
      "pattern readwrite $SYS/#\n";
    const rights = rightsOf(rules, undefined, clientId);
    assert(!rights.decide("read", topic).isAllowed);
    assert(!rights.mayWrite(topic));
    assert(!rights.decideSubscribe(topic).isAllowed);
  });
}

Deno.test("an empty user name has the rights of those who have none", () => {
  const rules = "topic read hall\nuser alice\ntopic read safe\npattern read own/%u/x\n";
  const rights = rightsOf(rules, "");
  assert(rights.decide("read", "hall").isAllowed);
  assert(!rights.decide("read", "safe").isAllowed);
  assert(!rights.decide("read", "own//x").isAllowed);
});

Deno.test("An ACL file without a line allows nothing", () => {
  assert(!rightsOf("# nothing\n", undefined).decide("read", "a").isAllowed);
});

const subscriptions: [user: string, filter: string, isGranted: boolean, why: string][] = [
  ["alice", "home/hall", true, "it may be read"],
  ["alice", "#", true, "something under it may be read"],
  ["alice", "home/safe/lamp", false, "it is denied"],
  ["alice", "home/safe/+", false, "all of it is denied"],
  ["alice", "home/+/lamp", true, "home/safe/lamp is denied, the others are not"],
  ["alice", "garden/#", false, "nothing speaks of it"],
  ["alice", "late", false, "it may only be written"],
  ["alice", "$SYS/#", true, "$SYS/broker/uptime is under it"],
  ["bob", "$SYS/#", false, "no line of his begins with $"],
  ["bob", "+/hall/#", true, "home/hall/temperature is under it"],
  ["bob", "+/hall", false, "nothing is under it"],
  ["carol", "inbox/+/x", true, "her own inbox is under it"],
  ["carol", "dev/c1/locked", false, "the pattern denies it"],
];
for (const [user, filter, isGranted, why] of subscriptions) {
  Deno.test(`SUBSCRIBE ${filter} of ${user} is ${isGranted ? "granted" : "refused"}: ${why}`, () => {
    assert.equal(rightsOf(FILE, user).decideSubscribe(filter).isAllowed, isGranted);
  });
}

Deno.test("SUBSCRIBE is granted where only deeper topics than all rules have may be read", () => {
  const rules = "topic read a/#\ntopic deny a\ntopic deny a/+\ntopic deny a/+/+\n";
  assert(rightsOf(rules, undefined).decideSubscribe("a/#").isAllowed);
  assert(!rightsOf(rules + "topic deny a/+/+/#\n", undefined).decideSubscribe("a/#").isAllowed);
});

/** Filters of up to `depth` levels over these names. */
function* filtersOf(names: readonly string[], depth: number): IterableIterator<string> {
  for (const name of names) {
    yield name;
    yield `${name}/#`;
    if (depth > 1) { for (const rest of filtersOf(names, depth - 1)) yield `${name}/${rest}`; }
  }
}
const FILTERS = ["#", ...filtersOf(["a", "b", "+"], 2)];
/** `z` stands for all names that no filter has. */
const NAMES = [...filtersOf(["a", "b", "z"], 4)].filter((name) => !name.includes("#"));

Deno.test("Two filters have possible topics exactly where a topic matches both", () => {
  for (const a of FILTERS) {
    for (const b of FILTERS) {
      const topics = [...possibleTopics(a, b, 3)];
      const isMet = NAMES.some((name) => topicMatches(a, name) && topicMatches(b, name));
      assert.equal(topics.length > 0, isMet, `${a} and ${b}`);
      for (const topic of topics) {
        assert(topicMatches(a, topic) && topicMatches(b, topic), `${topic} of ${a} and ${b}`);
      }
    }
  }
});

Deno.test("SUBSCRIBE is granted exactly where some topic under the filter may be read: 2,000 random files", () => {
  const random = new Random(4);
  for (let i = 0; i < 2000; i++) {
    const lines = Array.from(
      { length: 1 + random.int(6) },
      () =>
        `topic ${random.pick(["read", "write", "readwrite", "deny", "deny"])} ${
          random.pick(FILTERS)
        }`,
    );
    const rights = rightsOf(lines.join("\n"), undefined);
    const filter = random.pick(FILTERS);
    const isReadable = NAMES.some((name) =>
      topicMatches(filter, name) && rights.decide("read", name).isAllowed
    );
    const { isAllowed } = rights.decideSubscribe(filter);
    assert.equal(isAllowed, isReadable, `${filter} with\n${lines.join("\n")}`);
  }
});

const bad: [text: string, problem: string][] = [
  ["topics a", "acl:1: topics: Is not understood; a line is user, topic or pattern"],
  ["topic", "acl:1: topic: Must be followed by a topic"],
  ["topic   ", "acl:1: topic: Must be followed by a topic"],
  ["user", "acl:1: user: Must be followed by a user name"],
  [
    "# c\n\ntopic reed a",
    'acl:3: topic: Must have read, write, readwrite or deny before the topic, has "reed"',
  ],
  ["topic read a/#/b", 'acl:1: topic: Must have a Topic Filter, has "a/#/b"'],
  ["topic read a+", 'acl:1: topic: Must have a Topic Filter, has "a+"'],
  ["topic read $share/g/a", 'acl:1: topic: Must have a Topic Filter, has "$share/g/a"'],
  [
    "pattern read dev-%c/x",
    'acl:1: pattern: %c and %u must each be a whole level, as in a/%c/b; is "dev-%c/x"',
  ],
];
for (const [text, problem] of bad) {
  Deno.test(`An ACL file with ${JSON.stringify(text)} is refused`, () => {
    const parsed = parseAclFile("acl", text);
    assert.deepEqual(parsed, { isValid: false, problems: [problem] });
  });
}

Deno.test("The decisions that are remembered are those that were made, however many topics there are", () => {
  const rights = rightsOf("topic write a/+\n", undefined);
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 1000; i++) {
      assert(rights.mayWrite(`a/${i}`));
      assert(!rights.mayWrite(`b/${i}`));
    }
  }
});

Deno.test("whether a client may publish to a topic is remembered, but not of topics as long as it likes", () => {
  const rights = rightsOf(FILE, undefined);
  const asked: string[] = [];
  const decide = rights.decide.bind(rights);
  rights.decide = (access, topicName) => {
    asked.push(topicName);
    return decide(access, topicName);
  };
  const long = "o".repeat(60_000);
  for (const topicName of ["outbox", "outbox", long, long]) {
    assert.equal(rights.mayWrite(topicName), topicName === "outbox");
  }
  assert.deepEqual(asked, ["outbox", long, long]);
});
