import type { LogLevel } from "./log_line.ts";
import type { LogSink } from "./log_sink.ts";

/** Publishes one line of the log. */
export type LogPublisher = (topicName: string, payload: Uint8Array) => void;

/** Mosquitto's topic for each level. Debug lines are never published: each publication would cause more of them. */
const TOPICS: Readonly<Record<Exclude<LogLevel, "debug">, string>> = {
  info: "$SYS/broker/log/I",
  warning: "$SYS/broker/log/W",
  error: "$SYS/broker/log/E",
};
/**
 * Lines a second; more are dropped and counted. Without a limit there would be an endless loop: a log line about a message that could not
 * be delivered is itself a message, and may be undeliverable for the same reason.
 */
const MAX_LINES_PER_SECOND = 100;

/**
 * Publishes lines on `$SYS/broker/log/I`, `W` and `E`, as mosquitto does. It publishes in a microtask, because a line may be written in the
 * middle of the broker's work.
 */
export class TopicSink implements LogSink {
  #linesLost = 0;
  #waiting: (readonly [topicName: string, payload: Uint8Array])[] = [];
  #second = 0;
  #linesInSecond = 0;
  readonly #publisher: () => LogPublisher | undefined;
  readonly #nowMs: () => number;

  /** `publisher` is called for each line; while it returns nothing, lines are lost. Tests pass `nowMs`. */
  constructor(
    publisher: () => LogPublisher | undefined,
    nowMs: () => number = () => performance.now(),
  ) {
    this.#publisher = publisher;
    this.#nowMs = nowMs;
  }

  get linesLost(): number {
    return this.#linesLost;
  }

  write(line: Uint8Array, level: LogLevel): void {
    if (level === "debug") return;
    if (!this.#mayWrite()) {
      this.#linesLost++;
      return;
    }
    if (this.#waiting.length === 0) queueMicrotask(() => this.#publish());
    this.#waiting.push([TOPICS[level], line.subarray(0, -1)]);
  }

  close(): void {}

  #publish(): void {
    const lines = this.#waiting;
    this.#waiting = [];
    const publish = this.#publisher();
    if (publish === undefined) this.#linesLost += lines.length;
    else for (const [topicName, payload] of lines) publish(topicName, payload);
  }

  #mayWrite(): boolean {
    const second = Math.floor(this.#nowMs() / 1000);
    if (second !== this.#second) this.#linesInSecond = 0;
    this.#second = second;
    return ++this.#linesInSecond <= MAX_LINES_PER_SECOND;
  }
}
