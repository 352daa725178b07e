import { strict as assert } from "node:assert";
import { keepMessage } from "../../lib/broker/ground/fanout.ts";
import { DATABASE_NAME } from "../../lib/store/store_files.ts";
import { openStore } from "../../lib/store/mod.ts";

const SILENT = { debugOn: false, debug() {}, info() {}, warning() {}, error() {} };

function message(topicName: string, text: string) {
  const kept = keepMessage({
    topicName,
    payload: new TextEncoder().encode(text),
    qos: 1,
    retain: true,
    properties: undefined,
    expiresAtMs: Infinity,
    publisherId: "p",
  });
  return { ...kept, storePlace: 0 };
}

Deno.test("A backup of a store that is written meanwhile has all that was committed, and leaves no file behind", async () => {
  const directory = await Deno.makeTempDir({ prefix: "flux-backup-" });
  const from = `${directory}/a`;
  const to = `${directory}/b`;
  await Deno.mkdir(to);
  const { store, close } = openStore({ directory: from, durability: "interval", log: SILENT });
  store.putSession("pump", 3600, Infinity);
  for (let i = 0; i < 2000; i++) store.putRetained(message(`t/${i}`, "x".repeat(100)));
  await new Promise<void>((resolve) => store.commit(resolve));
  let isCopied = false;
  const writing = (async () => {
    for (let i = 0; !isCopied; i++) {
      store.putRetained(message(`u/${i}`, "y"));
      await new Promise<void>((resolve) => store.commit(resolve));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  })();
  const { readable, sizeBytes } = await store.backUp();
  isCopied = true;
  await writing;
  const bytes = new Uint8Array(await new Response(readable).arrayBuffer());
  assert.equal(bytes.length, sizeBytes);
  assert.deepEqual(
    [...Deno.readDirSync(from)].map(({ name }) => name).filter((name) => name.includes("backup")),
    [],
  );
  await Deno.writeFile(`${to}/${DATABASE_NAME}`, bytes);
  const copied = openStore({ directory: to, durability: "interval", log: SILENT });
  const topics = [...copied.state.retained].map(({ topicName }) => topicName);
  const sessions = [...copied.state.sessions].map(({ clientId }) => clientId);
  assert.equal(topics.filter((name) => name.startsWith("t/")).length, 2000);
  assert.deepEqual(sessions, ["pump"]);
  await copied.close();
  await close();
  await Deno.remove(directory, { recursive: true });
});

Deno.test("A backup that nobody reads to its end leaves no file behind; one that cannot be made says why", async () => {
  const directory = await Deno.makeTempDir({ prefix: "flux-backup-" });
  const { store, close } = openStore({ directory, durability: "interval", log: SILENT });
  store.putRetained(message("t", "x"));
  await new Promise<void>((resolve) => store.commit(resolve));
  const { readable } = await store.backUp();
  await readable.cancel();
  const names = [...Deno.readDirSync(directory)].map(({ name }) => name);
  assert.deepEqual(names.filter((name) => name.includes("backup")), []);
  await close();
  await assert.rejects(store.backUp(), /^Error: The store is closed$/);
  await Deno.remove(directory, { recursive: true });
});
