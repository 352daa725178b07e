import { printError } from "./output.ts";

/** Takes back what stands in the line. */
const CLEAR = "\r\x1b[K";

/**
 * One line at the terminal that says what a command is at. It is replaced by the next and taken away in the end, so that only results
 * stay. Where standard error is no terminal nothing is written.
 */
export class Progress implements Disposable {
  readonly #write: ((text: string) => void) | undefined;
  #isShown = false;

  /** `write`: where the line is written; `undefined`: nowhere. Default: standard error, if it is a terminal. */
  constructor(write: ((text: string) => void) | undefined = terminal()) {
    this.#write = write;
  }

  /** Shows this in the place of what was shown before. */
  tell(text: string): void {
    this.#write?.(`${CLEAR}${text}`);
    this.#isShown = true;
  }

  /** Takes the line away: something else is to be printed there. */
  clear(): void {
    if (this.#isShown) this.#write?.(CLEAR);
    this.#isShown = false;
  }

  /** Takes the line away. */
  [Symbol.dispose](): void {
    this.clear();
  }
}

function terminal(): ((text: string) => void) | undefined {
  return Deno.stderr.isTerminal() ? printError : undefined;
}
