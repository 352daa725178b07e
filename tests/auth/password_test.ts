import { strict as assert } from "node:assert";
import {
  editEntry,
  hashPassword,
  parsePasswordFile,
  parsePasswordHash,
  type PasswordHash,
  verifyPassword,
} from "../../lib/auth/mod.ts";
import {
  type Asker,
  PasswordChecker,
  type PasswordCheckerInit,
} from "../../lib/auth/password_checker.ts";
import { dummyHash } from "../../lib/auth/password_hash.ts";
import { hasPrograms } from "../support/programs.ts";

const DIGEST = "A".repeat(85) + "A==";

/** Runs the real mosquitto_passwd; returns the file that it made. */
async function mosquittoPasswd(
  users: readonly (readonly [flags: string, user: string, password: string])[],
) {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/passwd`;
  try {
    await Deno.writeTextFile(path, "# made by mosquitto_passwd\n");
    for (const [flags, user, password] of users) {
      const args = [...flags.split(" ").filter((flag) => flag !== ""), "-b", path, user, password];
      const { success } = await new Deno.Command("mosquitto_passwd", { args }).output();
      assert(success);
    }
    return await Deno.readTextFile(path);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const ignore = !hasPrograms("files of mosquitto_passwd", "mosquitto_passwd");

Deno.test(
  "Files of mosquitto_passwd are understood, and their passwords recognized",
  { ignore },
  async () => {
    const made = [
      ["", "alice", "wonder land"],
      ["-H sha512", "bob", "builder"],
      ["-H sha512-pbkdf2", "zoë", "pässwört"],
    ] as const;
    const text = await mosquittoPasswd(made);
    const parsed = parsePasswordFile("passwd", text);
    assert(parsed.isValid);
    for (const [, user, password] of made) {
      const { hash }: { hash: PasswordHash } = parsed.value.get(user)!;
      const encode = (text: string) => new TextEncoder().encode(text);
      assert.equal(await verifyPassword(hash, encode(password)), true, user);
      assert.equal(await verifyPassword(hash, encode(password + " ")), false, user);
      assert.equal(await verifyPassword(hash, encode("")), false, user);
    }
    assert.deepEqual([...parsed.value.values()].map(({ hash }) => hash.kind), [
      "pbkdf2",
      "sha512",
      "pbkdf2",
    ]);
  },
);

Deno.test("A hash that we make is of 210,000 rounds, and recognized", async () => {
  const text = hashPassword(new TextEncoder().encode("secret"));
  assert.match(text, /^\$7\$210000\$[A-Za-z0-9+/]{16}\$[A-Za-z0-9+/]{86}==$/);
  const parsed = parsePasswordHash(text);
  assert("hash" in parsed);
  assert(await verifyPassword(parsed.hash, new TextEncoder().encode("secret")));
  assert(!await verifyPassword(parsed.hash, new TextEncoder().encode("Secret")));
});

/** What the reference implementation (libargon2, `argon2id_hash_encoded`) makes of passwords; the first as mosquitto 2.1 calls it. */
const ARGON2: readonly [password: string, text: string][] = [
  [
    "password",
    "$argon2id$v=19$m=47104,t=1,p=1$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw$PSgS0SQP11eYoUs34zQi0HsTw/P8awxX8kf+94qyd5CziAe0af6Lr3RwOmKNdcSYBa6ZJpy4awdqw2JKUW7u4Q",
  ],
  [
    "password",
    "$argon2id$v=19$m=4096,t=3,p=1$c29tZXNhbHQ$qLml5cbqFAO6YxVHhrSBHP0UWdxrIxkNcM8aMX3blzU",
  ],
  [
    "p\u00e4ss",
    "$argon2id$v=19$m=64,t=2,p=2$MDEyMzQ1Njc4OWFiY2RlZg$Dlw0BTwviG55UY9496gFX9sSBV3yRpEvRipcx13FT/ixHVccq7CVEjQsw1T2xADY7lklw4tvtOjwf/WSAkMQXQ",
  ],
  [
    "",
    "$argon2id$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$XSALwlQ8VJ77Ja3KK8bLzG+ONrLosO5h9XtvTFFmJf7IMbXFgebH6l+Yw2CGl7jUf4+/gaKOwKj6CfIw2E9dAA",
  ],
];
for (const [password, text] of ARGON2) {
  Deno.test(`Argon2id of mosquitto 2.1 is checked: "${password}", ${text.slice(0, 30)}`, async () => {
    const parsed = parsePasswordFile("f", `alice:${text}`);
    assert(parsed.isValid);
    const { hash } = parsed.value.get("alice")!;
    assert(await verifyPassword(hash, new TextEncoder().encode(password)));
    for (const other of [`${password} `, `x${password}`]) {
      assert(!await verifyPassword(hash, new TextEncoder().encode(other)));
    }
  });
}

const bad: [text: string, problem: RegExp][] = [
  ["alice", /^f:1: Must be USER:HASH, has no colon$/],
  [":$6$AAAA$" + DIGEST, /^f:1: Must have a user name before the colon$/],
  [" :$6$AAAA$" + DIGEST, /^f:1: Must have a user name/],
  ["alice:secret", /^f:1: alice: Is not a hash of the form \$7\$/],
  ["alice:", /^f:1: alice: Is not a hash/],
  ["# c\n\nalice:$6$AAAA$AAAA", /^f:3: alice: Must have a hash of 64 bytes, has 3$/],
  ["alice:$6$AA!A$" + DIGEST, /^f:1: alice: Has a salt that is not base64$/],
  ["alice:$6$$" + DIGEST, /^f:1: alice: Has a salt that is not base64$/],
  ["alice:$6$AA AA$" + DIGEST, /^f:1: alice: Has a salt that is not base64$/],
  ["alice:$6$AA_A$" + DIGEST, /^f:1: alice: Has a salt that is not base64$/],
  ["alice:$6$AAB=$" + DIGEST, /^f:1: alice: Has a salt that is not base64$/],
  ["alice:$6$AAAA$" + DIGEST.slice(0, -1), /^f:1: alice: Has a hash that is not base64$/],
  ["alice:$7$0$AAAA$" + DIGEST, /^f:1: alice: Must have a number of iterations/],
  ["alice:$7$1e3$AAAA$" + DIGEST, /^f:1: alice: Must have a number of iterations/],
  ["alice:$7$AAAA$" + DIGEST, /^f:1: alice: Is not a hash/],
  ["alice:$5$AAAA$" + DIGEST, /^f:1: alice: Is not a hash/],
  ["alice:$argon2i$v=19$m=64,t=3,p=4$c29tZXNhbHQ$AAAAAAAA", /^f:1: alice: Is no hash of Argon2 of/],
  ["alice:$argon2id$v=16$m=64,t=3,p=4$c29tZXNhbHQ$AAAAAAAA", /^f:1: alice: Is no hash of Argon2/],
  ["alice:$argon2id$v=19$m=64,t=3,p=4$c29tZXNhbHQ=$AAAAAAAA", /^f:1: alice: Is no hash of Argon2/],
  ["alice:$argon2id$v=19$m=64,t=3,p=4$c29tZXNhbHQA1$AAAAAAAA", /^f:1: alice: Is no hash of Argon2/],
  ["alice:$argon2id$v=19$m=64,t=3,p=4$AAAA$AAAAAAAA", /^f:1: alice: Has numbers, a salt or a hash/],
  ["alice:$argon2id$v=19$m=64,t=3,p=4$c29tZXNhbHQ$AAAA", /^f:1: alice: Has numbers, a salt or/],
  ["alice:$argon2id$v=19$m=31,t=3,p=4$c29tZXNhbHQ$AAAAAAAA", /^f:1: alice: Has numbers, a salt/],
  ["alice:$argon2id$v=19$m=64,t=0,p=4$c29tZXNhbHQ$AAAAAAAA", /^f:1: alice: Has numbers, a salt/],
  ["alice:$argon2id$v=19$m=64,t=1,p=0$c29tZXNhbHQ$AAAAAAAA", /^f:1: alice: Has numbers, a salt/],
  [
    "alice:$argon2id$v=19$m=1048577,t=1,p=1$c29tZXNhbHQ$AAAAAAAA",
    /^f:1: alice: Must take at most 1048576 KiB \(m\).*, takes 1048577 and 1048577$/,
  ],
  ["alice:$argon2id$v=19$m=47104,t=90,p=1$c29tZXNhbHQ$AAAAAAAA", /and 4194304 over all passes/],
  [`alice:$6$AAAA$${DIGEST}\nalice:$6$AAAA$${DIGEST}`, /^f:2: User alice stands at f:1 already$/],
];
for (const [text, problem] of bad) {
  Deno.test(`A password file with ${JSON.stringify(text)} is refused: ${problem.source}`, () => {
    const parsed = parsePasswordFile("f", text);
    assert(!parsed.isValid);
    assert.equal(parsed.problems.length, 1);
    assert.match(parsed.problems[0]!, problem);
  });
}

Deno.test("All that is wrong with a password file is told at once", () => {
  const parsed = parsePasswordFile("f", "alice\nbob:x\n:y\n");
  assert(!parsed.isValid);
  assert.equal(parsed.problems.length, 3);
});

const edits: [text: string, user: string, value: string | undefined, edited: string | undefined][] =
  [
    ["", "a", "1", "a:1\n"],
    ["# top\nb:2\n\n# end\n", "a", "1", "# top\nb:2\n\n# end\na:1\n"],
    ["# top\na:0\nb:2\n", "a", "1", "# top\na:1\nb:2\n"],
    ["a:0\nb:2", "b", "3", "a:0\nb:3\n"],
    ["a:0\r\nb:2\r\n", "a", "3", "a:3\r\nb:2\r\n"],
    ["#a:0\na:1\nab:2\n", "a", undefined, "#a:0\nab:2\n"],
    ["ab:2\n", "a", undefined, undefined],
  ];
for (const [text, user, value, edited] of edits) {
  const what = value === undefined ? "deletes" : "sets";
  Deno.test(`editEntry() ${what} ${user} in ${JSON.stringify(text)} and leaves the rest`, () => {
    assert.equal(editEntry(text, user, value), edited);
  });
}

const HASH: PasswordHash = { kind: "sha512", salt: new Uint8Array(1), digest: new Uint8Array(64) };
const bytes = (text: string) => new TextEncoder().encode(text);

const LIMITS = { concurrency: 1, maxWaiting: 10, maxWaitMs: 60_000, maxRemembered: 100 };
const nowMs = () => performance.now();
const anybody = { address: "a", isGone: () => false };

/** A checker that is asked by the parts of a check. */
function checkerOf(init: Partial<PasswordCheckerInit>) {
  const checker = new PasswordChecker({ ...LIMITS, nowMs, ...init });
  const recall = (user: string, password: Uint8Array, text: string) =>
    checker.recall(checker.keyOf({ user, password, text }));
  const check = (
    user: string,
    password: Uint8Array,
    text: string,
    hash: PasswordHash,
    asker: Asker = anybody,
  ) => {
    const key = checker.keyOf({ user, password, text });
    return checker.check({ user, password, text, hash, key }, asker);
  };
  return { checker, recall, check };
}

/** A checker whose checks end when the test says so. */
function slowChecker(init: Partial<PasswordCheckerInit> = {}) {
  const running: { readonly password: string; readonly end: (isRight: boolean) => void }[] = [];
  const { recall, check } = checkerOf({
    ...init,
    verify: (_, password) =>
      new Promise((resolve) =>
        running.push({ password: new TextDecoder().decode(password), end: resolve })
      ),
  });
  return { recall, check, running };
}

Deno.test("Five thousand who come back cost no check: answers are remembered", async () => {
  let checks = 0;
  const { recall, check } = checkerOf({
    concurrency: 2,
    maxWaiting: 10_000,
    maxRemembered: 10_000,
    verify: (_, password) => {
      checks++;
      return Promise.resolve(password[0] === 0x72);
    },
  });
  const users = Array.from({ length: 5000 }, (_, i) => `user${i}`);
  const all = () => Promise.all(users.map((user) => check(user, bytes("right"), "$", HASH)));
  assert((await all()).every((outcome) => outcome === true));
  assert.equal(checks, 5000);
  assert((await all()).every((outcome) => outcome === true));
  assert.equal(checks, 5000);
  assert.equal(recall("user7", bytes("right"), "$"), true);
  assert.equal(recall("user7", bytes("wrong"), "$"), undefined);
  assert.equal(await check("user7", bytes("wrong"), "$", HASH), false);
  assert.equal(recall("user7", bytes("wrong"), "$"), false);
});

Deno.test("What is remembered is of one user, one password and one hash", async () => {
  const { recall, check, running } = slowChecker();
  const checked = check("ab", bytes("cd"), "ef", HASH);
  await Promise.resolve();
  running[0]!.end(true);
  assert.equal(await checked, true);
  assert.equal(recall("ab", bytes("cd"), "ef"), true);
  for (
    const [user, password, text] of [
      ["a", "bcd", "ef"],
      ["abc", "d", "ef"],
      ["ab", "cd", "e"],
      ["ab", "de", "fc"],
      ["abe", "cd", "f"],
    ] as const
  ) assert.equal(recall(user, bytes(password), text), undefined);
});

Deno.test("No more checks run at once than are allowed, and no more wait; the same one is made once", async () => {
  const { check, running } = slowChecker({ concurrency: 2, maxWaiting: 1 });
  const a = check("a", bytes("a"), "$", HASH);
  const b = check("b", bytes("b"), "$", HASH);
  const c = check("c", bytes("c"), "$", HASH);
  const again = check("a", bytes("a"), "$", HASH);
  assert.equal(await check("d", bytes("d"), "$", HASH), "busy");
  assert.deepEqual(running.map(({ password }) => password), ["a", "b"]);
  running[0]!.end(true);
  assert.equal(await a, true);
  assert.equal(await again, true);
  assert.deepEqual(running.map(({ password }) => password), ["a", "b", "c"]);
  running[1]!.end(false);
  running[2]!.end(true);
  assert.deepEqual([await b, await c], [false, true]);
});

Deno.test("Addresses have their turn one after the other", async () => {
  const { check, running } = slowChecker();
  const ask = (address: string, password: string) =>
    check("user", bytes(password), "$", HASH, { address, isGone: () => false });
  const asked = ["a0", "a1", "a2", "a3", "b0", "b1", "c0"].map((name) => ask(name[0]!, name));
  for (let i = 0; i < asked.length; i++) {
    await settled();
    running[i]!.end(true);
  }
  await Promise.all(asked);
  const order = running.map(({ password }) => password);
  assert.deepEqual(order, ["a0", "a1", "b0", "c0", "a2", "b1", "a3"]);
});

Deno.test("A check whose clients have all left is not made", async () => {
  const { check, running } = slowChecker();
  const gone = new Set<string>();
  const ask = (name: string, password = name) =>
    check("user", bytes(password), "$", HASH, { address: name, isGone: () => gone.has(name) });
  const [first, left, shared, alsoShared] = [
    ask("first"),
    ask("left"),
    ask("shared", "same"),
    ask("also", "same"),
  ];
  gone.add("left").add("shared");
  await settled();
  running[0]!.end(true);
  assert.equal(await first, true);
  assert.equal(await left, "dropped");
  await settled();
  running[1]!.end(false);
  assert.deepEqual([await shared, await alsoShared], [false, false]);
  assert.equal(running.length, 2);
});

Deno.test("Who has waited too long is told that the broker is busy, although nothing moves", async () => {
  const { check, running } = slowChecker({ maxWaitMs: 30 });
  const first = check("a", bytes("a"), "$", HASH);
  const startMs = performance.now();
  assert.equal(await check("b", bytes("b"), "$", HASH), "busy");
  assert.ok(performance.now() - startMs < 2000);
  running[0]!.end(true);
  assert.equal(await first, true);
});

Deno.test("Where too many wait, who has most waiting makes room for others", async () => {
  const { check, running } = slowChecker({ maxWaiting: 4 });
  const ask = (address: string, password: string) =>
    check("user", bytes(password), "$", HASH, { address, isGone: () => false });
  const crowd = ["0", "1", "2", "3", "4"].map((password) => ask("crowd", password));
  assert.equal(await ask("crowd", "5"), "busy");
  const other = ask("other", "x");
  assert.equal(await crowd[4], "busy");
  for (let i = 0; i < 5; i++) {
    await settled();
    running[i]!.end(true);
  }
  assert.equal(await other, true);
  assert.deepEqual(await Promise.all(crowd.slice(0, 4)), [true, true, true, true]);
});

/** All that follows at once has happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("What is remembered is bounded: what was not asked for longest is forgotten", async () => {
  const { recall, check } = checkerOf({
    maxRemembered: 2,
    verify: () => Promise.resolve(true),
  });
  for (const user of ["a", "b"]) await check(user, bytes("x"), "$", HASH);
  assert.equal(recall("a", bytes("x"), "$"), true);
  await check("c", bytes("x"), "$", HASH);
  assert.deepEqual(
    ["a", "b", "c"].map((user) => recall(user, bytes("x"), "$")),
    [true, undefined, true],
  );
});

Deno.test("The hash for users that do not exist costs what most others cost", () => {
  const pbkdf2 = (iterations: number): PasswordHash => ({ ...HASH, kind: "pbkdf2", iterations });
  const cost = (hash: PasswordHash) => hash.kind === "pbkdf2" ? hash.iterations : 0;
  assert.equal(cost(dummyHash([pbkdf2(101), pbkdf2(1000), pbkdf2(1000), HASH])), 1000);
  assert.equal(cost(dummyHash([HASH, HASH, pbkdf2(1000)])), 0);
  assert.equal(cost(dummyHash([])), 210_000);
  const argon2 = { kind: "argon2id", memoryKib: 64, passes: 1, lanes: 1 } as const;
  const salt = new Uint8Array(16);
  const digest = new Uint8Array(32);
  const dummy = dummyHash([HASH, { ...argon2, salt, digest }, { ...argon2, salt, digest }]);
  assert.deepEqual({ ...dummy, salt, digest }, { ...argon2, salt, digest });
  assert.deepEqual([dummy.salt.length, dummy.digest.length], [16, 32]);
  assert.notDeepEqual(dummy.digest, digest);
});
