import type { NatsConnection } from "./connection.ts";
import type { NatsMessage } from "./message.ts";
import { NatsError } from "./error.ts";
import type { JetStream } from "./jetstream.ts";
import type { StreamInfo } from "./jetstream_answers.ts";

/** What whoever reads a stream gets. */
export interface TailEvents {
  /** The next message, in order and once; `timeMs` is when the server stored it. The payload is valid during the call only. */
  message(sequence: number, subject: string, payload: Uint8Array): void;
  /** Some are gone that were still to come: `from` is the first that there is. */
  gap(expected: number, from: number): void;
  /**
   * The stream is gone (`last` is `undefined`), has less than was read, or is another one of that name. It is looked at again until it is whole, unless
   * the reader is closed; another one is read from its beginning. Absent: nobody wants to know.
   */
  short?(last: number | undefined, isAnother: boolean): void;
  /** It is there, and has what was read. */
  whole?(): void;
  /** It could not be read for a moment; it is tried again. */
  trouble(reason: string): void;
}

const BATCH = 256;
const HEARTBEAT_NS = 1e9;
const EXPIRES_NS = 20e9;
/** No message, no heartbeat: the consumer is gone with its server. */
const SILENCE_MS = 3000;
const RETRY_MS = 200;

/**
 * Reads a stream from a number on, in order, for ever. The server keeps the place in a consumer that lives in its memory; when that is lost a new one
 * begins behind the last message read. `pause` stops asking for more, so no more than {@linkcode BATCH} messages wait here.
 */
export class Tail {
  readonly #nats: NatsConnection;
  readonly #jetStream: JetStream;
  readonly #stream: string;
  readonly #events: TailEvents;
  /** The number of the next message. */
  #next: number;
  /** Of this consumer; messages of an earlier one are ignored. */
  #unsubscribe: (() => void) | undefined;
  #consumer = "";
  #inbox = "";
  /** Messages that were asked for and have not come. */
  #asked = 0;
  #consumed = 0;
  #lastHeardMs = 0;
  #isPaused = false;
  #isClosed = false;
  /** When the stream was made: another time is another stream. */
  #created = "";
  #isStarting = false;
  readonly #timer: ReturnType<typeof setInterval>;

  /** `next`: the number of the first message wanted. */
  constructor(
    nats: NatsConnection,
    jetStream: JetStream,
    stream: string,
    next: number,
    events: TailEvents,
  ) {
    this.#nats = nats;
    this.#jetStream = jetStream;
    this.#stream = stream;
    this.#next = next;
    this.#events = events;
    this.#timer = setInterval(() => this.#watch(), RETRY_MS);
    this.#watch();
  }

  /** The number of the next message. */
  get next(): number {
    return this.#next;
  }

  /** No more is asked for; what was asked for still comes. */
  pause(): void {
    this.#isPaused = true;
  }

  /** Goes on after `pause`. */
  resume(): void {
    this.#isPaused = false;
    this.#ask();
  }

  /** Ends it. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#drop();
  }

  #watch(): void {
    if (this.#isClosed || this.#isStarting || !this.#nats.isConnected) return;
    const isSilent = performance.now() - this.#lastHeardMs > SILENCE_MS;
    if (this.#consumer !== "" && !(isSilent && this.#asked > 0)) return this.#ask();
    void this.#start();
  }

  async #start(): Promise<void> {
    this.#isStarting = true;
    this.#drop();
    try {
      const info = await this.#jetStream.streamInfo(this.#stream);
      if (info === undefined) {
        this.#events.short?.(undefined, false);
        throw new NatsError("refused", `There is no stream ${this.#stream}`);
      }
      // Another stream of the same name: what comes counts from its beginning, even where it is longer by now.
      const isAnother = this.#created !== "" && info.created !== this.#created;
      if (!this.#isWhole(info, isAnother) || this.#isClosed) return;
      this.#created = info.created;
      if (info.firstSequence > this.#next || isAnother) {
        const expected = this.#next;
        this.#next = info.firstSequence;
        this.#events.gap(expected, info.firstSequence);
      }
      if (this.#isClosed) return;
      const answer = await this.#jetStream.call(`CONSUMER.CREATE.${this.#stream}`, {
        stream_name: this.#stream,
        config: {
          deliver_policy: "by_start_sequence",
          opt_start_seq: Math.max(1, this.#next),
          ack_policy: "none",
          max_deliver: -1,
          mem_storage: true,
          num_replicas: 1,
          inactive_threshold: 30e9,
        },
      });
      if (this.#isClosed) return;
      this.#consumer = String(answer["name"]);
      this.#inbox = this.#nats.newInbox();
      this.#unsubscribe = this.#nats.subscribe(this.#inbox, (message) => this.#receive(message));
      this.#lastHeardMs = performance.now();
      this.#ask();
    } catch (error) {
      if (!this.#isClosed) {
        this.#events.trouble(error instanceof Error ? error.message : String(error));
      }
    } finally {
      this.#isStarting = false;
    }
  }

  /** Whether it can be read on: what has lost its end is waited for. */
  #isWhole({ lastSequence }: StreamInfo, isAnother: boolean): boolean {
    const isShort = lastSequence < this.#next - 1;
    if (isAnother || isShort) this.#events.short?.(lastSequence, isAnother);
    else this.#events.whole?.();
    return isAnother || !isShort || this.#events.short === undefined;
  }

  #drop(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#consumer = "";
    this.#asked = this.#consumed = 0;
  }

  /** Keeps a request open for the next messages. */
  #ask(): void {
    if (this.#isPaused || this.#consumer === "" || this.#asked > BATCH / 2) return;
    const request = { batch: BATCH, expires: EXPIRES_NS, idle_heartbeat: HEARTBEAT_NS };
    const subject = `$JS.API.CONSUMER.MSG.NEXT.${this.#stream}.${this.#consumer}`;
    const payload = new TextEncoder().encode(JSON.stringify(request));
    if (this.#nats.publish(subject, payload, { reply: this.#inbox })) this.#asked += BATCH;
  }

  #receive(message: NatsMessage): void {
    this.#lastHeardMs = performance.now();
    const status = message.headers?.status ?? 0;
    if (status > 0) return this.#status(status, message);
    // $JS.ACK.STREAM.CONSUMER.DELIVERED.STREAM_SEQUENCE.CONSUMER_SEQUENCE.TIME.PENDING; with a domain two more come first.
    const words = message.reply.split(".");
    const at = words.length >= 11 ? 7 : 5;
    const sequence = Number(words[at]);
    if (!Number.isInteger(sequence) || Number(words[at + 1]) !== this.#consumed + 1) {
      // One is missing: a server was too slow or has changed. A new consumer begins at the one that is awaited.
      return this.#drop();
    }
    this.#consumed++;
    this.#asked--;
    if (sequence > this.#next) this.#events.gap(this.#next, sequence);
    if (sequence < this.#next || this.#isClosed) return;
    this.#next = sequence + 1;
    this.#events.message(sequence, message.subject, message.payload);
    this.#ask();
  }

  #status(status: number, { headers }: NatsMessage): void {
    if (status === 100) return;
    const pending = Number(headers?.values.get("Nats-Pending-Messages") ?? BATCH);
    // 408: the request has expired, with so many messages still open. Anything else: the consumer is gone.
    if (status === 408 || status === 404) this.#asked = Math.max(0, this.#asked - pending);
    else this.#drop();
  }
}
