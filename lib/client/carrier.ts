import type { ClientConnection } from "./protocol/client_connection.ts";
import { ClientError } from "./protocol/client_error.ts";
import type { ClientPorts } from "./ports.ts";
import { type ClientStream, tryClose, writeAll } from "./stream.ts";

/** A read takes so much at most. */
const READ_BYTES = 64 * 1024;
/** How long the broker has to close after our DISCONNECT, milliseconds, and our last bytes to leave. */
const LEAVE_MS = 1000;

/** Timers wait at most this long: a longer delay would not be exact, or not be at all. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** Carries the bytes of one connection: reads, writes what has gathered, one write at a time, and tells it the time. */
export class Carrier {
  readonly #stream: ClientStream;
  readonly #connection: ClientConnection;
  readonly #ports: ClientPorts;
  readonly #commit: () => Promise<void> | undefined;
  #isWriting = false;
  /** Who waits until what has gathered is written. */
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

  /** Writes what has gathered when the caller has returned; resolves when it has left, or will never leave. */
  flush(): Promise<void> {
    this.#written ??= Promise.withResolvers();
    const { promise } = this.#written;
    if (!this.#isWriting) {
      this.#isWriting = true;
      this.#write();
    }
    return promise;
  }

  /** Reads nothing more; the broker is slowed by the network. */
  pause(): void {
    this.#paused ??= Promise.withResolvers();
  }

  /** Reads on. */
  resume(): void {
    this.#paused?.resolve();
    this.#paused = undefined;
  }

  /** Our DISCONNECT is the last thing to write: the broker closes, or we do. */
  async leave(): Promise<void> {
    this.resume();
    const cancel = this.#ports.setTimer(LEAVE_MS, () => this.stop());
    await this.flush();
    // A client that was not let in has said nothing that the broker would answer by closing.
    if (this.#connection.connack === undefined) this.stop();
    await this.#ended.promise;
    cancel();
  }

  /** Closes at once; `error`: why. */
  stop(error?: ClientError): void {
    this.#connection.end(error);
    tryClose(this.#stream);
  }

  async #write(): Promise<void> {
    // All that one turn has to say leaves in one write.
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

  /** The last words leave, where the broker reads them in time. */
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
