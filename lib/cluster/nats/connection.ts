import { Backoff } from "./backoff.ts";
import type { Credentials } from "./credentials.ts";
import type { HeaderEntries } from "./headers.ts";
import { Link } from "./link.ts";
import { Heard, type NatsMessage } from "./message.ts";
import { nameOfPlace, type NatsPlace } from "./place.ts";
import { Requests } from "./requests.ts";
import { type NatsTls, reasonOf } from "./stream.ts";

/** How a connection is made. */
export interface NatsInit {
  /** One is enough; when it is lost, the next one is tried. */
  readonly places: readonly NatsPlace[];
  readonly credentials: Credentials;
  readonly tls: NatsTls;
  readonly name: string;
  /** Told that a server has let us in, and that the connection is lost, with the reason. */
  readonly onConnect?: (server: string) => void;
  readonly onLost?: (reason: string) => void;
  /** Told that the server does not let us use a subject. */
  readonly onDenied?: (reason: string) => void;
}

/** A subscription, as long as nobody ends it, over all connections. */
interface Subscription {
  readonly subject: string;
  readonly queue: string;
  readonly handle: (message: NatsMessage) => void;
}

const CONNECT_MS = 4000;
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 2000;
/** A server that closes sooner lets nobody in: others wait longer each time. */
const SHORT_MS = 2000;
/** Bytes that wait for a server that does not take them: more are not added. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

/** A client of NATS that finds its way back: over several servers, with all its subscriptions. */
export class NatsConnection {
  readonly #init: NatsInit;
  readonly #subscriptions = new Map<number, Subscription>();
  readonly #requests = new Requests();
  readonly #inbox = `_INBOX.${crypto.randomUUID().replaceAll("-", "")}`;
  readonly #backoff = new Backoff(FIRST_WAIT_MS, LONGEST_WAIT_MS);
  readonly #ended = Promise.withResolvers<void>();
  #link: Link | undefined;
  /** It is being made. */
  #opening: Link | undefined;
  #lastSid = 0;
  #lastRequest = 0;
  #isClosed = false;

  /** It begins to connect, and goes on until it is closed. */
  constructor(init: NatsInit) {
    this.#init = init;
    this.subscribe(`${this.#inbox}.*`, (message) => this.#requests.hear(message));
    void this.#run();
  }

  /** Whether a server has let us in, and is there as far as is known. */
  get isConnected(): boolean {
    return this.#link !== undefined;
  }

  /** The most bytes of a message that the server takes. */
  get maxPayloadBytes(): number {
    return this.#link?.info.max_payload ?? 1024 * 1024;
  }

  /** A subject that answers to this client come to: unique, one token longer than what is subscribed to here. */
  newInbox(): string {
    return `${this.#inbox}_${++this.#lastRequest}`;
  }

  /** Sends a message; `false`: there is no server, or it is too slow, and the message is lost. */
  publish(
    subject: string,
    payload: Uint8Array,
    options: { readonly reply?: string; readonly headers?: HeaderEntries } = {},
  ): boolean {
    const link = this.#link;
    if (link === undefined || link.writer.length > MAX_WAITING_BYTES) return false;
    link.writer.publish(subject, options.reply ?? "", payload, options.headers);
    link.flush();
    return true;
  }

  /** Calls `handle` with each message; the returned function ends that. */
  subscribe(subject: string, handle: (message: NatsMessage) => void, queue = ""): () => void {
    const sid = ++this.#lastSid;
    this.#subscriptions.set(sid, { subject, queue, handle });
    this.#link?.writer.subscribe(subject, sid, queue);
    this.#link?.flush();
    return () => {
      if (!this.#subscriptions.delete(sid)) return;
      this.#link?.writer.unsubscribe(sid);
      this.#link?.flush();
    };
  }

  /** Calls `done` when the server knows of all that was said before; at once where there is none. */
  settle(done: () => void): void {
    if (this.#link === undefined) done();
    else this.#link.settle(done);
  }

  /** Sends a message and resolves with the first answer. Rejects with `NatsError`. */
  request(
    subject: string,
    payload: Uint8Array,
    options: { readonly timeoutMs: number; readonly headers?: HeaderEntries },
  ): Promise<NatsMessage> {
    const reply = `${this.#inbox}.${++this.#lastRequest}`;
    const { headers, timeoutMs } = options;
    const how = headers === undefined ? { reply } : { reply, headers };
    const send = () => this.publish(subject, payload, how);
    return this.#requests.ask(subject, reply, timeoutMs, send);
  }

  /** Ends it for good; resolves when it is over. What has gathered is sent before, if that is quick. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopWaiting?.();
    this.#opening?.close("closed by us");
    const link = this.#link;
    if (link !== undefined) {
      link.flush();
      for (let i = 0; i < 20 && link.writer.length > 0; i++) await delay(5);
      link.close("closed by us");
    }
    this.#requests.end();
    await this.#ended.promise;
  }

  #stopWaiting: (() => void) | undefined;

  async #run(): Promise<void> {
    for (let next = 0; !this.#isClosed; next++) {
      const place = this.#init.places[next % this.#init.places.length]!;
      const reason = await this.#connectOnce(place);
      if (this.#isClosed) break;
      this.#init.onLost?.(reason);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#backoff.next());
        this.#stopWaiting = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#ended.resolve();
  }

  /** One connection, from its beginning to its end; returns why it has ended. */
  async #connectOnce(place: NatsPlace): Promise<string> {
    const { credentials, tls, name } = this.#init;
    const link = new Link({
      place,
      credentials,
      tls,
      name,
      timeoutMs: CONNECT_MS,
      message: (sid, subject, reply, headers, payload) => {
        this.#subscriptions.get(sid)?.handle(new Heard(subject, reply, headers, payload));
      },
      denied: (reason) => this.#init.onDenied?.(reason),
    });
    this.#opening = link;
    try {
      await link.open();
    } catch (error) {
      return reasonOf(error);
    } finally {
      this.#opening = undefined;
    }
    if (this.#isClosed) {
      link.close("closed by us");
      return "closed by us";
    }
    for (const [sid, { subject, queue }] of this.#subscriptions) {
      link.writer.subscribe(subject, sid, queue);
    }
    link.flush();
    this.#link = link;
    const timer = setTimeout(() => this.#backoff.reset(), SHORT_MS);
    this.#init.onConnect?.(nameOfPlace(place));
    const reason = await link.closed;
    clearTimeout(timer);
    this.#link = undefined;
    return `${nameOfPlace(place)}: ${reason}`;
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
