import { strict as assert } from "node:assert";
import { DatabaseSync } from "node:sqlite";
import type { Publisher, RetainedMessage } from "../../lib/broker/mod.ts";
import { SILENT } from "../../lib/net/mod.ts";
import { DATABASE_NAME, openStore } from "../../lib/store/mod.ts";
import { MIGRATIONS } from "../../lib/store/schema.ts";
import { messageRow } from "../../lib/store/rows.ts";

function retained(topicName: string, publisher: Publisher | undefined): RetainedMessage {
  return {
    topicName,
    payload: Uint8Array.of(1),
    qos: 1,
    retain: true,
    properties: undefined,
    expiresAtMs: Infinity,
    publisherId: publisher?.clientId ?? "somebody",
    storePlace: 0,
    publisher,
  };
}

/** Opens the store in the directory, lets it be used, and closes it. */
async function using<T>(
  directory: string,
  use: (opened: ReturnType<typeof openStore>) => T | Promise<T>,
): Promise<T> {
  const opened = openStore({ directory, durability: "interval", log: SILENT });
  try {
    return await use(opened);
  } finally {
    await opened.close();
  }
}

Deno.test("a store knows who has published a retained message, whatever the names are", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const publishers: readonly (Publisher | undefined)[] = [
      { clientId: "pump", userName: "alice", listener: "1883" },
      { clientId: `"[1]\\`, userName: "\u0001, ✓", listener: "/run/mqtt" },
      { clientId: "pump", userName: undefined, listener: "1883" },
      { clientId: "pump", userName: "", listener: "1883" },
      undefined,
    ];
    await using(directory, async ({ store }) => {
      for (const [i, publisher] of publishers.entries()) {
        store.putRetained(retained(`${i}`, publisher));
      }
      await new Promise<void>((resolve) => store.commit(resolve));
    });
    await using(directory, ({ state }) => {
      const found = Array.from(
        state.retained,
        ({ publisher, publisherId }) => [publisher, publisherId],
      );
      assert.deepEqual(
        found,
        publishers.map((publisher) => [publisher, publisher?.clientId ?? "somebody"]),
      );
    });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a file of schema 6 becomes one of today, and of its retained messages nobody knows the user", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const db = new DatabaseSync(`${directory}/${DATABASE_NAME}`);
    db.exec(`${MIGRATIONS.slice(0, 6).join("\n")}; PRAGMA user_version = 6`);
    const message = { ...retained("a/b", undefined), storeId: 1 };
    const record = {
      id: 1,
      message,
      references: 1,
      isShared: false,
      lastBatch: 0,
      place: "written",
    } as const;
    const [, packet] = messageRow(record);
    db.prepare("INSERT INTO retained VALUES ('a/b', ?, 'old', NULL)").run(packet);
    db.close();
    await using(directory, ({ state }) => {
      const [kept, ...more] = state.retained;
      assert.deepEqual(more, []);
      assert.equal(kept!.topicName, "a/b");
      assert.equal(kept!.publisherId, "old");
      assert.equal(kept!.publisher, undefined);
    });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
