import type { LogPort, StoredState } from "../broker/mod.ts";
import type { ClusterOptions } from "./options.ts";
import { readSnapshotOf } from "./snapshot_reader.ts";

/** A store that is open, and what it has. */
export interface SnapshotStore {
  /** What it has. */
  readonly state: StoredState;
  /** Closes it; resolves when its directory is free. */
  close(): Promise<void>;
}

/** What beginning needs of the stores, which this room does not know. */
export interface SnapshotTaking<Store extends SnapshotStore> {
  /** Opens the node's store; `undefined`: it has none. Called a second time where a snapshot was put into it. */
  readonly open: () => Store | undefined;
  /** The directory of that store. */
  readonly directory: string;
  /** The file for a snapshot, in a directory. */
  readonly path: (directory: string) => string;
  /** Puts a snapshot into a directory's store, in the place of what all nodes know. */
  readonly take: (
    path: string,
    directory: string,
  ) => { readonly sessions: number; readonly messages: number; readonly retained: number };
  /** What a snapshot has. */
  readonly read: (path: string) => StoredState;
  /** Ends the waiting for the cluster; absent: nothing does. */
  readonly signal?: AbortSignal | undefined;
}

/** What a node begins with. */
export interface Beginning<Store> {
  /** `undefined`: nothing is stored. */
  readonly opened: Store | undefined;
  /** `undefined`: there is none. */
  readonly state: StoredState | undefined;
}

/**
 * Opens a node's store with what the cluster's snapshot has, if the node is new, or was away for longer than the log reaches back. Waits for
 * the cluster. Rejects with what the store throws, and with the signal's reason; the store is closed then.
 */
export async function beginWithSnapshot<Store extends SnapshotStore>(
  options: ClusterOptions,
  log: LogPort,
  stores: SnapshotTaking<Store>,
): Promise<Beginning<Store>> {
  const opened = stores.open();
  const directory = opened === undefined ? temporary(log) : stores.directory;
  if (directory === undefined) return { opened, state: undefined };
  const path = stores.path(directory);
  try {
    const { position } = opened?.state ?? {};
    const view = await readSnapshotOf({ options, log, position, path, signal: stores.signal });
    if (view === undefined) return { opened, state: opened?.state };
    if (opened === undefined) return { opened, state: stores.read(path) };
    await opened.close();
    const { sessions, messages, retained } = stores.take(path, directory);
    log.info("The cluster's snapshot is in the store", { sessions, messages, retained });
  } catch (error) {
    await opened?.close();
    throw error;
  } finally {
    for (const suffix of ["", "-wal", "-shm", "-journal"]) remove(path + suffix);
    if (opened === undefined) remove(directory);
  }
  const again = stores.open();
  return { opened: again, state: again?.state };
}

/** For a snapshot that a node without a store reads; `undefined`: there is no room for it. */
function temporary(log: LogPort): string | undefined {
  try {
    return Deno.makeTempDirSync({ prefix: "flux-mqtt-" });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.warning("A snapshot of the cluster cannot be read without a directory for it", { reason });
    return undefined;
  }
}

function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // It was not there.
  }
}
