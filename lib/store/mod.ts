/**
 * This room keeps sessions and retained messages. It has two implementations of the core's `Store` port.
 *
 * - `MemoryStore` keeps them as long as the process runs. It is the model of a durable store, for tests and simulations: a broker
 *   can crash, and another one begins with what was committed.
 * - `SqliteStore`, opened by `openStore`, keeps them on disk, in a SQLite file that a Worker writes. The writes of one or more turns are
 *   committed together, so that a slow disk delays acknowledgements and nothing else. What is undone before it was written never
 *   reaches the disk. While nothing can be written, the store says that it is failing, keeps the writes, and tries again until it can.
 *   Deliveries in flight stand in a journal. They get rows of their own when they are not acknowledged soon.
 *
 * The suite `tests/store/contract.ts` says what a store must do, and every implementation passes it: a write is durable when its commit
 * is done, commits are done in order, a deletion deletes all that belongs to the deleted row, and a write to something that does not
 * exist has no effect. May import the ports and data types of `broker`, and `session`. The Worker's modules import no value of `broker`:
 * it would be loaded a second time, for the Worker alone.
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
export { borrowGc } from "./collect_garbage.ts";
export { readSnapshot, type SnapshotContent, takeSnapshot } from "./cluster_snapshot.ts";
export { lockDirectory } from "./lock.ts";
export { compact, deleteStoredSession, restore } from "./maintenance.ts";
export { NewerSchemaError, SCHEMA_VERSION } from "./schema.ts";
export { snapshot } from "./snapshot.ts";
export { SqliteStore, type SqliteStoreInit } from "./sqlite_store.ts";
export { type StoreClock, SYSTEM_CLOCK } from "./store_clock.ts";
export { DATABASE_NAME, snapshotPath } from "./store_files.ts";
export { type StoredCounts, StoredFile, type StoredSessionView } from "./stored_file.ts";
export type { StoreStats } from "./writer_link.ts";
export type { WriterInit } from "./writer_protocol.ts";
