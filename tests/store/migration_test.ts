import { deepEqual, equal } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { DATABASE_NAME, SCHEMA_VERSION } from "../../lib/store/mod.ts";
import { MIGRATIONS } from "../../lib/store/schema.ts";
import { open, storeTest } from "./sqlite_support.ts";

/** A PUBLISH of QoS 1, `a`, `x`; and one of QoS 0. */
const [ONE, ZERO] = ["x'320700016100010078'", "x'30050001610078'"];
/** Later than any test, as ms. */
const LATER_MS = 4_000_000_000_000;

/** What each schema has added, as rows of a file that a broker of then has written. */
const ROWS: readonly (readonly [since: number, until: number, sql: string])[] = [
  [1, 3, "INSERT INTO sessions VALUES (4, 'a', 60, NULL)"],
  [1, 99, "INSERT INTO subscriptions VALUES (4, 'a/#', 1, 7)"],
  [1, 99, `INSERT INTO messages VALUES (7, ${ONE}, 'p', NULL), (8, ${ONE}, 'p', ${LATER_MS})`],
  [1, 1, "INSERT INTO deliveries VALUES (9, 4, 7, 1, 3, 0, NULL), (10, 4, 8, 1, 0, 0, '7')"],
  [1, 99, "INSERT INTO received VALUES (4, 5)"],
  [1, 8, `INSERT INTO retained VALUES ('a', ${ZERO}, 'p', NULL)`],
  [2, 4, `INSERT INTO wills VALUES (4, ${ZERO}, ${LATER_MS})`],
  [2, 5, "INSERT INTO deliveries VALUES (9, 4, 7, 1, 3, 0, NULL, NULL)"],
  [2, 5, "INSERT INTO deliveries VALUES (10, 4, 8, 1, 0, 0, '7', NULL)"],
  [3, 99, "INSERT INTO clock VALUES (1, 1700000000000)"],
  [4, 99, "INSERT INTO sessions VALUES (4, 'a', 60, NULL, 'o')"],
  [5, 99, `INSERT INTO wills VALUES (4, ${ZERO}, ${LATER_MS}, 0, 0)`],
  [6, 99, "INSERT INTO deliveries VALUES (9, 4, 7, 1, 3, 0, NULL, NULL)"],
  [6, 99, `INSERT INTO waiting VALUES (4, 10, 8, 1, '7', NULL, ${LATER_MS})`],
  [6, 99, "INSERT INTO queues VALUES (4, 1, 50, 0, 10)"],
  [7, 99, "INSERT INTO cluster VALUES (1, '42')"],
  [9, 99, `INSERT INTO retained VALUES ('a', ${ZERO}, 'p', NULL, 'u', 'l')`],
  [10, 99, `INSERT INTO shared VALUES ('$share/g/a', 2048, 'n', 4096, ${ONE}, 'p', NULL)`],
];

for (let version = 1; version <= SCHEMA_VERSION; version++) {
  storeTest(`a file of schema ${version} is read with all that is in it`, async (directory) => {
    const path = `${directory}/${DATABASE_NAME}`;
    write(path, version);
    for (const when of ["at first", "and after that"]) {
      const { state, lastSeenMs, close } = open(directory);
      const [session, ...others] = state.sessions;
      deepEqual(others, [], when);
      equal(session!.clientId, "a");
      equal(session!.expirySeconds, 60);
      equal(session!.owner, version < 4 ? undefined : "o");
      deepEqual(session!.received, [5]);
      deepEqual(session!.subscriptions.map(({ topicFilter, qos }) => [topicFilter, qos]), [
        ["a/#", 1],
      ]);
      equal(session!.will?.dueAtMs, version < 2 ? undefined : LATER_MS);
      const deliveries = session!.deliveries.map((
        { delivery, packetId },
      ) => [delivery.sequence, packetId, delivery.message.expiresAtMs]);
      deepEqual(deliveries, [[9, 3, Infinity], [10, 0, LATER_MS]]);
      const [retained] = state.retained;
      deepEqual([retained!.topicName, retained!.publisherId], ["a", "p"]);
      equal(retained!.publisher?.userName, version < 9 ? undefined : "u");
      equal(state.position, version < 7 ? undefined : "42");
      const shared = [...state.shared ?? []].map(({ share, node, at }) => [share, node, at]);
      deepEqual(shared, version < 10 ? [] : [["$share/g/a", "n", 4096]]);
      if (when === "at first") equal(lastSeenMs, version < 3 ? undefined : 1_700_000_000_000);
      await close();
    }
    using db = new DatabaseSync(path);
    equal(db.prepare("PRAGMA user_version").get()!["user_version"], SCHEMA_VERSION);
  });
}

/** Writes the file of a broker of then. */
function write(path: string, version: number): void {
  using db = new DatabaseSync(path);
  db.exec(MIGRATIONS.slice(0, version).join("\n"));
  db.exec(`PRAGMA user_version = ${version}`);
  for (const [since, until, sql] of ROWS) {
    if (since <= version && version <= until) db.exec(sql);
  }
}
