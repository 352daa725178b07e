import { formatJson, formatText, type LogFields, type LogLevel } from "./log_line.ts";
import type { LogTail } from "./log_tail.ts";
import { FileSink, type LogSink, StreamSink } from "./log_sink.ts";
import { formatTimestamp } from "./timestamp.ts";

/** Where lines go. */
export type LogDestination =
  | { readonly type: "stderr" }
  | { readonly type: "stdout" }
  | { readonly type: "file"; readonly path: string };

/** What is logged, how, and where to. */
export interface LogOptions {
  /** The least grave lines that are written; `none`: nothing is. */
  readonly level: LogLevel | "none";
  /** How a line looks. */
  readonly format: "text" | "json";
  /** Whether a line begins with the time. */
  readonly timestamp: boolean;
  /** Directives of strftime; `""`: ISO 8601 in UTC. */
  readonly timestampFormat: string;
  /** Empty: nothing is written. */
  readonly destinations: readonly LogDestination[];
}

/** The log's defaults: what concerns an operator, on standard error. */
export const DEFAULT_LOG_OPTIONS: LogOptions = {
  level: "info",
  format: "text",
  timestamp: true,
  timestampFormat: "",
  destinations: [{ type: "stderr" }],
};

/**
 * Writes the log, one line for each call.
 *
 * Every line is written before the call returns, so none is lost when the process ends or crashes; the price is a system call
 * a line, paid only for levels that are on. Where building a line costs something, ask `debugOn` first. Never give it a
 * password, a key or a payload that may hold one, but at debug level.
 */
export class Logger {
  #options: LogOptions;
  #sinks: readonly LogSink[];
  #rank: number;
  readonly #now: () => Date;
  readonly #openSink: (destination: LogDestination) => LogSink;
  readonly #encoder = new TextEncoder();
  /** Remembers what is written, for those who look from elsewhere. */
  tail: LogTail | undefined;

  /** `now` and `openSink` are for tests. Throws `Deno.errors` where a file cannot be opened. */
  constructor(
    options: LogOptions,
    now: () => Date = () => new Date(),
    openSink: (destination: LogDestination) => LogSink = openDestination,
  ) {
    this.#now = now;
    this.#openSink = openSink;
    this.#options = options;
    this.#rank = rankOf(options);
    this.#sinks = options.destinations.map((destination) => openSink(destination));
  }

  /** What holds now. */
  get options(): LogOptions {
    return this.#options;
  }

  /** Writes other levels from now on; the destinations stay as they are. */
  setLevel(level: LogOptions["level"]): void {
    this.#options = { ...this.#options, level };
    this.#rank = rankOf(this.#options);
  }

  /** Whether debug lines go anywhere: ask before building one. */
  get debugOn(): boolean {
    return this.#rank <= RANKS.debug;
  }

  /** Lines that could not be written, to any destination, since they were opened. */
  get linesLost(): number {
    return this.#sinks.reduce((sum, sink) => sum + sink.linesLost, 0);
  }

  /** For whoever looks for a fault: packets, decisions. */
  debug(message: string, fields?: LogFields): void {
    if (this.#rank <= RANKS.debug) this.#write("debug", message, fields);
  }

  /** What an operator may want to know later. */
  info(message: string, fields?: LogFields): void {
    if (this.#rank <= RANKS.info) this.#write("info", message, fields);
  }

  /** What an operator should look at. */
  warning(message: string, fields?: LogFields): void {
    if (this.#rank <= RANKS.warning) this.#write("warning", message, fields);
  }

  /** What does not work. */
  error(message: string, fields?: LogFields): void {
    if (this.#rank <= RANKS.error) this.#write("error", message, fields);
  }

  /**
   * Goes over to other options, or opens files again by their names, for whoever moved them away. Throws `Deno.errors` where
   * one cannot be opened; then the old ones stay.
   */
  configure(options: LogOptions): void {
    const sinks: LogSink[] = [];
    try {
      for (const destination of options.destinations) sinks.push(this.#openSink(destination));
    } catch (error) {
      for (const sink of sinks) sink.close();
      throw error;
    }
    this.close();
    this.#sinks = sinks;
    this.#options = options;
    this.#rank = rankOf(options);
  }

  /** Closes files; nothing is written afterwards. */
  close(): void {
    for (const sink of this.#sinks) sink.close();
    this.#sinks = [];
    this.#rank = RANKS.none;
  }

  #write(level: LogLevel, message: string, fields: LogFields | undefined): void {
    const { timestamp, timestampFormat, format } = this.#options;
    const now = this.#now();
    this.tail?.add(now.getTime(), level, message, fields);
    const time = timestamp ? formatTimestamp(timestampFormat, now) : "";
    const line = format === "json"
      ? formatJson(time, level, message, fields)
      : formatText(time, level, message, fields);
    const bytes = this.#encoder.encode(line + "\n");
    for (const sink of this.#sinks) sink.write(bytes);
  }
}

const RANKS = { debug: 0, info: 1, warning: 2, error: 3, none: 4 } as const;

function rankOf(options: LogOptions): number {
  return options.destinations.length === 0 ? RANKS.none : RANKS[options.level];
}

function openDestination(destination: LogDestination): LogSink {
  switch (destination.type) {
    case "stderr":
      return new StreamSink(Deno.stderr);
    case "stdout":
      return new StreamSink(Deno.stdout);
    case "file":
      return new FileSink(destination.path);
  }
}
