import type { LogPort } from "../broker/mod.ts";
import { isOfOtherRules, type Position, positionOf } from "./position.ts";
import { wordsOf } from "./answers.ts";
import { delayAfter, waitingTold } from "./delay.ts";
import { NatsConnection } from "./nats/connection.ts";
import { NatsError } from "./nats/error.ts";
import { JetStream } from "./nats/jetstream.ts";
import type { StreamInfo } from "./nats/jetstream_answers.ts";
import type { FoundObject, ObjectStore } from "./nats/object_store.ts";
import { type ClusterOptions, streamOf } from "./options.ts";
import { VERSION } from "./record_form.ts";
import { damagedSubject, SNAPSHOT, snapshotsOf, type SnapshotView, viewOf } from "./snapshot.ts";

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

/** How long other nodes have to make another one, where that which is there is damaged. */
const ANOTHER_WAIT_MS = 60_000;

/**
 * Reads the cluster's snapshot into a file, if this node needs one: it is new, the log does not reach back to what it has applied, or it has applied
 * that by the rules of another version, and the snapshot was made by those of this one.
 * Resolves with `undefined` if it needs none, or there is none. Waits until a server of NATS can be reached, and where the snapshot is
 * damaged until another node has made a new one. Rejects with what writing the file throws, and with the signal's reason.
 */
export async function readSnapshotOf(init: SnapshotReaderInit): Promise<SnapshotView | undefined> {
  const { options, log, signal } = init;
  let reason = "no answer in time";
  const waiting = waitingTold(log, options);
  const nats = new NatsConnection({
    places: options.places,
    credentials: options.credentials,
    tls: { caCerts: options.caCerts, own: options.clientCertificate },
    name: `flux-mqtt ${options.name} ${options.node} snapshot`,
    onLost: (lost) => reason = lost,
  });
  try {
    const jetStream = new JetStream(nats);
    let damaged: DamagedSnapshot | undefined;
    let givenUpAtMs = Infinity;
    for (let tries = 0;; tries++) {
      signal?.throwIfAborted();
      try {
        return await readOnce(init, jetStream, damaged?.nuid);
      } catch (error) {
        if (error instanceof DamagedSnapshot) {
          if (error.isInLog || performance.now() > givenUpAtMs) return giveUp(init, error);
          if (damaged?.nuid !== error.nuid) {
            damaged = error;
            givenUpAtMs = Math.min(givenUpAtMs, performance.now() + ANOTHER_WAIT_MS);
            log.error("The cluster's snapshot is damaged: other nodes are asked for a new one", {
              reason: error.message,
            });
          }
          nats.publish(damagedSubject(options.name), new TextEncoder().encode(error.nuid));
        } else if (!(error instanceof NatsError)) throw error;
        else waiting(tries, nats.isConnected ? wordsOf(error) : reason);
      }
      await delayAfter(tries);
    }
  } finally {
    await nats.close();
  }
}

async function readOnce(
  { options, log, position, path }: SnapshotReaderInit,
  jetStream: JetStream,
  damaged: string | undefined,
): Promise<SnapshotView | undefined> {
  const info = await jetStream.streamInfo(streamOf(options.name));
  const applied = positionOf(position);
  if (info === undefined) return undefined;
  const isReached = isReachedBy(info, applied);
  if (isReached && !isOfOtherRules(position)) return undefined;
  const objects = snapshotsOf(jetStream, options);
  const found = await objects.info(SNAPSHOT);
  if (found === undefined) return undefined;
  const view = viewOf(found);
  if (view.created !== info.created) return undefined;
  // Which words counted by other rules nobody can say afterwards: all that come to these start from the same.
  if (isReached && view.rules !== VERSION) return undefined;
  // Even if the log does not reach back to it, it is nearer than what the node has.
  if (applied?.created === info.created && view.sequence <= applied.sequence) return undefined;
  const { nuid } = found.info;
  const isInLog = info.firstSequence <= 1;
  if (nuid === damaged) throw new DamagedSnapshot("It is the same", nuid, isInLog);
  log.info("The broker starts from the cluster's snapshot", {
    sequence: view.sequence,
    bytes: view.sizeBytes,
    madeBy: view.node,
  });
  try {
    await write(objects, found, path);
  } catch (error) {
    if (!(error instanceof NatsError) || error.kind !== "refused") throw error;
    // A new one has taken its place meanwhile, or it is damaged.
    if ((await objects.info(SNAPSHOT))?.info.nuid !== nuid) throw error;
    throw new DamagedSnapshot(error.message, nuid, isInLog);
  }
  return view;
}

/** A snapshot is not what it says. */
class DamagedSnapshot extends Error {
  /** `nuid`: which; `isInLog`: the log has all that was in it. */
  constructor(message: string, readonly nuid: string, readonly isInLog: boolean) {
    super(message);
  }
}

/** Whether the log has all that comes behind what this node has applied. */
function isReachedBy(
  { created, firstSequence }: StreamInfo,
  applied: Position | undefined,
): boolean {
  return applied?.created === created && applied.sequence + 1 >= firstSequence;
}

/** The file is whole when this resolves. */
async function write(objects: ObjectStore, { info }: FoundObject, path: string): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true, mode: 0o600 });
  for await (const chunk of objects.read(info)) {
    for (let at = 0; at < chunk.length;) at += await file.write(chunk.subarray(at));
  }
}

function giveUp({ log }: SnapshotReaderInit, { message, isInLog }: DamagedSnapshot): undefined {
  if (isInLog) {
    log.warning("The cluster's snapshot is damaged: the broker reads the whole log", {
      reason: message,
    });
  } else {
    log.error("Cannot read the cluster's snapshot: the broker starts with what it has", {
      reason: message,
    });
  }
}
