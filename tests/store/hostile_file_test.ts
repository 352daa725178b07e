import { strict as assert } from "node:assert";
import { DatabaseSync } from "node:sqlite";
import { Server } from "../../lib/mod.ts";
import { openStore, restore } from "../../lib/store/mod.ts";
import { SILENT } from "../../lib/net/mod.ts";
import { callFlux } from "../support/flux.ts";

/** Runs `act` with a directory that has the file of an empty store, `good.db`. */
async function withFile(act: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await openStore({ directory: `${directory}/first`, durability: "always", log: SILENT }).close();
    await callFlux(["store", "backup", "-d", `${directory}/first`, `${directory}/good.db`]);
    await act(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Changes a copy of the good file; returns its path. */
function changed(directory: string, name: string, sql: string): string {
  const path = `${directory}/${name}.db`;
  Deno.copyFileSync(`${directory}/good.db`, path);
  const db = new DatabaseSync(path);
  db.exec(sql);
  db.close();
  return path;
}

const FOREIGN: readonly [what: string, sql: string][] = [
  [
    "trigger t",
    "CREATE TRIGGER t AFTER INSERT ON sessions BEGIN DELETE FROM retained; END",
  ],
  [
    "view wills",
    // It has rows without end.
    `ALTER TABLE wills RENAME TO other;
     CREATE VIEW wills AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x FROM c)
     SELECT x AS session_id, NULL AS packet, 0 AS due_at_ms FROM c`,
  ],
  ["virtual table v", "CREATE VIRTUAL TABLE v USING rtree(id, a, b)"],
];
for (const [what, sql] of FOREIGN) {
  Deno.test(`A backup with a ${what} in it is not restored, and nothing is left of it`, () =>
    withFile(async (directory) => {
      const path = changed(directory, "hostile", sql);
      const to = `${directory}/to`;
      const { status, error } = await callFlux(["store", "restore", path, "-d", to]);
      assert.equal(status, 1);
      assert(error.includes(`There is a ${what} in it, which no store has`), error);
      assert.deepEqual(
        [...Deno.readDirSync(to)].filter(({ name }) => name !== "flux-mqtt.lock"),
        [],
      );
    }));
}

Deno.test("What is in the log beside a backup is restored too", () =>
  withFile((directory) => {
    const path = `${directory}/good.db`;
    using db = new DatabaseSync(path);
    db.exec("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0");
    db.exec("INSERT INTO sessions (client_id) VALUES ('late')");
    restore(path, `${directory}/to`);
    using restored = new DatabaseSync(`${directory}/to/flux-mqtt.db`);
    const names = restored.prepare("SELECT client_id FROM sessions").all();
    assert.deepEqual(names.map(({ client_id }) => client_id), ["late"]);
    return Promise.resolve();
  }));

Deno.test("A store with filters that are none starts without them, and says so in one line", () =>
  withFile(async (directory) => {
    const filters = ["a/#/b", "", "a+", "$share/g", "good/#"];
    const path = changed(
      directory,
      "filters",
      `INSERT INTO sessions (id, client_id) VALUES (7, 'c');
       INSERT INTO subscriptions (session_id, topic_filter, flags, identifier) VALUES
       ${filters.map((filter) => `(7, '${filter}', 3, 0)`).join()}`,
    );
    restore(path, `${directory}/to`);
    const errors: [message: string, fields: unknown][] = [];
    const log = {
      ...SILENT,
      error: (message: string, fields?: unknown) => void errors.push([message, fields]),
    };
    const { store, state, close } = openStore({
      directory: `${directory}/to`,
      durability: "always",
      log,
    });
    const server = new Server({ store, log });
    server.restore(state);
    assert.deepEqual([...server.broker.clients.get("c")!.session.subscriptions.keys()], ["good/#"]);
    server.publish("good/news", "x", { qos: 2 });
    assert.deepEqual(errors, [[
      "Stored subscriptions are left out: what they have is no Topic Filter",
      { count: 4 },
    ]]);
    await server.close();
    await close();
  }));

Deno.test("store list and inspect show what owners and times cannot be", () =>
  withFile(async (directory) => {
    const path = changed(
      directory,
      "odd",
      `INSERT INTO sessions (client_id, owner, expires_at_ms) VALUES
       ('c', 'no JSON', 1e300), ('d', '7', NULL)`,
    );
    restore(path, `${directory}/to`);
    const list = await callFlux(["store", "list", "-d", `${directory}/to`]);
    assert.deepEqual([list.status, list.error], [0, ""]);
    assert.match(list.out, /^c +no JSON \(invalid\) +0 +0 +1e\+300 \(invalid\)$/m);
    assert.match(list.out, /^d +- +0 +0 +-$/m);
    const inspect = await callFlux(["store", "inspect", "c", "-d", `${directory}/to`]);
    assert.equal(inspect.status, 0, inspect.error);
  }));
