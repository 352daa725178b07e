import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { DATABASE_NAME } from "../../lib/store/mod.ts";
import { LOCK_NAME, lockDirectory } from "../../lib/store/lock.ts";
import { committed, fillSession, stateOf } from "./contract_support.ts";
import { copyFiles, LogRecord, open, storeTest } from "./sqlite_support.ts";

/** What may be in a file of which only the lock counts. */
const CONTENTS: readonly [what: string, content: Uint8Array][] = [
  ["nothing", new Uint8Array()],
  ["garbage", crypto.getRandomValues(new Uint8Array(5000))],
  ["a database of which half is missing", new TextEncoder().encode("SQLite format 3\0")],
];

for (const [what, content] of CONTENTS) {
  storeTest(`a lock file with ${what} in it is as good as any`, async (directory) => {
    for (const name of [LOCK_NAME, "lock.db"]) {
      await Deno.writeFile(`${directory}/${name}`, content);
    }
    const log = new LogRecord();
    const first = open(directory, { log });
    throws(() => open(directory), /another broker has it$/);
    deepEqual(log.lines, []);
    await first.close();
    await open(directory).close();
    const names = [...Deno.readDirSync(directory)].map(({ name }) => name);
    deepEqual(names.toSorted(), [DATABASE_NAME, LOCK_NAME]);
  });
}

storeTest(
  "a broker in another process is refused, and one that was killed is none",
  async (directory) => {
    const first = open(directory);
    const child = () =>
      new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "--no-prompt",
          "-A",
          new URL("./salvage_child.ts", import.meta.url).pathname,
          directory,
        ],
        stderr: "piped",
      }).output();
    const refused = await child();
    equal(refused.success, false);
    match(new TextDecoder().decode(refused.stderr), /another broker has it/);
    await first.close();
    equal((await child()).success, true);
  },
);

storeTest(
  "a lock that somebody has for a moment, as a process that is being started, is waited for; a lasting one not for long",
  (directory) => {
    const held = lockDirectory(directory);
    let waitedMs = 0;
    const got = lockDirectory(directory, (ms) => {
      waitedMs += ms;
      if (waitedMs >= 30) held.close();
    });
    ok(waitedMs < 60, `${waitedMs} ms`);
    waitedMs = 0;
    throws(
      () => lockDirectory(directory, (ms) => void (waitedMs += ms)),
      /another broker has it$/,
    );
    equal(waitedMs, 200);
    const before = performance.now();
    throws(() => lockDirectory(directory), /another broker has it$/);
    ok(performance.now() - before > 150, "it has not waited");
    got.close();
    return Promise.resolve();
  },
);

storeTest(
  "a broker of before, which locks the database alone, keeps another one out",
  async (directory) => {
    await open(directory).close();
    const before = new DatabaseSync(`${directory}/${DATABASE_NAME}`);
    before.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;
    BEGIN IMMEDIATE; COMMIT`);
    throws(() => open(directory), /^Error: Cannot use .*: another broker has it$/);
    before.close();
    await open(directory).close();
  },
);

storeTest(
  "nobody else can read the files, in a directory that is open to others",
  async (directory) => {
    const place = `${directory}/place`;
    await Deno.mkdir(place);
    await Deno.chmod(place, 0o755);
    const log = new LogRecord();
    const { store, close } = open(place, { log });
    const { level, fields } = log.find(/Other users can access the store's directory/);
    deepEqual([level, fields], ["warning", { directory: place, mode: "0755" }]);
    fillSession(store, "a");
    await committed(store);
    deepEqual(modesIn(place), {
      [DATABASE_NAME]: 0o600,
      [`${DATABASE_NAME}-wal`]: 0o600,
      [LOCK_NAME]: 0o600,
    });
    await close();
  },
);

storeTest("files of before, which others can read, are closed to them", async (directory) => {
  await open(directory).close();
  const path = `${directory}/${DATABASE_NAME}`;
  const damaged = await Deno.readFile(path);
  await Deno.writeFile(path, damaged.fill(0xff, 4096));
  for (const suffix of ["", "-wal", ".damaged-2026-01-01T00-00-00-000Z"]) {
    await Deno.writeFile(path + suffix, new Uint8Array(), { append: true });
    await Deno.chmod(path + suffix, 0o644);
  }
  await open(directory).close();
  const modes = modesIn(directory);
  equal(Object.keys(modes).filter((name) => name.includes(".damaged-")).length, 2);
  deepEqual(new Set(Object.values(modes)), new Set([0o600]));
});

storeTest("a directory of its own is not warned of", async (directory) => {
  const log = new LogRecord();
  await open(`${directory}/new`, { log }).close();
  await open(`${directory}/new`, { log }).close();
  deepEqual(log.lines, []);
});

storeTest("a database of 0 bytes is damage: what can be said is said", async (directory) => {
  await open(directory).close();
  const path = `${directory}/${DATABASE_NAME}`;
  await Deno.truncate(path);
  await Deno.writeFile(`${path}-wal`, new Uint8Array(100).fill(1));
  const log = new LogRecord();
  const { state, close } = open(directory, { log });
  const { level, fields } = log.find(/The store is damaged/);
  deepEqual([level, fields!["reason"]], ["error", "The file is empty"]);
  log.find(/Rows copied from the damaged store/);
  deepEqual(stateOf(state), { sessions: [], retained: [] });
  // What stood in its log is not thrown away.
  equal((await Deno.stat(`${fields!["aside"]}-wal`)).size, 100);
  await close();
  const quiet = new LogRecord();
  await open(directory, { log: quiet }).close();
  deepEqual(quiet.lines, []);
});

storeTest(
  "the log of a database that is gone is not taken for the new one's",
  async (directory) => {
    const [running, place] = [`${directory}/running`, `${directory}/place`];
    const { store, close } = open(running);
    fillSession(store, "a");
    await committed(store);
    await copyFiles(running, place);
    await close();
    await Deno.remove(`${place}/${DATABASE_NAME}`);
    const before = await Deno.readFile(`${place}/${DATABASE_NAME}-wal`);
    const log = new LogRecord();
    const opened = open(place, { log });
    const { level, fields } = log.find(/The store's database is missing/);
    equal(level, "error");
    deepEqual(await Deno.readFile(String(fields!["aside"])), before);
    deepEqual(stateOf(opened.state), { sessions: [], retained: [] });
    await opened.close();
    const quiet = new LogRecord();
    await open(place, { log: quiet }).close();
    deepEqual(quiet.lines, []);
  },
);

/** The permissions of all files, by their names. */
function modesIn(directory: string): Record<string, number> {
  const names = [...Deno.readDirSync(directory)].map(({ name }) => name).toSorted();
  return Object.fromEntries(
    names.map((name) => [name, Deno.statSync(`${directory}/${name}`).mode! & 0o777]),
  );
}
