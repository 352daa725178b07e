import type { LogPort } from "../broker/mod.ts";
import { type Position, positionOf } from "./position.ts";
import { delay } from "./delay.ts";
import { NatsConnection } from "./nats/connection.ts";
import { NatsError } from "./nats/error.ts";
import { JetStream, type StreamInfo } from "./nats/jetstream.ts";
import type { FoundObject, ObjectStore } from "./nats/object_store.ts";
import { nameOfPlace } from "./nats/place.ts";
import { type ClusterOptions, streamOf } from "./options.ts";
import { SNAPSHOT, snapshotsOf, type SnapshotView, viewOf } from "./snapshot.ts";

/** What reading a snapshot needs. */
export interface SnapshotReaderInit {
  /** What the node is told. */
  readonly options: ClusterOptions;
  /** For what an operator should know. */
  readonly log: LogPort;
  /** What the node's store knows of the log. */
  readonly position: string | undefined;
  /** The file to write it to, which is not there yet. */
  readonly path: string;
  /** Ends the waiting; absent: nothing does. */
  readonly signal?: AbortSignal | undefined;
}

const RETRY_MS = 500;
/** A snapshot that is not whole so often is given up. */
const MAX_TRIES = 5;

/**
 * Reads the cluster's snapshot into a file, if this node needs one: it is new, or the log does not reach back to what it has applied.
 * Resolves with `undefined` if it needs none, or there is none. Waits until a server of NATS can be reached. Rejects with what writing the
 * file throws, and with the signal's reason.
 */
export async function readSnapshotOf(init: SnapshotReaderInit): Promise<SnapshotView | undefined> {
  const { options, signal } = init;
  let reason = "no answer in time";
  const nats = new NatsConnection({
    places: options.places,
    credentials: options.credentials,
    tls: { caCerts: options.caCerts, own: options.clientCertificate },
    name: `flux-mqtt ${options.name} ${options.node} snapshot`,
    onLost: (lost) => reason = lost,
  });
  try {
    const jetStream = new JetStream(nats);
    for (let tries = 0, bad = 0;; tries++) {
      signal?.throwIfAborted();
      try {
        return await readOnce(init, jetStream);
      } catch (error) {
        if (!(error instanceof NatsError)) throw error;
        warn(init, tries, nats.isConnected ? error.message : reason);
        if (error.kind === "refused" && ++bad === MAX_TRIES) return giveUp(init, error);
      }
      await delay(RETRY_MS);
    }
  } finally {
    await nats.close();
  }
}

async function readOnce(
  { options, log, position, path }: SnapshotReaderInit,
  jetStream: JetStream,
): Promise<SnapshotView | undefined> {
  const info = await jetStream.streamInfo(streamOf(options.name));
  const applied = positionOf(position);
  if (info === undefined || isReached(info, applied)) return undefined;
  const objects = snapshotsOf(jetStream, options);
  const found = await objects.info(SNAPSHOT);
  if (found === undefined) return undefined;
  const view = viewOf(found);
  if (view.created !== info.created) return undefined;
  // Even if the log does not reach back to it, it is nearer than what the node has.
  if (applied?.created === info.created && view.sequence <= applied.sequence) return undefined;
  log.info("The broker starts from the cluster's snapshot", {
    sequence: view.sequence,
    bytes: view.sizeBytes,
    madeBy: view.node,
  });
  await write(objects, found, path);
  return view;
}

/** Whether the log has all that comes behind what this node has applied. */
function isReached({ created, firstSequence }: StreamInfo, applied: Position | undefined): boolean {
  return applied?.created === created && applied.sequence + 1 >= firstSequence;
}

/** The file is whole when this resolves. */
async function write(objects: ObjectStore, { info }: FoundObject, path: string): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true, mode: 0o600 });
  for await (const chunk of objects.read(info)) {
    for (let at = 0; at < chunk.length;) at += await file.write(chunk.subarray(at));
  }
}

function warn({ options, log }: SnapshotReaderInit, tries: number, reason: string): void {
  const servers = options.places.map(nameOfPlace).join(",");
  if (tries % 10 === 2) log.warning("The broker waits for its cluster", { servers, reason });
}

function giveUp({ log }: SnapshotReaderInit, error: NatsError): undefined {
  log.error("Cannot read the cluster's snapshot: the broker starts with what it has", {
    reason: error.message,
  });
}
