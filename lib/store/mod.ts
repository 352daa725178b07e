/**
 * Where sessions and retained messages are kept: implementations of the core's `Store` port.
 *
 * - `MemoryStore`: as long as the process runs. It is the model of what a durable one does, for tests and simulations: a broker
 *   can crash and another one begin with what was committed.
 * - `SqliteStore`, opened by `openStore`: on disk, in a SQLite file that a Worker writes. Batches of a turn or more are committed together, so a
 *   slow disk delays acknowledgements and nothing else; what is undone before it was written never reaches the disk. While nothing
 *   can be written it says that it is failing, keeps what it has, and tries again until it can.
 *
 * What a store owes to the core is written as a suite, `tests/store/contract.ts`, which every implementation passes: writes count when their commit
 * is done, commits are done in order, what is deleted takes along all that belongs to it, and a write to something that is
 * not there is none. May import the ports and data types of `broker`.
 *
 * @example A session that survives
 * ```ts
 * import { MemoryStore } from "./mod.ts";
 *
 * const store = new MemoryStore();
 * store.putSession("thermometer", 3600, Infinity);
 * store.commit(() => {});
 * store.putSession("forgotten", 3600, Infinity);
 * const { sessions } = store.load(); // only the thermometer's
 * ```
 *
 * @module
 */
export * from "./memory_store.ts";
export { type BackupContent, type CopyDatabase, makeBackup, type StoreBackup } from "./backup.ts";
export { type OpenedStore, openStore, type OpenStoreInit } from "./open.ts";
export { lockDirectory } from "./lock.ts";
export { compact, deleteStoredSession, restore } from "./maintenance.ts";
export { NewerSchemaError, SCHEMA_VERSION } from "./schema.ts";
export { snapshot } from "./snapshot.ts";
export { SqliteStore, type SqliteStoreInit } from "./sqlite_store.ts";
export { type StoreClock, SYSTEM_CLOCK } from "./store_clock.ts";
export { DATABASE_NAME } from "./store_files.ts";
export { type StoredCounts, StoredFile, type StoredSessionView } from "./stored_file.ts";
export type { StoreStats } from "./writer_link.ts";
export type { WriterInit } from "./writer_protocol.ts";
