import type { LogPort } from "../broker/mod.ts";
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
/** A log that says nothing for so long is away: a change of leaders is shorter. */
const AWAY_MS = 10_000;

/** Asks now and then where the log stands, for those who look at a node: page, API and metrics are answered without waiting for NATS. */
export class LogWatch {
  readonly #jetStream: JetStream;
  readonly #options: ClusterOptions;
  readonly #isConnected: () => boolean;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #lines: LogPort;
  #isAsking = false;
  /** Whether the log has said something since the last look. */
  #hasHeard = true;
  /** Whether a majority has answered once. */
  #isAnswered = false;
  #heardAtMs = performance.now();
  #isAway = false;
  #view: LogView | undefined;

  /** It asks until it is closed. */
  constructor(
    jetStream: JetStream,
    options: ClusterOptions,
    lines: LogPort,
    isConnected: () => boolean,
  ) {
    this.#jetStream = jetStream;
    this.#lines = lines;
    this.#options = options;
    this.#isConnected = isConnected;
    this.#timer = setInterval(() => void this.look(), LOOK_MS);
  }

  /** The answer to the last question; `undefined`: there is no log, or nobody to ask. */
  get view(): LogView | undefined {
    return this.#isConnected() ? this.#view : undefined;
  }

  /** Whether a server is connected, and the log has said nothing for long: a majority of the servers is away. */
  get isAway(): boolean {
    return this.#isAway && this.#isConnected();
  }

  /** The log has said something. */
  heard(): void {
    this.#hasHeard = true;
  }

  /** Asks, unless a question is under way. */
  async look(): Promise<void> {
    this.#lookAway();
    if (this.#isAsking || !this.#isConnected()) return;
    this.#isAsking = true;
    const asked = this.#askMajority();
    try {
      this.#view = await this.#ask();
    } catch {
      // Servers that are choosing a leader do not answer: the next time they do.
      this.#view = undefined;
    } finally {
      await asked;
      this.#isAsking = false;
    }
  }

  /** Ends it. */
  close(): void {
    clearInterval(this.#timer);
  }

  /**
   * Only a server that a majority has chosen answers this. A log's leader without one goes on to tell where the log stands, if nobody writes.
   */
  async #askMajority(): Promise<void> {
    try {
      await this.#jetStream.call("INFO");
      this.#isAnswered = this.#hasHeard = true;
      this.#lookAway();
    } catch {
      // Who may not ask this is not away for that.
    }
  }

  /** As long as no server is connected, nothing is known of the log. */
  #lookAway(): void {
    const nowMs = performance.now();
    if (this.#hasHeard || !this.#isAnswered || !this.#isConnected()) this.#heardAtMs = nowMs;
    this.#hasHeard = false;
    const isAway = nowMs - this.#heardAtMs > AWAY_MS;
    if (isAway === this.#isAway) return;
    this.#isAway = isAway;
    if (isAway) {
      this.#lines.warning(
        "The cluster's log does not answer: a majority of its NATS servers has to be there, with room on their disks",
      );
    } else this.#lines.info("The cluster's log answers again");
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
