import { deepEqual, equal, match, throws } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { DATABASE_NAME } from "../../lib/store/mod.ts";
import { LOCK_NAME } from "../../lib/store/lock.ts";
import { LogRecord, open, storeTest } from "./sqlite_support.ts";

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
