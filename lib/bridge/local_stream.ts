import type { Output } from "./output.ts";

/** The bridge's end of a local stream. */
export interface LocalEnd {
  /** Gets bytes from this broker. The array may be reused after the call. */
  onBytes(bytes: Uint8Array): void;
  /** This broker has closed the connection. */
  onEnd(): void;
  /** The bytes that wait for this broker. */
  readonly output: () => Output | undefined;
  /** Whether the broker may write more. */
  readonly mayWrite: () => boolean;
}

/** The bridge's connection to its own broker: a `ByteStream` with no network below. */
export class LocalStream {
  readonly #end: LocalEnd;
  #reading:
    | { readonly buffer: Uint8Array; readonly resolve: (count: number | null) => void }
    | undefined;
  #writing: (() => void) | undefined;
  /** The last bytes of the bridge after it has closed. */
  #last: Uint8Array | undefined;
  #isClosed = false;

  /** Bytes pass when `pump` is called. */
  constructor(end: LocalEnd) {
    this.#end = end;
  }

  /** Called when the broker reads. */
  read(buffer: Uint8Array): Promise<number | null> {
    const { promise, resolve } = Promise.withResolvers<number | null>();
    this.#reading = { buffer, resolve };
    this.pump();
    return promise;
  }

  /** Called when the broker writes: takes all bytes; the next write waits until there is room. */
  write(bytes: Uint8Array): Promise<number> {
    if (this.#isClosed) return Promise.reject(new Deno.errors.BrokenPipe("The bridge has closed"));
    this.#end.onBytes(bytes);
    if (this.#isClosed || this.#end.mayWrite()) return Promise.resolve(bytes.length);
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#writing = () => resolve(bytes.length);
    return promise;
  }

  /** Called when the broker has written everything. */
  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  /** Called when the broker closes. */
  close(): void {
    const wasClosed = this.#isClosed;
    this.#isClosed = true;
    this.#finish();
    if (!wasClosed) this.#end.onEnd();
  }

  /** Closes the stream from the bridge's side, after `last` has been read. */
  leave(last: Uint8Array): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#last = last;
    this.#writing?.();
    this.#writing = undefined;
    this.pump();
  }

  /** Passes bytes that have arrived or may now be written. */
  pump(): void {
    const reading = this.#reading;
    if (reading !== undefined) {
      if (this.#last !== undefined && this.#last.length > 0) {
        const count = Math.min(this.#last.length, reading.buffer.length);
        reading.buffer.set(this.#last.subarray(0, count));
        this.#last = this.#last.subarray(count);
        this.#answer(count);
      } else if (this.#isClosed) this.#answer(null);
      else {
        const output = this.#end.output();
        if (output !== undefined && output.length > 0) {
          this.#answer(output.moveInto(reading.buffer));
        }
      }
    }
    if (this.#writing !== undefined && this.#end.mayWrite()) {
      const done = this.#writing;
      this.#writing = undefined;
      done();
    }
  }

  #answer(count: number | null): void {
    const { resolve } = this.#reading!;
    this.#reading = undefined;
    resolve(count);
  }

  #finish(): void {
    if (this.#reading !== undefined) this.#answer(null);
    this.#writing?.();
    this.#writing = undefined;
  }
}
