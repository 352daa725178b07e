import type { TraceLine } from "./trace.ts";

/** The most unsent bytes. With more, lines are left out: filters and topics may be long. */
const MAX_UNSENT_BYTES = 1024 * 1024;
/** Time between two heartbeats, milliseconds. */
const BEAT_MS = 10_000;

/** The parts of a stream of lines. */
export interface TraceStreamInit {
  /** Whether lines are sent as server-sent events; otherwise as lines of JSON. */
  readonly isEvents: boolean;
  readonly seconds: number;
  readonly maxLines: number;
  /** Aborted when the broker ends. */
  readonly ending: AbortSignal;
  /** The running traces; this one is added while it runs. */
  readonly traces: Set<unknown>;
  /** Begins to observe. The returned function ends that, and returns how many lines concerned too many clients. */
  readonly start: (tell: (line: TraceLine) => void) => () => number;
}

/** Streams the lines of a trace until time or lines are used up, or nobody reads any more. */
export class TraceStream {
  /** The body of the answer. */
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
    // The first heartbeat tells the reader that the trace runs.
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
      // The reader is gone.
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
