import type { JetStream } from "./nats/jetstream.ts";
import { type ClusterOptions, streamOf } from "./options.ts";
import { SNAPSHOT, snapshotsOf, type SnapshotView, viewOf } from "./snapshot.ts";

/** The log as the servers describe it. */
export interface LogView {
  /** The number of the last record that it was given. */
  readonly lastSequence: number;
  /** How many records it has now. */
  readonly records: number;
  /** Bytes of these. */
  readonly bytes: number;
  /** The server that leads; `""`: none, or there is only one. */
  readonly leader: string;
  /** The last snapshot; absent: there is none yet. */
  readonly snapshot?: SnapshotView;
}

const LOOK_MS = 2000;

/** Asks now and then where the log stands, for those who look at a node: page, API and metrics are answered without waiting for NATS. */
export class LogWatch {
  readonly #jetStream: JetStream;
  readonly #options: ClusterOptions;
  readonly #isConnected: () => boolean;
  readonly #timer: ReturnType<typeof setInterval>;
  #isAsking = false;
  #view: LogView | undefined;

  /** It asks until it is closed. */
  constructor(jetStream: JetStream, options: ClusterOptions, isConnected: () => boolean) {
    this.#jetStream = jetStream;
    this.#options = options;
    this.#isConnected = isConnected;
    this.#timer = setInterval(() => void this.look(), LOOK_MS);
  }

  /** The answer to the last question; `undefined`: there is no log, or nobody to ask. */
  get view(): LogView | undefined {
    return this.#isConnected() ? this.#view : undefined;
  }

  /** Asks, unless a question is under way. */
  async look(): Promise<void> {
    if (this.#isAsking || !this.#isConnected()) return;
    this.#isAsking = true;
    try {
      this.#view = await this.#ask();
    } catch {
      // Servers that are choosing a leader do not answer: the next time they do.
      this.#view = undefined;
    } finally {
      this.#isAsking = false;
    }
  }

  /** Ends it. */
  close(): void {
    clearInterval(this.#timer);
  }

  async #ask(): Promise<LogView | undefined> {
    const info = await this.#jetStream.streamInfo(streamOf(this.#options.name));
    if (info === undefined) return undefined;
    const found = await snapshotsOf(this.#jetStream, this.#options).info(SNAPSHOT);
    return {
      lastSequence: info.lastSequence,
      records: info.messages,
      bytes: info.bytes,
      leader: info.leader,
      ...found === undefined ? {} : { snapshot: viewOf(found) },
    };
  }
}
