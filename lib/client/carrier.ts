import type { ClientConnection } from "./protocol/client_connection.ts";
import { ClientError } from "./protocol/client_error.ts";
import type { ClientPorts } from "./ports.ts";
import { type ClientStream, tryClose, writeAll } from "./stream.ts";

/** The most bytes of one read. */
const READ_BYTES = 64 * 1024;
/** The time that the broker has to close after our DISCONNECT, and that our last bytes have to be written, milliseconds. */
const LEAVE_MS = 1000;

/** Timers wait at most this long, because a longer delay would not be exact, or would overflow. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** Carries the bytes of one connection: it reads, writes what has gathered, one write at a time, and calls the connection when time has passed. */
export class Carrier {
  readonly #stream: ClientStream;
  readonly #connection: ClientConnection;
  readonly #ports: ClientPorts;
  readonly #commit: () => Promise<void> | undefined;
  #isWriting = false;
  /** The callers that wait until what has gathered is written. */
  #written: PromiseWithResolvers<void> | undefined;
  #paused: PromiseWithResolvers<void> | undefined;
  readonly #ended = Promise.withResolvers<void>();
  #cancelTimer = () => {};
  #timerMs = Infinity;

  /** `commit` is waited for before each write. */
  constructor(
    stream: ClientStream,
    connection: ClientConnection,
    ports: ClientPorts,
    commit: () => Promise<void> | undefined = () => undefined,
  ) {
    this.#stream = stream;
    this.#connection = connection;
    this.#ports = ports;
    this.#commit = commit;
  }

  /** Carries until the connection has ended; the stream is closed then. */
  async run(): Promise<void> {
    const connection = this.#connection;
    this.flush();
    const buffer = new Uint8Array(READ_BYTES);
    try {
      while (!connection.isEnded) {
        this.#arm();
        const count = await this.#stream.read(buffer);
        if (count === null) break;
        while (this.#paused !== undefined) await this.#paused.promise;
        connection.receive(buffer.subarray(0, count), this.#ports.nowMs());
      }
      connection.end();
    } catch (error) {
      connection.end(
        error instanceof ClientError ? error : new ClientError("closed", textOf(error)),
      );
    }
    this.#cancelTimer();
    this.resume();
    await this.#close();
  }

  /** Writes what has gathered after the caller has returned; resolves when it is written, or can never be. */
  flush(): Promise<void> {
    this.#written ??= Promise.withResolvers();
    const { promise } = this.#written;
    if (!this.#isWriting) {
      this.#isWriting = true;
      this.#write();
    }
    return promise;
  }

  /** Stops reading; so the network slows the broker down. */
  pause(): void {
    this.#paused ??= Promise.withResolvers();
  }

  /** Reads again. */
  resume(): void {
    this.#paused?.resolve();
    this.#paused = undefined;
  }

  /** Our DISCONNECT is the last packet to write. Then the broker closes the connection, or we do. */
  async leave(): Promise<void> {
    this.resume();
    const cancel = this.#ports.setTimer(LEAVE_MS, () => this.stop());
    await this.flush();
    // A client that was not accepted has sent no DISCONNECT, so the broker would not close.
    if (this.#connection.connack === undefined) this.stop();
    await this.#ended.promise;
    cancel();
  }

  /** Closes at once, because of `error`. */
  stop(error?: ClientError): void {
    this.#connection.end(error);
    tryClose(this.#stream);
  }

  async #write(): Promise<void> {
    // The packets of one turn are written together.
    await undefined;
    for (;;) {
      const written = this.#written;
      this.#written = undefined;
      const bytes = this.#connection.takeOutput(this.#ports.nowMs());
      try {
        if (bytes !== undefined) {
          const committing = this.#commit();
          if (committing !== undefined) await committing;
          await writeAll(this.#stream, bytes);
        }
      } catch (error) {
        this.#connection.end(new ClientError("closed", textOf(error)));
        tryClose(this.#stream);
      }
      written?.resolve();
      if (this.#written === undefined) break;
    }
    this.#isWriting = false;
  }

  /** Writes the last bytes, if the broker reads them in time. */
  async #close(): Promise<void> {
    const cancel = this.#ports.setTimer(LEAVE_MS, () => tryClose(this.#stream));
    await this.flush();
    cancel();
    tryClose(this.#stream);
    this.#ended.resolve();
  }

  /** One timer, for the connection's next deadline. */
  #arm(): void {
    const { deadlineMs } = this.#connection;
    if (deadlineMs >= this.#timerMs) return;
    this.#cancelTimer();
    this.#timerMs = deadlineMs;
    const delayMs = Math.min(Math.max(deadlineMs - this.#ports.nowMs(), 0), MAX_DELAY_MS);
    this.#cancelTimer = this.#ports.setTimer(delayMs, () => {
      this.#timerMs = Infinity;
      this.#connection.tick(this.#ports.nowMs());
      if (this.#connection.isEnded) tryClose(this.#stream);
      else this.#arm();
    });
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
