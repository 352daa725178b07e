import type { ReceivedMessage } from "./received_message.ts";

/** Messages for one loop. While the loop is too slow, nothing more is read from the network. */
export class MessageStream {
  readonly #limit: number;
  readonly #onFull: (isFull: boolean) => void;
  readonly #waiting: ReceivedMessage[] = [];
  #wake: (() => void) | undefined;
  #end: { readonly error: Error | undefined } | undefined;
  #isFull = false;

  /** `onFull` is called when `limit` messages wait, and when there is room again. */
  constructor(limit: number, onFull: (isFull: boolean) => void) {
    this.#limit = limit;
    this.#onFull = onFull;
  }

  /** Adds a message. */
  push(message: ReceivedMessage): void {
    this.#waiting.push(message);
    if (this.#waiting.length >= this.#limit) this.#setFull(true);
    this.#wake?.();
  }

  /** Ends the stream: the loop ends after the last message, or throws. */
  end(error: Error | undefined): void {
    this.#end ??= { error };
    this.#setFull(false);
    this.#wake?.();
  }

  /** The messages; `onDone` is called when the loop is left. */
  async *read(onDone: () => void): AsyncGenerator<ReceivedMessage, void, undefined> {
    try {
      for (;;) {
        const next = this.#waiting.shift();
        if (next !== undefined) {
          if (this.#waiting.length <= this.#limit / 2) this.#setFull(false);
          yield next;
        } else if (this.#end === undefined) {
          await new Promise<void>((resolve) => this.#wake = resolve);
        } else if (this.#end.error === undefined) return;
        else throw this.#end.error;
      }
    } finally {
      this.#setFull(false);
      onDone();
    }
  }

  #setFull(isFull: boolean): void {
    if (this.#isFull === isFull) return;
    this.#isFull = isFull;
    this.#onFull(isFull);
  }
}
