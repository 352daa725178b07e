/**
 * What a mosquitto has left behind: the reader of its `mosquitto.db`, and the way from there into a store of ours.
 *
 * - `database.ts` reads a file, whole, before anything is written: a damaged file changes nothing. It knows the format's versions
 *   5 (mosquitto 1.6) and 6 (2.0 and 2.1).
 * - `carry_over.ts` puts what was read into a store: retained messages, sessions, subscriptions, and what waits or is in flight.
 * - `import_database.ts` does that in a directory of its own, and puts the finished store in its place in one step. What was
 *   there is set aside.
 *
 * Only the command loads this room. May import `store`, the ports and data types of `broker`, `net` for a server that
 * nobody can connect to, `codec` and `topic`.
 *
 * @example A file that is none of mosquitto's
 * ```ts
 * import { strict as assert } from "node:assert";
 * import { readDatabase } from "./mod.ts";
 *
 * assert.throws(() => readDatabase(new Uint8Array(100)), /no database of mosquitto/);
 * ```
 *
 * @module
 */
export {
  DatabaseError,
  type MosquittoDatabase,
  readDatabase,
  type StoredClient,
  type StoredClientMessage,
  type StoredMessage,
  type StoredSubscription,
} from "./database.ts";
export type { CarriedOver, KnownListener } from "./carry_over.ts";
export {
  IMPORT_MARK,
  importDatabase,
  type ImportInit,
  type ImportResult,
  StoreNotEmptyError,
} from "./import_database.ts";
