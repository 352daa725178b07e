import type { LogPort } from "../broker/mod.ts";
import { nowMs, Server, SILENT } from "../net/mod.ts";
import {
  DATABASE_NAME,
  lockDirectory,
  type OpenedStore,
  openStore,
  restore,
  snapshot,
  StoredFile,
  SYSTEM_CLOCK,
} from "../store/mod.ts";
import { type CarriedOver, carryOver, type KnownListener, recordsOf } from "./carry_over.ts";
import { readDatabase, type StoredMessage } from "./database.ts";

/** Stands beside a store into which a mosquitto's was imported, and names it. */
export const IMPORT_MARK = "flux-mqtt.imported";

/** What is imported, and where to. */
export interface ImportInit {
  /** A mosquitto's database; it is only read. */
  readonly file: string;
  /** The store's; made where it is missing. */
  readonly directory: string;
  /** Whether a store with something in it is set aside. Default: it is refused. */
  readonly mayReplace?: boolean;
  /** Listeners by whose ports mosquitto's clients came. Default: none is known. */
  readonly listeners?: readonly KnownListener[];
  /** Called now and then: records that are written, of how many. */
  readonly progress?: (done: number, total: number) => void;
}

/** What came of it. */
export interface ImportResult {
  /** Of the file's format. */
  readonly version: number;
  /** How much came along. */
  readonly counts: CarriedOver;
  /** Where the store is that was there; `""`: there was none. */
  readonly aside: string;
}

/** There is a store already, with something in it. */
export class StoreNotEmptyError extends Error {
  /** `directory`: where. */
  constructor(directory: string, sessions: number, retained: number) {
    super(
      `${directory}: The store is not empty: ${sessions} sessions, ${retained} retained messages`,
    );
  }
}

/**
 * Imports a mosquitto's database. Throws `DatabaseError` where that cannot be read, `StoreNotEmptyError`, and where a broker runs on the
 * directory: then the store is as it was. It is made elsewhere, and put in its place when it is whole.
 */
export async function importDatabase(init: ImportInit): Promise<ImportResult> {
  const { file, directory, mayReplace = false, listeners = [] } = init;
  const database = readDatabase(Deno.readFileSync(file));
  Deno.mkdirSync(directory, { recursive: true, mode: 0o700 });
  // Whether a broker runs is found out before the work, not behind it.
  lockDirectory(directory).close();
  if (!mayReplace) refuseFull(directory);
  const work = Deno.makeTempDirSync({ dir: directory, prefix: "importing-" });
  try {
    const total = recordsOf(database);
    const progress = (done: number) => init.progress?.(done, total);
    const failure = Promise.withResolvers<never>();
    const opened = open(work, failure.reject);
    const task = carryOver(database, {
      store: opened.store,
      nowMs: Date.now(),
      listeners,
      progress,
    });
    const { counts, held } = await Promise.race([task, failure.promise])
      .finally(() => opened.close());
    if (held.length > 0) await passOn(work, held);
    const copy = `${work}/whole.db`;
    snapshot(`${work}/${DATABASE_NAME}`, copy);
    const aside = restore(copy, directory);
    mark(init);
    return { version: database.version, counts, aside };
  } finally {
    Deno.removeSync(work, { recursive: true });
  }
}

function refuseFull(directory: string): void {
  const path = `${directory}/${DATABASE_NAME}`;
  try {
    Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  using stored = new StoredFile(path);
  const { sessions, retained } = stored.counts();
  if (sessions + retained > 0) throw new StoreNotEmptyError(directory, sessions, retained);
}

/** `fail` is told where something cannot be written, as on a full disk: the store would wait for better times. */
function open(directory: string, fail: (reason: Error) => void): OpenedStore {
  const log: LogPort = {
    ...SILENT,
    error: (message, fields) => fail(new Error(`${message}: ${fields?.["reason"] ?? directory}`)),
  };
  const clock = { ...SYSTEM_CLOCK, date: nowMs };
  return openStore({ directory, durability: "interval", log, clock, maxBytes: 0 });
}

/** Lets a broker without listeners route what mosquitto has not: to sessions, to one of each share, and to the retained messages. */
async function passOn(directory: string, held: readonly StoredMessage[]): Promise<void> {
  const failure = Promise.withResolvers<never>();
  const opened = open(directory, failure.reject);
  const server = new Server({ store: opened.store });
  try {
    server.restore(opened.state);
    for (const { topicName, payload, qos, retain, properties, expiresAtSeconds } of held) {
      const leftSeconds = Math.ceil(expiresAtSeconds - Date.now() / 1000);
      server.hub.publish({
        topicName,
        payload,
        qos,
        retain,
        ...properties === undefined ? {} : { properties },
        ...expiresAtSeconds === 0 ? {} : { messageExpiryIntervalSeconds: Math.max(1, leftSeconds) },
      });
    }
    const stored = new Promise<void>((resolve) => opened.store.commit(resolve));
    await Promise.race([stored, failure.promise]);
  } finally {
    await server.close();
    await opened.close();
  }
}

function mark({ file, directory }: ImportInit): void {
  const text = `Imported from ${file} at ${new Date().toISOString()}\n`;
  Deno.writeTextFileSync(`${directory}/${IMPORT_MARK}`, text, { mode: 0o600 });
}
