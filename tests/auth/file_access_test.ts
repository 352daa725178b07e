import { strict as assert } from "node:assert";
import { DEFAULT_LISTENER_ACCESS, FileAccess, hashPassword } from "../../lib/auth/mod.ts";
import {
  authenticate,
  identity,
  LogLines,
  MemoryFiles,
  openFiles,
  outcome,
} from "./access_support.ts";

const hash = (password: string) => hashPassword(new TextEncoder().encode(password), 10);
const PASSWORDS = `alice:${hash("secret")}\nbob:${hash("builder")}\nnone:${hash("")}\n`;

type Row = [
  user: string | undefined,
  password: string | undefined,
  allowAnonymous: boolean,
  outcome: string,
  why: string,
];
const withFile: Row[] = [
  ["alice", "secret", false, "in", "the password is right"],
  ["alice", "Secret", false, "86", "the password is wrong"],
  ["alice", undefined, false, "86", "there is no password"],
  ["alice", "", true, "86", "an empty password is none"],
  ["none", "", true, "86", "an empty password is none, although the hash is that of one"],
  ["none", undefined, true, "86", "no password is none either"],
  ["carol", "secret", false, "86", "there is no such user"],
  ["carol", "secret", true, "86", "nor is one let in because anonymous clients are"],
  ["", "secret", false, "87", "an empty name is none, and anonymous clients are not let in"],
  ["", "secret", true, "in", "who has an empty name is anonymous, as in mosquitto"],
  [undefined, undefined, false, "87", "anonymous clients are not let in"],
  [undefined, undefined, true, "in", "anonymous clients are let in"],
  [undefined, "secret", true, "in", "a password without a user name says nothing"],
];
const withoutFile: Row[] = [
  ["carol", "x", true, "in", "without a file a name is taken as it is given"],
  ["carol", "x", false, "87", "but not where anonymous clients are kept out"],
  [undefined, undefined, false, "87", "as anonymous ones are"],
];
for (
  const [rows, files] of [[withFile, { password_file: PASSWORDS }], [withoutFile, {}]] as const
) {
  for (const [user, password, allowAnonymous, expected, why] of rows) {
    const what = "password_file" in files ? "With" : "Without";
    Deno.test(`${what} a password file ${user}, ${password}, allow_anonymous ${allowAnonymous}: ${expected}, since ${why}`, async () => {
      const { access } = openFiles(files);
      const verdict = await authenticate(access, user, password, { allowAnonymous });
      assert.equal(outcome(verdict), expected);
    });
  }
}

Deno.test("clientid_prefixes keeps others out, with the right password too", async () => {
  const { access, log } = openFiles({ password_file: PASSWORDS }, { clientIdPrefixes: "dev-" });
  const ask = async (clientId: string) =>
    outcome(await authenticate(access, "alice", "secret", { clientId }));
  assert.deepEqual([await ask("dev-1"), await ask("c1"), await ask("Dev-1")], ["in", "87", "87"]);
  const line = "warning: Client Identifier does not begin with clientid_prefixes";
  assert.deepEqual(log.lines, [line, line]);
});

const certificate = { subject: "CN=pump-7,O=Works", commonName: "pump-7", fingerprint: "" };
for (
  const [part, more, expected] of [
    ["common_name", { certificate }, "in as pump-7"],
    ["subject", { certificate }, "in as CN=pump-7,O=Works"],
    ["common_name", {}, "87"],
    ["common_name", { certificate: { ...certificate, commonName: "" } }, "87"],
  ] as const
) {
  Deno.test(`A certificate's ${part} is the user name, of ${JSON.stringify(more)}: ${expected}`, async () => {
    const { access } = openFiles({ password_file: PASSWORDS }, { certificateUserName: part });
    assert.equal(outcome(await authenticate(access, "alice", "secret", more)), expected);
  });
}

Deno.test("A user that does not exist is checked as long as one that does", async () => {
  const { access } = openFiles({
    password_file: `alice:${hashPassword(new Uint8Array(1), 50_000)}`,
  });
  const timeOf = async (user: string) => {
    const startMs = performance.now();
    await authenticate(access, user, crypto.randomUUID());
    return performance.now() - startMs;
  };
  let [known, unknown] = [Infinity, Infinity];
  // In turn, so that what else the machine does slows both.
  for (let i = 0; i < 8; i++) {
    known = Math.min(known, await timeOf("alice"));
    unknown = Math.min(unknown, await timeOf("nobody"));
  }
  assert(unknown > known / 3 && unknown < known * 3, `${known} ms and ${unknown} ms`);
});

Deno.test("Who fails again and again waits, is told so at last, and is counted by address; who is known does not wait", async () => {
  const { access, log } = openFiles({ password_file: PASSWORDS }, {}, 0.05);
  assert.equal(outcome(await authenticate(access, "bob", "builder")), "in");
  const outcomes = new Set<string>();
  for (let i = 0; i < 4; i++) {
    const tries = Array.from(
      { length: 4 },
      (_, j) => authenticate(access, "alice", `wrong${i}${j}`),
    );
    for (const verdict of await Promise.all(tries)) outcomes.add(outcome(verdict));
  }
  assert.deepEqual([...outcomes].sort(), ["86", "9f"]);
  assert.equal(outcome(await authenticate(access, "bob", "builder")), "in");
  const elsewhere = { remoteAddress: "192.0.2.9:1" };
  assert.equal(outcome(await authenticate(access, "alice", "secret", elsewhere)), "in");
  assert(access.failures.get("192.0.2.1")! >= 5);
  assert(log.lines.every((line) => line === "warning: Wrong user name or password"));
});

Deno.test("Only what the rules of a listener's own file allow is allowed; another listener is free", () => {
  const acl = "user alice\ntopic read a/#\ntopic write b\n";
  const { access } = openFiles({ acl_file: acl });
  const alice = identity("alice");
  assert(access.checksTopics);
  assert.deepEqual(
    [access.mayRead(alice, "a/1"), access.mayRead(alice, "b"), access.mayPublish(alice, "b")],
    [true, false, true],
  );
  assert.deepEqual(["a/#", "#", "b", "c"].map((filter) => access.maySubscribe(alice, filter, 0)), [
    true,
    true,
    false,
    false,
  ]);
  const elsewhere = { ...alice, listener: "other" };
  assert(access.mayRead(elsewhere, "x") && access.mayPublish(elsewhere, "x"));
});

Deno.test("acl_subscribe mosquitto grants every SUBSCRIBE, and reading stays as it is", () => {
  const { access } = openFiles({ acl_file: "topic read a\n" }, { aclSubscribe: "mosquitto" });
  assert(access.maySubscribe(identity(undefined), "b", 0));
  assert(!access.mayRead(identity(undefined), "b"));
});

Deno.test("What is wrong with the files is told at once, by file and line", () => {
  const files = new MemoryFiles();
  files.set("p", "alice:secret\n");
  files.set("a", "\ntopics x\n");
  const listener = { ...DEFAULT_LISTENER_ACCESS, passwordFile: "p", aclFile: "a", scramFile: "s" };
  const opened = FileAccess.open({
    listeners: new Map([["one", listener], ["two", listener]]),
    log: new LogLines(),
    maxFailureDelaySeconds: 0,
    files,
  });
  assert(!(opened instanceof FileAccess));
  assert.deepEqual(opened.map((problem) => problem.split(" ")[0]), ["p:1:", "s:", "a:2:"]);
});

Deno.test("A changed password file: who is still in it as before may stay, who is new may come", async () => {
  const { access, files } = openFiles({ password_file: PASSWORDS });
  files.set("password_file", `${PASSWORDS.split("\n")[0]}\ncarol:${hash("new")}\n`);
  const { problems, mayStay } = access.reload();
  assert.deepEqual(problems, []);
  assert.deepEqual(
    ["alice", "bob", undefined, "dora"].map((user) => mayStay!(identity(user))),
    [true, false, true, true],
  );
  assert.equal(outcome(await authenticate(access, "carol", "new")), "in");
  assert.equal(outcome(await authenticate(access, "bob", "builder")), "86");
  files.set("password_file", `alice:${hash("secret")}\n`);
  assert.equal(access.reload().mayStay!(identity("alice")), false);
});

Deno.test("A password that was changed while it was checked does not let in", async () => {
  const { access, files } = openFiles({ password_file: PASSWORDS });
  const asked = authenticate(access, "alice", "secret");
  files.set("password_file", `alice:${hash("other")}\n`);
  access.reload();
  assert.equal(outcome(await asked), "86");
});

Deno.test("A password that is remembered is forgotten with the line that it stood in", async () => {
  const { access, files } = openFiles({ password_file: PASSWORDS });
  assert.equal(outcome(await authenticate(access, "alice", "secret")), "in");
  files.set("password_file", `bob:${hash("builder")}\n`);
  access.reload();
  assert.equal(outcome(await authenticate(access, "alice", "secret")), "86");
});

Deno.test("A bad file leaves the old one in force, and the wrong line is told", async () => {
  const { access, files } = openFiles({ password_file: PASSWORDS, acl_file: "topic a\n" });
  const { version } = access;
  files.set("password_file", "alice:\n");
  files.set("acl_file", "topic\n");
  const { problems, mayStay } = access.reload();
  assert.deepEqual(problems.map((problem) => problem.split(" ")[0]), [
    "password_file:1:",
    "acl_file:1:",
  ]);
  assert.equal(mayStay, undefined);
  assert.equal(access.version, version);
  assert.equal(outcome(await authenticate(access, "alice", "secret")), "in");
  assert(access.mayRead(identity(undefined), "a"));
  files.set("acl_file", undefined);
  assert.match(access.reload().problems[1]!, /^acl_file: Cannot read the file: No such file$/);
  assert(access.mayRead(identity(undefined), "a"));
});

Deno.test("A changed ACL file holds for those who are connected, and routes are made anew", () => {
  const { access, files } = openFiles({ acl_file: "topic a\n" });
  const client = identity(undefined);
  const { version } = access;
  assert(access.mayPublish(client, "a"));
  files.set("acl_file", "topic b\n");
  access.reload();
  assert(!access.mayPublish(client, "a") && access.mayPublish(client, "b"));
  assert.notEqual(access.version, version);
});

Deno.test("A file that has changed is read when it rests, once, and one that says the same is no news", () => {
  const { access, files } = openFiles({ acl_file: "topic a\n" });
  const look = () => access.reload(true).mayStay === undefined ? "nothing" : "news";
  assert.equal(look(), "nothing");
  files.set("acl_file", "topic b\n");
  assert.deepEqual([look(), look(), look()], ["nothing", "news", "nothing"]);
  files.set("acl_file", "top");
  assert.equal(look(), "nothing");
  files.set("acl_file", "topic c\n");
  assert.deepEqual([look(), look()], ["nothing", "news"]);
  files.set("acl_file", "topic c\n");
  assert.deepEqual([look(), look()], ["nothing", "nothing"]);
  files.set("acl_file", "bad\n");
  look();
  assert.equal(access.reload(true).problems.length, 1);
  assert.equal(access.reload(true).problems.length, 0);
});

Deno.test("What a question costs grows with the rules that it may look at, after a reload too", () => {
  const acl = (count: number) => `user u\n${"topic read a/b\n".repeat(count)}pattern read %u/#\n`;
  const { access, files } = openFiles({ acl_file: acl(1) });
  assert.equal(access.stepsPerCheck, 1);
  for (const [count, steps] of [[29, 10], [299, 100]] as const) {
    files.set("acl_file", acl(count));
    access.reload();
    assert.equal(access.stepsPerCheck, steps);
  }
});
