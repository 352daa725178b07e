/** The lines of a stream, as they come. */
export class Lines {
  /** All of them so far. */
  readonly all: string[] = [];
  /** Resolves at the end of the stream. */
  readonly ended: Promise<void>;
  #waiting: (() => void)[] = [];
  #isEnded = false;

  constructor(
    stream: ReadableStream<Uint8Array<ArrayBuffer>>,
    onLine: (line: string) => void = () => {},
  ) {
    this.ended = this.#read(stream, onLine);
  }

  /** Waits until the lines satisfy a condition; throws with them on timeout, or if the stream ends first. */
  async until(isSo: (lines: readonly string[]) => boolean, limitMs = 5000): Promise<void> {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.#told();
    }, limitMs);
    while (!isSo(this.all) && !isLate && !this.#isEnded) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    clearTimeout(timer);
    if (isSo(this.all)) return;
    const why = isLate ? `Not within ${limitMs} ms` : "Ended before";
    throw new Error(`${why}: ${isSo}, in ${this.all.length} lines:\n${this.all.join("\n")}`);
  }

  async #read(
    stream: ReadableStream<Uint8Array<ArrayBuffer>>,
    onLine: (line: string) => void,
  ): Promise<void> {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        this.all.push(line);
        onLine(line);
      }
      this.#told();
    }
    if (rest !== "") this.all.push(rest);
    this.#isEnded = true;
    this.#told();
  }

  #told(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
