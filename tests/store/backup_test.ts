import { strict as assert } from "node:assert";
import { keepMessage } from "../../lib/broker/ground/fanout.ts";
import { DATABASE_NAME } from "../../lib/store/store_files.ts";
import { makeBackup, openStore, restore, snapshot } from "../../lib/store/mod.ts";

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
  const { readable, sizeBytes, content } = await store.backUp();
  isCopied = true;
  await writing;
  const bytes = new Uint8Array(await new Response(readable).arrayBuffer());
  assert.equal(bytes.length, sizeBytes);
  assert.equal(content.sessions, 1);
  assert(content.retained >= 2000);
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
  assert.equal(topics.length, content.retained);
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

Deno.test("The command's backup and the API's of one store are the same rows in one file, and either can be restored", async () => {
  const directory = await Deno.makeTempDir({ prefix: "flux-backup-" });
  const from = `${directory}/a`;
  const { store, close } = openStore({ directory: from, durability: "interval", log: SILENT });
  store.putSession("pump", 3600, Infinity);
  for (let i = 0; i < 50; i++) store.putRetained(message(`t/${i}`, `${i}`));
  await new Promise<void>((resolve) => store.commit(resolve));
  const byCommand = `${directory}/command.db`;
  // As the command does: another process, without the lock.
  const script = `import { makeBackup, snapshot } from ${
    JSON.stringify(new URL("../../lib/store/mod.ts", import.meta.url).href)
  };
    const [from, to] = Deno.args;
    console.log(JSON.stringify(await makeBackup(to, (path) => snapshot(from, path))));`;
  await Deno.writeTextFile(`${directory}/copy.ts`, script);
  const { stdout, success } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--no-check", `${directory}/copy.ts`],
      ...[`${from}/${DATABASE_NAME}`, byCommand],
    ],
    stderr: "inherit",
  }).output();
  assert(success);
  const { readable, content } = await store.backUp();
  const byApi = `${directory}/api.db`;
  await Deno.writeFile(byApi, readable);
  assert.deepEqual(JSON.parse(new TextDecoder().decode(stdout)), content);
  assert.deepEqual(content, { sessions: 1, messages: 0, retained: 50 });
  await close();
  const restored = [byCommand, byApi].map((file, i) => {
    assert.equal(restore(file, `${directory}/restored${i}`), "");
    return openStore({
      directory: `${directory}/restored${i}`,
      durability: "interval",
      log: SILENT,
    });
  });
  const topics = restored.map(({ state }) =>
    [...state.retained].map(({ topicName }) => topicName).toSorted()
  );
  assert.equal(topics[0]!.length, 50);
  assert.deepEqual(topics[0], topics[1]);
  for (const { close } of restored) await close();
  await Deno.remove(directory, { recursive: true });
});

Deno.test("A backup that does not come out whole is removed, one that is there already stays, and a good one is its owner's", async () => {
  const directory = await Deno.makeTempDir({ prefix: "flux-backup-" });
  const path = `${directory}/backup.db`;
  await assert.rejects(makeBackup(path, (to) => Deno.writeTextFile(to, "half of it".repeat(999))));
  await assert.rejects(
    makeBackup(path, () => {
      throw new Error("Disk full");
    }),
    /^Error: Disk full$/,
  );
  assert.deepEqual([...Deno.readDirSync(directory)], []);
  const { store, close } = openStore({
    directory: `${directory}/a`,
    durability: "interval",
    log: SILENT,
  });
  store.putRetained(message("t", "x"));
  await new Promise<void>((resolve) => store.commit(resolve));
  await close();
  await makeBackup(path, (to) => snapshot(`${directory}/a/${DATABASE_NAME}`, to));
  if (Deno.build.os !== "windows") assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
  const before = await Deno.readFile(path);
  await assert.rejects(makeBackup(path, () => assert.fail("It must not be asked")), /exists/);
  assert.deepEqual(await Deno.readFile(path), before);
  await Deno.remove(directory, { recursive: true });
});
