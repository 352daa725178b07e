import { printError } from "./output.ts";

/** Clears the line. */
const CLEAR = "\r\x1b[K";

/**
 * A line at the terminal that says what a command is doing. Each text replaces the one before, and the last is cleared, so that only
 * results stay. Nothing is written if standard error is no terminal.
 */
export class Progress implements Disposable {
  readonly #write: ((text: string) => void) | undefined;
  #isShown = false;

  /** `write` writes the line; `undefined`: it is not written. Default: to standard error, if that is a terminal. */
  constructor(write: ((text: string) => void) | undefined = terminal()) {
    this.#write = write;
  }

  /** Shows a text instead of the one before. */
  tell(text: string): void {
    this.#write?.(`${CLEAR}${text}`);
    this.#isShown = true;
  }

  /** Clears the line, before something else is printed there. */
  clear(): void {
    if (this.#isShown) this.#write?.(CLEAR);
    this.#isShown = false;
  }

  /** Clears the line. */
  [Symbol.dispose](): void {
    this.clear();
  }
}

function terminal(): ((text: string) => void) | undefined {
  return Deno.stderr.isTerminal() ? printError : undefined;
}
