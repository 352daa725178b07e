/**
 * A line of the terminal for each topic, for `sub -w`: what comes again takes the place of what was there. Topics that find no line of their
 * own share the last one, and are not remembered: a publisher may make up any number of them.
 */
export class WatchScreen {
  readonly #lines = new Map<string, number>();
  readonly #maxLines: number;

  /** `rows`: of the terminal. The cursor has the last of them. */
  constructor(rows: number = rowsOfTerminal()) {
    this.#maxLines = Math.max(1, rows - 1);
  }

  /** What is written to show a message: the first line of its text, where its topic stands. */
  show(topicName: string, text: Uint8Array): Uint8Array {
    const isFirst = this.#lines.size === 0;
    let line = this.#lines.get(topicName);
    if (line === undefined) {
      line = Math.min(this.#lines.size + 1, this.#maxLines);
      if (this.#lines.size < this.#maxLines) this.#lines.set(topicName, line);
    }
    const end = text.findIndex((byte) => byte === 0x0a || byte === 0x0d);
    const head = new TextEncoder().encode(`${isFirst ? CLEAR : ""}\x1b[${line};1H\x1b[2K`);
    const shown = end < 0 ? text : text.subarray(0, end);
    // The cursor waits below all of them, so that what follows the command does not overwrite one.
    const tail = new TextEncoder().encode(`\x1b[${this.#lines.size + 1};1H`);
    const bytes = new Uint8Array(head.length + shown.length + tail.length);
    bytes.set(head);
    bytes.set(shown, head.length);
    bytes.set(tail, head.length + shown.length);
    return bytes;
  }
}

const CLEAR = "\x1b[2J";
/** Of what is no terminal, such as a file. */
const MOST_ROWS = 1000;

function rowsOfTerminal(): number {
  try {
    return Deno.consoleSize().rows;
  } catch {
    return MOST_ROWS;
  }
}
