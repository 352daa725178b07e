import { type Credentials, identify, shownBy } from "./credentials.ts";
import { NatsError } from "./error.ts";
import { Parser } from "./parser.ts";
import type { ServerInfo } from "./protocol_line.ts";
import { nameOfPlace, type NatsPlace } from "./place.ts";
import { openPlain } from "./open_plain.ts";
import { type NatsStream, type NatsTls, type PlainStream, reasonOf } from "./stream.ts";
import { Writer } from "./writer.ts";

/** How a link is made. */
export interface LinkInit {
  readonly place: NatsPlace;
  readonly credentials: Credentials;
  readonly tls: NatsTls;
  /** The name of this client, for those who look at the server. */
  readonly name: string;
  /** The longest that it may take until the server has let us in. */
  readonly timeoutMs: number;
  /** Told of each message; arrays are valid during the call only. */
  readonly message: (
    sid: number,
    subject: string,
    reply: string,
    headers: Uint8Array | undefined,
    payload: Uint8Array,
  ) => void;
  /** Told that the server does not let us use a subject. */
  readonly denied: (reason: string) => void;
}

const READ_BYTES = 64 * 1024;
/** Bytes that wait for a server that goes on sending; beyond this the link ends. More than `NatsConnection` lets wait. */
const MAX_UNREAD_BYTES = 96 * 1024 * 1024;
/** A server that says nothing for so long is asked, and given up when it says nothing for as long again. */
const SILENCE_MS = 5000;
/** One that says much may be so late with its answer: so many times `SILENCE_MS`. */
const MAX_UNANSWERED_LOOKS = 4;

/** One connection to one server, from its first byte to its last. */
export class Link {
  /** What is to be sent: `flush` when it has gathered. */
  readonly writer: Writer = new Writer();
  /** What the server has told about itself. */
  info: ServerInfo = {};
  /** Resolves when it has ended, with the reason. */
  readonly closed: Promise<string>;
  readonly #init: LinkInit;
  readonly #parser: Parser;
  readonly #end: (reason: string) => void;
  /** Resolves or rejects what the handshake waits for. */
  #awaited: PromiseWithResolvers<void> | undefined;
  #stream: NatsStream | undefined;
  #isClosed = false;
  #isWriting = false;
  #hasHeard = true;
  /** Looks since the last answer to a PING, while one is awaited. */
  #unansweredLooks = 0;
  /** Why it was closed. */
  #reason: string | undefined;
  readonly #ending = new AbortController();
  /** Who waits for the PONG of each PING since the handshake, in order. */
  #pings: (() => void)[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Nothing happens before `open`. */
  constructor(init: LinkInit) {
    this.#init = init;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.closed = promise;
    this.#end = resolve;
    this.#parser = new Parser({
      info: (info) => {
        this.info = { ...this.info, ...info };
      },
      message: init.message,
      ping: () => {
        this.writer.pong();
        this.flush();
      },
      pong: () => {
        this.#unansweredLooks = 0;
        if (this.#pings.length > 0) this.#pings.shift()!();
        else this.#awaited?.resolve();
      },
      ok: () => {},
      error: (message) => this.#refused(message),
    });
  }

  /** Connects and logs in. Throws `NatsError`. */
  async open(): Promise<void> {
    const { place, timeoutMs } = this.#init;
    const timer = setTimeout(() => this.close("no answer in time"), timeoutMs);
    try {
      await this.#handshake(await openPlain(place, this.#init.tls, timeoutMs));
    } catch (error) {
      this.close(reasonOf(error));
      if (error instanceof NatsError) throw error;
      const reason = this.#reason ?? reasonOf(error);
      throw new NatsError("closed", `Cannot connect to ${nameOfPlace(place)}: ${reason}`);
    } finally {
      clearTimeout(timer);
    }
    this.#timer = setInterval(() => this.#watch(), SILENCE_MS);
  }

  /** Sends what has gathered; what gathers meanwhile goes with the next write. */
  flush(): void {
    if (this.#isWriting || this.#isClosed || this.#stream === undefined) return;
    this.#isWriting = true;
    // Not at once: what the same turn has to say goes along.
    queueMicrotask(() => void this.#write(this.#stream!));
  }

  /** Calls `done` when the server has handled all that was sent before, or the link has ended. */
  settle(done: () => void): void {
    if (this.#isClosed) return done();
    this.#pings.push(done);
    this.writer.ping();
    this.flush();
  }

  /** Ends it; the reason is for the log. */
  close(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#reason = reason;
    this.#ending.abort();
    clearInterval(this.#timer);
    try {
      this.#stream?.close();
    } catch {
      // It is closed already.
    }
    this.#awaited?.reject(
      new NatsError("closed", `Cannot connect to ${nameOfPlace(this.#init.place)}: ${reason}`),
    );
    this.#end(reason);
    for (const done of this.#pings.splice(0)) done();
  }

  async #handshake(conn: PlainStream): Promise<void> {
    const { place, credentials, tls, name } = this.#init;
    this.#stream = conn;
    if (this.#isClosed) return conn.close();
    // Byte by byte up to the end of INFO: with TLS the next byte is not ours.
    await this.#readInfo(conn);
    const { tls_required = false, tls_available = false } = this.info;
    const isTls = place.isTls || tls_required;
    if (isTls && !tls_required && !tls_available) throw new Error("the server offers no TLS");
    if (isTls) this.#stream = await conn.secure(place, tls, this.#ending.signal);
    const identity = await identify(credentials, this.info.nonce ?? "");
    // It may have taken too long; who waits for an answer now would wait for ever.
    if (this.#isClosed) throw new NatsError("closed", "The connection was closed");
    this.writer.connect({
      verbose: false,
      pedantic: false,
      tls_required: isTls,
      name,
      lang: "flux-mqtt",
      version: "1",
      protocol: 1,
      headers: true,
      no_responders: true,
      echo: false,
      ...identity,
    });
    this.writer.ping();
    this.#awaited = Promise.withResolvers<void>();
    const { promise } = this.#awaited;
    void this.#read(this.#stream);
    this.flush();
    await promise;
    this.#awaited = undefined;
  }

  async #readInfo(stream: NatsStream): Promise<void> {
    const byte = new Uint8Array(1);
    do {
      const count = await stream.read(byte);
      if (count === null) throw new NatsError("closed", "Cannot connect: the server has hung up");
      this.#parser.feed(byte);
    } while (byte[0] !== 10);
  }

  async #read(stream: NatsStream): Promise<void> {
    const buffer = new Uint8Array(READ_BYTES);
    try {
      for (;;) {
        const count = await stream.read(buffer);
        if (count === null) return this.close("the server has closed the connection");
        this.#hasHeard = true;
        this.#parser.feed(buffer.subarray(0, count));
        // PONGs gather where a server asks and never reads.
        if (this.writer.length > MAX_UNREAD_BYTES) return this.close("the server reads nothing");
        if (this.writer.length > 0) this.flush();
      }
    } catch (error) {
      this.close(reasonOf(error));
    }
  }

  async #write(stream: NatsStream): Promise<void> {
    try {
      while (this.writer.length > 0 && !this.#isClosed) {
        const bytes = this.writer.take();
        for (let at = 0; at < bytes.length;) at += await stream.write(bytes.subarray(at));
      }
    } catch (error) {
      this.close(reasonOf(error));
    }
    this.#isWriting = false;
  }

  /** An error of the server ends the connection, but one that is only about a subject. */
  #refused(message: string): void {
    if (/permissions violation/i.test(message)) return this.#init.denied(message);
    const { place, credentials } = this.#init;
    const words = `Cannot log in at ${nameOfPlace(place)} ${shownBy(credentials)}: ${message}`;
    this.#awaited?.reject(new NatsError("refused", words));
    this.close(message);
  }

  #watch(): void {
    if (!this.#hasHeard) return this.close("the server is silent");
    this.#hasHeard = false;
    // One that sends a message a byte at a time is not silent.
    if (this.#pings.length === 0) return this.settle(() => {});
    if (++this.#unansweredLooks > MAX_UNANSWERED_LOOKS) this.close("the server answers no PING");
  }
}
