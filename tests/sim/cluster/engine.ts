import type {
  Engine,
  EngineEvents,
  LogReader,
  OpenInit,
  Subjects,
} from "../../../lib/cluster/engine.ts";
import type { NatsMessage } from "../../../lib/cluster/nats/message.ts";
import type { StreamInfo } from "../../../lib/cluster/nats/jetstream_answers.ts";
import type { TailEvents } from "../../../lib/cluster/nats/tail.ts";
import type { OpenedLog } from "../../../lib/cluster/open_log.ts";
import type { SimSnapshot } from "./snapshots.ts";
import type { Random } from "../../support/random.ts";
import type { Scheduler } from "../scheduler.ts";

/** What a process does later: not where it is dead by then, and when it goes on where it is paused. */
export type Later = (delayMs: number, run: () => void) => void;

/** The subject of the log, and where answers go. */
const LOG_SUBJECT = /\.log$/;
const CREATED = "simulated";
/** One acknowledgement in so many is lost. */
const LOST_ONE_IN = 25;
/** The longest until a node knows that it has lost its server. */
const NOTICE_MS = 4000;

/**
 * What the nodes share: a log that never loses what it has, and subjects. While a leader is elected it takes nothing, or takes it and
 * does not say so; connections are lost with what is under way, and come back.
 */
export class SimLog {
  readonly records: Uint8Array[] = [];
  readonly engines = new Set<SimEngine>();
  readonly clock: Scheduler;
  readonly random: Random;
  /** The longest that a message takes one way. */
  maxDelayMs = 5;
  /** The first record that is not deleted. */
  firstSequence = 1;
  /** The last copy of a node's store, for nodes that the log does not reach back to. */
  snapshot: SimSnapshot | undefined;
  readonly #ids = new Set<string>();
  #electedAtMs = 0;
  /** When it has taken nothing. */
  readonly disturbedMs: number[] = [];

  constructor(clock: Scheduler, random: Random) {
    this.clock = clock;
    this.random = random;
  }

  /** As JetStream tells it. */
  get info(): StreamInfo {
    const lastSequence = this.records.length;
    const { firstSequence } = this;
    return {
      firstSequence,
      lastSequence,
      messages: lastSequence - firstSequence + 1,
      bytes: 0,
      maxBytes: 0,
      replicas: 1,
      leader: "",
      created: CREATED,
    };
  }

  /** There is no leader for so long. */
  elect(durationMs: number): void {
    this.disturbedMs.push(this.clock.nowMs, this.clock.nowMs + durationMs);
    this.#electedAtMs = Math.max(this.#electedAtMs, this.clock.nowMs + durationMs);
  }

  /** What the leader answers; `undefined`: nothing. */
  append(id: string, bytes: Uint8Array): NatsMessage | undefined {
    const isElecting = this.clock.nowMs < this.#electedAtMs;
    const isDuplicate = this.#ids.has(id);
    // A message may have come to the majority before the leader was lost.
    if (isElecting && (isDuplicate || this.random.int(4) > 0)) {
      return this.random.bool() ? undefined : NO_RESPONDERS;
    }
    if (!isDuplicate) {
      this.#ids.add(id);
      this.records.push(bytes.slice());
      for (const engine of this.engines) engine.pump();
    }
    if (isElecting || this.random.int(LOST_ONE_IN) === 0) return undefined;
    const ack = { stream: "log", seq: this.records.length, duplicate: isDuplicate };
    return { ...NO_RESPONDERS, headers: undefined, payload: encode(JSON.stringify(ack)) };
  }
}

const NO_RESPONDERS: NatsMessage = {
  subject: "",
  reply: "",
  headers: { status: 503, description: "", values: new Map() },
  payload: new Uint8Array(0),
};

/** One process's connection to the log and to the others. */
export class SimEngine implements Engine {
  readonly maxPayloadBytes = 1024 * 1024;
  isConnected = false;
  readonly #log: SimLog;
  readonly #later: Later;
  readonly #events: EngineEvents;
  readonly #subscriptions = new Set<
    { words: readonly string[]; handle: (message: NatsMessage) => void }
  >();
  /** What is under way belongs to the connection of this number. */
  #connection = 0;
  /** Nothing comes through. */
  #isCut = true;
  #upMs = 0;
  #downMs = 0;
  #reader: Reader | undefined;
  #inboxes = 0;

  constructor(log: SimLog, later: Later, events: EngineEvents) {
    this.#log = log;
    this.#later = later;
    this.#events = events;
    log.engines.add(this);
  }

  /** There is a way to the servers from now on: soon the node has it. */
  heal(): void {
    if (!this.#isCut) return;
    this.#isCut = false;
    const connection = ++this.#connection;
    this.#later(50 + this.#log.random.int(2000), () => {
      if (connection !== this.#connection) return;
      if (this.isConnected) this.#lose();
      this.isConnected = true;
      this.#events.onConnect("simulated");
      this.#reader?.restart();
    });
  }

  /** There is none any more: what is under way is lost, and the node learns of it some time later. */
  cut(): void {
    if (this.#isCut) return;
    this.#isCut = true;
    const connection = ++this.#connection;
    this.#later(this.#log.random.int(NOTICE_MS), () => {
      if (connection === this.#connection && this.isConnected) this.#lose();
    });
  }

  newInbox(): string {
    return `_INBOX.${++this.#inboxes}`;
  }

  publish(
    subject: string,
    payload: Uint8Array,
    { reply = "", headers = [] }: NonNullable<Parameters<Subjects["publish"]>[2]> = {},
  ): boolean {
    if (!this.isConnected) return false;
    const bytes = payload.slice();
    const id = headers.find(([name]) => name === "Nats-Msg-Id")?.[1] ?? "";
    this.#up(() => {
      if (LOG_SUBJECT.test(subject)) {
        const answer = this.#log.append(id, bytes);
        if (answer !== undefined) this.#down({ ...answer, subject: reply }, false);
        return;
      }
      const message = { subject, reply: "", headers: undefined, payload: bytes };
      for (const engine of this.#log.engines) if (engine !== this) engine.#down(message, true);
    });
    return true;
  }

  subscribe(subject: string, handle: (message: NatsMessage) => void): () => void {
    const subscription = { words: subject.split("."), handle };
    this.#subscriptions.add(subscription);
    return () => void this.#subscriptions.delete(subscription);
  }

  /** A simulated node is begun with what {@linkcode SimLog.info} says. */
  openLog(_: OpenInit): Promise<OpenedLog | undefined> {
    return Promise.resolve(undefined);
  }

  readLog(next: number, events: TailEvents): LogReader {
    return this.#reader = new Reader(this.#log, (run) => this.#deliver(run), next, events);
  }

  /** The log has more. */
  pump(): void {
    this.#reader?.pump();
  }

  close(): Promise<void> {
    this.#log.engines.delete(this);
    this.#isCut = true;
    this.#connection++;
    return Promise.resolve();
  }

  #lose(): void {
    this.isConnected = false;
    this.#events.onLost("simulated");
  }

  /** In order, as long as the connection is the same. */
  #up(run: () => void): void {
    const { clock, random, maxDelayMs } = this.#log;
    const connection = this.#connection;
    const isLost = this.#isCut;
    this.#upMs = Math.max(this.#upMs, clock.nowMs + random.int(maxDelayMs + 1));
    clock.at(this.#upMs, () => {
      if (!isLost && connection === this.#connection) run();
    });
  }

  #down(message: NatsMessage, mayMatchMany: boolean): void {
    this.#deliver(() => {
      const subject = message.subject.split(".");
      for (const { words, handle } of [...this.#subscriptions]) {
        if (!matches(words, subject)) continue;
        handle(message);
        if (!mayMatchMany) return;
      }
    });
  }

  #deliver(run: () => void): void {
    const { clock, random, maxDelayMs } = this.#log;
    if (this.#isCut) return;
    const connection = this.#connection;
    this.#downMs = Math.max(this.#downMs, clock.nowMs + random.int(maxDelayMs + 1));
    this.#later(this.#downMs - clock.nowMs, () => {
      if (connection === this.#connection && this.isConnected) run();
    });
  }
}

/** Reads the log in order, and begins again with the next record where a connection was lost. */
class Reader implements LogReader {
  readonly #log: SimLog;
  readonly #deliver: (run: () => void) => void;
  readonly #events: TailEvents;
  #next: number;
  /** The next that is to leave the servers. */
  #sending: number;
  #isPaused = false;
  #isClosed = false;

  constructor(
    log: SimLog,
    deliver: (run: () => void) => void,
    next: number,
    events: TailEvents,
  ) {
    this.#log = log;
    this.#deliver = deliver;
    this.#events = events;
    this.#next = this.#sending = next;
    this.pump();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.pump();
  }

  close(): void {
    this.#isClosed = true;
  }

  restart(): void {
    this.#sending = this.#next;
    this.pump();
  }

  pump(): void {
    if (this.#isPaused || this.#isClosed) return;
    const { records, firstSequence } = this.#log;
    if (this.#sending < firstSequence) this.#skip(firstSequence);
    while (this.#sending <= records.length) {
      const sequence = this.#sending++;
      const bytes = records[sequence - 1]!;
      this.#deliver(() => {
        if (this.#isClosed || sequence !== this.#next) return;
        this.#next++;
        this.#events.message(sequence, "", bytes);
      });
    }
  }

  /** Those before it are deleted from the log. */
  #skip(from: number): void {
    const expected = this.#sending;
    this.#sending = from;
    this.#deliver(() => {
      if (this.#isClosed || expected !== this.#next) return;
      this.#next = from;
      this.#events.gap(expected, from);
    });
  }
}

function matches(wanted: readonly string[], words: readonly string[]): boolean {
  for (const [i, word] of wanted.entries()) {
    if (word === ">") return words.length > i;
    if (words[i] === undefined || word !== "*" && word !== words[i]) return false;
  }
  return wanted.length === words.length;
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
