import { strict as assert } from "node:assert";
import { DEFAULT_LISTENER_ACCESS, FileAccess, hashPassword } from "../../lib/auth/mod.ts";
import { RememberedPasswords } from "../../lib/auth/remembered_passwords.ts";
import { isLeftOut } from "../support/long.ts";
import { authenticate, LogLines, MemoryFiles, outcome } from "./access_support.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const right = { user: "alice", password: bytes("secret"), text: "$7$hash" };

async function inDirectory(use: (path: string) => Promise<void> | void): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "flux-passwords-" });
  try {
    await use(`${directory}/passwords`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("What was right is remembered over a restart, for this user, password and hash only", () =>
  inDirectory((path) => {
    const before = RememberedPasswords.open(path, new LogLines());
    before.add(right);
    before.save(true);
    const log = new LogLines();
    const after = RememberedPasswords.open(path, log);
    assert.ok(after.has(right));
    assert.ok(!after.has({ ...right, password: bytes("Secret") }));
    assert.ok(!after.has({ ...right, user: "bob" }));
    assert.ok(!after.has({ ...right, text: "$7$other" }), "A new password ends the old one's");
    assert.ok(!after.has({ ...right, user: "alice$", text: "7$hash" }));
    assert.deepEqual(log.lines, []);
  }));

const BOUNDED = "The file is its owner's alone, holds no name and no password, and is bounded";

Deno.test({
  name: BOUNDED,
  ignore: Deno.build.os === "windows" || isLeftOut(BOUNDED),
  fn: () =>
    inDirectory((path) => {
      const passwords = RememberedPasswords.open(path, new LogLines());
      for (let i = 0; i < 20_100; i++) passwords.add({ ...right, user: `user${i}` });
      passwords.save(true);
      const { mode, size } = Deno.statSync(path);
      assert.equal(mode! & 0o777, 0o600);
      assert.ok(size < 1_000_000, `It has ${size} bytes`);
      const text = new TextDecoder("latin1").decode(Deno.readFileSync(path));
      for (const word of ["user", "secret", "hash"]) assert.ok(!text.includes(word));
      const after = RememberedPasswords.open(path, new LogLines());
      assert.ok(!after.has({ ...right, user: "user0" }), "The oldest goes");
      assert.ok(after.has({ ...right, user: "user20099" }));
    }),
});

/** What may have become of the file, and how many lines are logged. */
const spoiled: [what: string, spoil: (path: string) => void, lines: number][] = [
  ["is not there", (path) => Deno.removeSync(path), 0],
  ["is empty", (path) => Deno.truncateSync(path), 0],
  ["is cut off", (path) => Deno.truncateSync(path, 70), 0],
  ["is another's text", (path) => Deno.writeTextFileSync(path, "x".repeat(88)), 0],
  ["can be written by others", (path) => Deno.chmodSync(path, 0o622), 1],
  ["is a link", (path) => {
    Deno.renameSync(path, `${path}.real`);
    Deno.symlinkSync(`${path}.real`, path);
  }, 1],
];
for (const [what, spoil, lines] of spoiled) {
  Deno.test({
    name: `A file that ${what} remembers nothing, and is written again`,
    ignore: Deno.build.os === "windows",
    fn: () =>
      inDirectory((path) => {
        const before = RememberedPasswords.open(path, new LogLines());
        before.add(right);
        before.save(true);
        spoil(path);
        const log = new LogLines();
        const after = RememberedPasswords.open(path, log);
        assert.ok(!after.has(right));
        assert.equal(log.lines.length, lines);
        after.add(right);
        after.save(true);
        assert.ok(RememberedPasswords.open(path, new LogLines()).has(right));
        assert.ok(Deno.lstatSync(path).isFile);
      }),
  });
}

Deno.test("Where it cannot be written that is said once", () => {
  const log = new LogLines();
  const passwords = RememberedPasswords.open("/nowhere/at/all/passwords", log);
  for (let i = 0; i < 3; i++) {
    passwords.add({ ...right, user: `${i}` });
    passwords.save(true);
  }
  assert.equal(log.lines.length, 1);
  assert.match(log.lines[0]!, /^warning: Cannot remember passwords in/);
});

Deno.test("After a restart a client comes in without a check that takes its time", () =>
  inDirectory(async (path) => {
    const open = () => {
      const files = new MemoryFiles();
      files.set("passwords", text);
      const access = FileAccess.open({
        listeners: new Map([["test", { ...DEFAULT_LISTENER_ACCESS, passwordFile: "passwords" }]]),
        log: new LogLines(),
        maxFailureDelaySeconds: 0,
        files,
        rememberedFile: path,
      });
      assert.ok(access instanceof FileAccess);
      return access;
    };
    const text = `alice:${await hashPassword(bytes("secret"), 500_000)}\n`;
    const before = open();
    const firstMs = performance.now();
    assert.equal(outcome(await authenticate(before, "alice", "secret")), "in");
    const checkedMs = performance.now() - firstMs;
    before.save(true);
    const after = open();
    const startMs = performance.now();
    assert.equal(outcome(await authenticate(after, "alice", "secret")), "in");
    assert.ok(performance.now() - startMs < checkedMs / 2, "The password was checked again");
    assert.equal(outcome(await authenticate(after, "alice", "wrong")), "86");
  }));
