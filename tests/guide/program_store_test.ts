import { ok } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import type { Store, StoredState } from "../../lib/mod.ts";
import { storeContract } from "../store/contract.ts";

/** The class in the guide's page, as a module. */
interface Page {
  readonly DatabaseStore: new (database: DatabaseSync) => Store & { load(): StoredState };
}

/** Takes the class out of the page, as a reader would. */
async function readPage(): Promise<Page> {
  const text = await Deno.readTextFile(
    new URL("../../lib/guide/program-store.md", import.meta.url),
  );
  const [, program] = /^```ts\n(.*?)^```$/ms.exec(text) ?? [];
  const end = program?.indexOf("\nconst database =") ?? -1;
  ok(end > 0, "The page has the program, with the class first");
  const library = new URL("../../lib/mod.ts", import.meta.url).href;
  const module = program!.slice(0, end).replaceAll('"../mod.ts"', JSON.stringify(library));
  const path = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(path, `${module}\nexport { DatabaseStore };\n`);
    return await import(`file://${path}`);
  } finally {
    await Deno.remove(path);
  }
}

const { DatabaseStore } = await readPage();

storeContract("DatabaseStore of the guide", async () => {
  const directory = await Deno.makeTempDir();
  let database = new DatabaseSync(`${directory}/program.sqlite`);
  // Power cuts are not its point, and the disk has other tests.
  const settle = () => database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
  settle();
  let store = new DatabaseStore(database);
  return {
    get store() {
      return store;
    },
    reopen() {
      database.close();
      database = new DatabaseSync(`${directory}/program.sqlite`);
      settle();
      store = new DatabaseStore(database);
      return Promise.resolve(store.load());
    },
    async close() {
      database.close();
      await Deno.remove(directory, { recursive: true });
    },
  };
}, { readsQueues: false });
