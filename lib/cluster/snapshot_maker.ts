import type { LogPort } from "../broker/mod.ts";
import { wordsOf } from "./answers.ts";
import type { ClusterLevel } from "./node_init.ts";
import { Lease } from "./lease.ts";
import { NatsConnection } from "./nats/connection.ts";
import { JetStream } from "./nats/jetstream.ts";
import type { StreamInfo } from "./nats/jetstream_answers.ts";
import { KeyValue } from "./nats/key_value.ts";
import type { FoundObject, ObjectInfo, ObjectStore } from "./nats/object_store.ts";
import { type ClusterOptions, streamOf } from "./options.ts";
import { damagedSubject, metadataOf, SNAPSHOT, snapshotsOf, viewOf } from "./snapshot.ts";
import { SnapshotDue } from "./snapshot_due.ts";
import { Trouble } from "./trouble.ts";

/** A store that can be copied while it is in use. */
export interface SnapshotSource {
  /** A copy of the store, with the position in the log up to which all is in it. */
  backUp(): Promise<{
    readonly readable: ReadableStream<Uint8Array>;
    readonly content: { readonly position?: string };
  }>;
}

/** What makes snapshots. */
export interface SnapshotMakerInit {
  /** What the node is told. */
  readonly options: ClusterOptions;
  /** For what an operator should know. */
  readonly log: LogPort;
  /** The node's own store. */
  readonly store: SnapshotSource;
  /** What the store knew of the log when the node began; absent: nothing. */
  readonly position?: string | undefined;
  /** Where the node stands. */
  readonly level: () => ClusterLevel;
  /** How often it looks whether one is due; default: 500. */
  readonly lookMs?: number;
  /** How long a node that makes one may be silent until another one does it; default: 20,000. */
  readonly leaseMs?: number;
}

const LOOK_MS = 500;
const LEASE_MS = 20_000;

/**
 * Keeps the log short: when much has come since the last snapshot, one of the nodes puts a copy of its store into NATS's object store. What
 * stands before the snapshot before that one, and has been applied by every node that is there, is deleted from the log then. So a node
 * that was away for a moment goes on by the log, and one that was away for longer, or is new, starts from the snapshot.
 *
 * At whatever moment this ends, the last snapshot is whole and the log reaches back to it: chunks come first, then the name that shows
 * them, then deletions. It has a connection of its own, so that large chunks do not stand before records.
 */
export class SnapshotMaker {
  readonly #init: SnapshotMakerInit;
  readonly #nats: NatsConnection;
  readonly #jetStream: JetStream;
  readonly #objects: ObjectStore;
  readonly #values: KeyValue;
  readonly #lease: Lease;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #ending = new AbortController();
  readonly #due: SnapshotDue;
  /** The last record of the log when one was not due. */
  #looked = -1;
  #work: Promise<void> | undefined;
  readonly #trouble: Trouble;

  /** It looks from time to time until it is closed. */
  constructor(init: SnapshotMakerInit) {
    this.#init = init;
    const nowMs = () => performance.now();
    this.#trouble = new Trouble(init.log, "Cannot make a snapshot of the cluster", nowMs);
    const { options, position, lookMs = LOOK_MS, leaseMs = LEASE_MS } = init;
    this.#due = new SnapshotDue(options.maxLogBytes, position);
    this.#nats = new NatsConnection({
      places: options.places,
      credentials: options.credentials,
      tls: { caCerts: options.caCerts, own: options.clientCertificate },
      name: `flux-mqtt ${options.name} ${options.node} snapshots`,
    });
    this.#nats.subscribe(damagedSubject(options.name), ({ payload }) => {
      this.#due.damaged(new TextDecoder().decode(payload));
      this.#looked = -1;
    });
    this.#jetStream = new JetStream(this.#nats);
    this.#objects = snapshotsOf(this.#jetStream, options);
    this.#values = new KeyValue(this.#jetStream, `FLUX_${options.name}`);
    this.#lease = new Lease(this.#values, SNAPSHOT, options.node, leaseMs);
    this.#timer = setInterval(() => {
      this.#work ??= this.#look().finally(() => this.#work = undefined);
    }, lookMs);
  }

  /** Ends it, with what it is at. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#ending.abort(new Error("The broker ends"));
    await this.#work;
    await this.#nats.close();
  }

  async #look(): Promise<void> {
    const level = this.#init.level();
    const { isReady, sequence } = level;
    if (!this.#nats.isConnected || !isReady || sequence === this.#looked) return;
    this.#due.add(level);
    try {
      const info = await this.#jetStream.streamInfo(streamOf(this.#init.options.name));
      if (info !== undefined && this.#due.isDue(info, await this.#objects.info(SNAPSHOT), level)) {
        await this.#makeAlone(info);
      } else this.#looked = sequence;
    } catch (error) {
      if (this.#ending.signal.aborted) return;
      this.#trouble.tell(wordsOf(error));
    }
  }

  async #makeAlone(info: StreamInfo): Promise<void> {
    const { options, leaseMs = LEASE_MS } = this.#init;
    await this.#values.ensure(options.replicas);
    await this.#objects.ensure(options.replicas);
    const nuid = crypto.randomUUID().replaceAll("-", "");
    const left = await this.#lease.take(nuid);
    if (left === undefined) return;
    const renewing = setInterval(() => void this.#lease.renew().catch(() => {}), leaseMs / 4);
    try {
      const last = await this.#objects.info(SNAPSHOT);
      // Another node may have made one just now.
      if (!this.#due.isDue(info, last, this.#init.level())) return;
      // Chunks that nobody sees, because their node was killed over them.
      if (left !== "" && left !== last?.info.nuid) await this.#objects.deleteChunks(left);
      await this.#make(nuid, info, last);
    } finally {
      clearInterval(renewing);
      await this.#lease.end().catch(() => {});
    }
  }

  async #make(nuid: string, info: StreamInfo, last: FoundObject | undefined): Promise<void> {
    const { log } = this.#init;
    const startedMs = performance.now();
    const made = await this.#upload(nuid, info, last);
    if (made === undefined) return;
    // If the answer is lost, it may be shown or not: its chunks stay, and the next node that makes one looks after them.
    if (!this.#lease.isHeld || !await this.#objects.publish(made, last?.revision ?? 0)) {
      await this.#objects.deleteChunks(nuid);
      return;
    }
    const { sequence, sizeBytes } = viewOf({ info: made, revision: 0 });
    const ms = Math.round(performance.now() - startedMs);
    log.info("A snapshot of the cluster was made", { sequence, bytes: sizeBytes, ms });
    await this.#trim(info, last);
    if (last !== undefined) await this.#objects.deleteChunks(last.info.nuid);
  }

  /** `undefined`: the store has not come to this log, or not further than the last snapshot. */
  async #upload(
    nuid: string,
    { created }: StreamInfo,
    last: FoundObject | undefined,
  ): Promise<ObjectInfo | undefined> {
    const { options, store } = this.#init;
    const { sequence } = this.#init.level();
    const { readable, content } = await store.backUp();
    // The store has not written yet how far it is: it will with the next change.
    const isOfUse = this.#due.isOfUse(content.position);
    if (!isOfUse) this.#looked = sequence;
    const metadata = metadataOf(content.position, options.node);
    const before = last === undefined ? undefined : viewOf(last);
    const isNewer = before?.created !== created || Number(metadata?.sequence) > before.sequence ||
      this.#due.isDamaged(last) && Number(metadata?.sequence) === before.sequence;
    if (metadata === undefined || metadata.created !== created || !isNewer || !isOfUse) {
      await readable.cancel();
      return undefined;
    }
    try {
      return await this.#objects.upload(SNAPSHOT, nuid, readable, metadata, this.#ending.signal);
    } catch (error) {
      await this.#objects.deleteChunks(nuid).catch(() => {});
      throw error;
    }
  }

  /** Deletes from the log what is in the snapshot before this one and has been applied by all nodes that are there. */
  async #trim(info: StreamInfo, last: FoundObject | undefined): Promise<void> {
    const view = last === undefined ? undefined : viewOf(last);
    if (view === undefined || view.created !== info.created) return;
    const applied = this.#init.level().nodes.map(({ sequence }) => sequence);
    const sequence = Math.min(view.sequence, ...applied) + 1;
    if (sequence <= info.firstSequence) return;
    await this.#jetStream.purgeBefore(streamOf(this.#init.options.name), sequence);
  }
}
