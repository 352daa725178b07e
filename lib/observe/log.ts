import { formatJson, formatText, type LogFields, type LogLevel } from "./log_line.ts";
import type { LogTail } from "./log_tail.ts";
import { FileSink, type LogSink, StreamSink } from "./log_sink.ts";
import { SyslogSink } from "./syslog_sink.ts";
import { formatTimestamp } from "./timestamp.ts";
import { type LogPublisher, TopicSink } from "./topic_sink.ts";

/** Where lines go. */
export type LogDestination =
  | { readonly type: "stderr" }
  | { readonly type: "stdout" }
  | { readonly type: "file"; readonly path: string }
  /** The system's log; the facility is a number of syslog(3), 3 for `daemon`. */
  | { readonly type: "syslog"; readonly facility: number }
  /** Messages that the broker publishes on `$SYS/broker/log/...`; see {@linkcode Logger.publishTo}. */
  | { readonly type: "topic" };

/** What is logged, how, and where to. */
export interface LogOptions {
  /** The lowest severity that is written; with `none` nothing is. */
  readonly level: LogLevel | "none";
  /** Whether each Topic Filter that a client subscribes to, or unsubscribes from, is logged. */
  readonly subscriptions: readonly ("subscribe" | "unsubscribe")[];
  /** The format of a line. */
  readonly format: "text" | "json";
  /** Whether a line begins with the time. */
  readonly timestamp: boolean;
  /** strftime's directives; `""` means ISO 8601 in UTC. */
  readonly timestampFormat: string;
  /** If empty, nothing is written. */
  readonly destinations: readonly LogDestination[];
}

/** The defaults: what concerns an operator, on standard error. */
export const DEFAULT_LOG_OPTIONS: LogOptions = {
  level: "info",
  subscriptions: [],
  format: "text",
  timestamp: true,
  timestampFormat: "",
  destinations: [{ type: "stderr" }],
};

/**
 * Writes the log, one line a call.
 *
 * Warnings and errors for a stream or a file, and what was logged before them, are written before the call returns. So is the first line
 * of a turn; more lines of the same turn, as in a rush of connecting clients, are written together when it ends. So a process that is
 * killed loses at most lines of the turn that it was in. Where building a line costs something, ask `debugOn` first. Never log a password or
 * a key, nor a payload that may hold one except at debug level.
 */
export class Logger {
  #options: LogOptions;
  #sinks: readonly LogSink[];
  #rank: number;
  readonly #now: () => Date;
  readonly #openSink: (destination: LogDestination) => LogSink;
  #publisher: LogPublisher | undefined;
  readonly #encoder = new TextEncoder();
  /** The last formatted time: many lines of a rush have the same. */
  #time = "";
  #timeMs = NaN;
  /** Keeps the last lines for the dashboard. */
  tail: LogTail | undefined;

  /** `now` and `openSink` are for tests. Throws `Deno.errors` if a file cannot be opened. */
  constructor(
    options: LogOptions,
    now: () => Date = () => new Date(),
    openSink?: (destination: LogDestination) => LogSink,
  ) {
    this.#now = now;
    this.#openSink = openSink ??
      ((destination) => openDestination(destination, () => this.#publisher));
    this.#options = options;
    this.#rank = rankOf(options);
    this.#sinks = options.destinations.map((destination) => this.#openSink(destination));
  }

  /** The present options. */
  get options(): LogOptions {
    return this.#options;
  }

  /** Changes the level; the destinations stay open. */
  setLevel(level: LogOptions["level"]): void {
    this.#options = { ...this.#options, level };
    this.#rank = rankOf(this.#options);
  }

  /** Whether debug lines are written: ask before building one. */
  get debugOn(): boolean {
    return this.#rank <= RANKS.debug;
  }

  /** Lines that some destination could not write since it was opened. */
  get linesLost(): number {
    return this.#sinks.reduce((sum, sink) => sum + sink.linesLost, 0);
  }

  /** For finding a fault: packets and decisions. */
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
   * Applies other options, and opens files anew by their names, as log rotation needs it. Throws `Deno.errors` if a file cannot be opened;
   * then the old options stay.
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
    this.#timeMs = NaN; // The format may be another.
  }

  /** Sets who publishes lines for topics; with `undefined`, as before the broker runs, these lines are lost. */
  publishTo(publisher: LogPublisher | undefined): void {
    this.#publisher = publisher;
  }

  /** Resolves when every line has been written, those to syslog included. */
  async flush(): Promise<void> {
    await Promise.all(this.#sinks.map((sink) => sink.flush?.()));
  }

  /** Closes the files; later lines are not written. */
  close(): void {
    for (const sink of this.#sinks) sink.close();
    this.#sinks = [];
    this.#rank = RANKS.none;
  }

  #write(level: LogLevel, message: string, fields: LogFields | undefined): void {
    const { timestamp, timestampFormat, format } = this.#options;
    const now = this.#now();
    this.tail?.add(now.getTime(), level, message, fields);
    const time = timestamp ? this.#timeText(timestampFormat, now) : "";
    const write = format === "json" ? formatJson : formatText;
    const lineAt = (time: string) =>
      this.#encoder.encode(write(time, level, message, fields) + "\n");
    let line: Uint8Array | undefined;
    for (const sink of this.#sinks) {
      sink.write(sink.hasTime ? lineAt("") : line ??= lineAt(time), level);
    }
  }

  #timeText(format: string, now: Date): string {
    const timeMs = now.getTime();
    if (timeMs !== this.#timeMs) {
      this.#time = formatTimestamp(format, now);
      this.#timeMs = timeMs;
    }
    return this.#time;
  }
}

const RANKS = { debug: 0, info: 1, warning: 2, error: 3, none: 4 } as const;

function rankOf(options: LogOptions): number {
  return options.destinations.length === 0 ? RANKS.none : RANKS[options.level];
}

function openDestination(
  destination: LogDestination,
  publisher: () => LogPublisher | undefined,
): LogSink {
  switch (destination.type) {
    case "stderr":
      return new StreamSink(Deno.stderr, isColored(Deno.stderr));
    case "stdout":
      return new StreamSink(Deno.stdout, isColored(Deno.stdout));
    case "file":
      return new FileSink(destination.path);
    case "syslog":
      return new SyslogSink(destination.facility);
    case "topic":
      return new TopicSink(publisher);
  }
}

/** Lines are coloured on a terminal, unless NO_COLOR is set. */
function isColored(stream: { isTerminal(): boolean }): boolean {
  return !Deno.noColor && stream.isTerminal();
}
