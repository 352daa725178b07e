import { positionOf } from "./position.ts";
import type { JetStream } from "./nats/jetstream.ts";
import { type FoundObject, ObjectStore } from "./nats/object_store.ts";
import { type ClusterOptions, prefixOf } from "./options.ts";

/** The name of the object: there is one, and a new one takes its place. */
export const SNAPSHOT = "snapshot";

/** What a snapshot says of itself. */
export interface SnapshotView {
  /** The last record of the log that is in it. */
  readonly sequence: number;
  /** When the log's stream was made: another time is another log. */
  readonly created: string;
  /** The node that has made it. */
  readonly node: string;
  /** The version of records by whose rules it was made; 0: an earlier one than 6. */
  readonly rules: number;
  /** Of its file. */
  readonly sizeBytes: number;
}

/** The bucket of a cluster's snapshots. */
export function snapshotsOf(jetStream: JetStream, { name }: ClusterOptions): ObjectStore {
  return new ObjectStore(jetStream, `FLUX_${name}_snapshots`);
}

/** Where a node says which snapshot is damaged, by the name of its chunks. */
export function damagedSubject(name: string): string {
  return `${prefixOf(name)}.snapshot.damaged`;
}

/** The words that a snapshot carries; `undefined`: the position is of no use. */
export function metadataOf(
  position: string | undefined,
  node: string,
): Readonly<Record<"sequence" | "created" | "node" | "rules", string>> | undefined {
  const known = positionOf(position);
  if (known === undefined) return undefined;
  const { sequence, created, rules = 0 } = known;
  return { sequence: `${sequence}`, created, node, rules: `${rules}` };
}

/** Reads them. */
export function viewOf({ info: { metadata, size } }: FoundObject): SnapshotView {
  const { sequence = "0", created = "", node = "", rules = "0" } = metadata ?? {};
  return { sequence: Number(sequence), created, node, rules: Number(rules), sizeBytes: size };
}
