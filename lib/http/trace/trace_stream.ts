import type { TraceLine } from "./trace.ts";

/** Bytes that whoever looks has not taken, beyond which further lines are left out: filters and topics may be long. */
const MAX_UNSENT_BYTES = 1024 * 1024;
/** How often a sign of life goes out, milliseconds. */
const BEAT_MS = 10_000;

/** What a stream of lines is made of. */
export interface TraceStreamInit {
  /** As server-sent events; else a line of JSON for each. */
  readonly isEvents: boolean;
  readonly seconds: number;
  readonly maxLines: number;
  /** Aborted when the broker ends. */
  readonly ending: AbortSignal;
  /** Those that run, this one among them while it does. */
  readonly traces: Set<unknown>;
  /** Begins to observe; the function returned ends that, and says how many lines were about too many clients. */
  readonly start: (tell: (line: TraceLine) => void) => () => number;
}

/** The lines of a trace as somebody reads them, until time or lines are used up or nobody reads any more. */
export class TraceStream {
  /** For the answer. */
  readonly readable: ReadableStream<Uint8Array>;
  readonly #init: TraceStreamInit;
  readonly #encoder = new TextEncoder();
  readonly #onEnding = () => this.#end("The broker ends");
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #stop: (() => number) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #beat: ReturnType<typeof setInterval> | undefined;
  #lines = 0;
  #skipped = 0;

  constructor(init: TraceStreamInit) {
    this.#init = init;
    this.readable = new ReadableStream<Uint8Array>({
      start: (controller) => this.#start(controller),
      cancel: () => void this.#release(),
    }, { highWaterMark: 0, size: (chunk) => chunk.length });
  }

  #start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    const { seconds, ending, traces, start } = this.#init;
    this.#controller = controller;
    this.#stop = start((line) => this.#tell(line));
    traces.add(this);
    ending.addEventListener("abort", this.#onEnding);
    this.#timer = setTimeout(() => this.#end(`${seconds} s have passed`), seconds * 1000);
    const beat = () => this.#write(this.#init.isEvents ? ":\n\n" : "\n");
    this.#beat = setInterval(beat, BEAT_MS);
    // Whoever reads knows by the first that the trace runs.
    beat();
  }

  #tell(line: TraceLine): void {
    if (this.#stop === undefined) return;
    if ((this.#controller.desiredSize ?? 0) < -MAX_UNSENT_BYTES) return void this.#skipped++;
    this.#send(line.event, line);
    if (++this.#lines < this.#init.maxLines) return;
    this.#end(this.#lines === 1 ? "1 line is told" : `${this.#lines} lines are told`);
  }

  #end(text: string): void {
    if (this.#stop === undefined) return;
    const omitted = this.#release();
    this.#send("end", { event: "end", text, lines: this.#lines, skipped: this.#skipped, omitted });
    try {
      this.#controller.close();
    } catch {
      // Nobody reads any more.
    }
  }

  #send(event: string, data: unknown): void {
    const json = JSON.stringify(data);
    this.#write(this.#init.isEvents ? `event: ${event}\ndata: ${json}\n\n` : `${json}\n`);
  }

  #write(text: string): void {
    try {
      this.#controller.enqueue(this.#encoder.encode(text));
    } catch {
      this.#release();
    }
  }

  #release(): number {
    const stop = this.#stop;
    this.#stop = undefined;
    clearTimeout(this.#timer);
    clearInterval(this.#beat);
    this.#init.ending.removeEventListener("abort", this.#onEnding);
    this.#init.traces.delete(this);
    return stop?.() ?? 0;
  }
}
