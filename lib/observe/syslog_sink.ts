import { Datagrams } from "./datagrams.ts";
import type { LogLevel } from "./log_line.ts";
import { type LogSink, StreamSink } from "./log_sink.ts";
import { formatTimestamp } from "./timestamp.ts";

/** The socket of the system's log. */
const SYSLOG_PATH = "/dev/log";
/** The number of the facility `daemon` in syslog(3). */
export const DAEMON_FACILITY = 3;
/** The number of the facility `local0`; `local1` to `local7` follow. */
export const LOCAL0_FACILITY = 16;
/** The severities of syslog(3). */
const SEVERITIES: Readonly<Record<LogLevel, number>> = { error: 3, warning: 4, info: 6, debug: 7 };
/** Lines that may wait for a slow syslog; more are dropped and counted. */
const MAX_PENDING = 1000;

/** Settings for tests. */
export interface SyslogSinkInit {
  /** Default: `/dev/log`. */
  readonly path?: string;
  /** Gets the lines that syslog does not accept. Default: standard error. */
  readonly fallback?: LogSink;
}

/**
 * Sends lines to the system's log in the format of syslog(3). Sending is asynchronous, because Deno sends datagrams in no other way. A line
 * that syslog does not accept goes to standard error.
 */
export class SyslogSink implements LogSink {
  /** Syslog adds the time. */
  readonly hasTime = true;
  readonly #facility: number;
  readonly #path: string;
  readonly #fallback: LogSink;
  readonly #encoder = new TextEncoder();
  readonly #decoder = new TextDecoder();
  #datagrams: Datagrams | undefined;
  #linesLost = 0;
  #pending = 0;
  #isReached = true;

  constructor(facility: number, init: SyslogSinkInit = {}) {
    this.#facility = facility;
    this.#path = init.path ?? SYSLOG_PATH;
    this.#fallback = init.fallback ?? new StreamSink(Deno.stderr);
    try {
      this.#datagrams = new Datagrams(this.#path);
    } catch (error) {
      this.#complain(error);
    }
  }

  get linesLost(): number {
    return this.#linesLost + this.#fallback.linesLost;
  }

  write(line: Uint8Array, level: LogLevel): void {
    if (this.#datagrams === undefined) return this.#fallback.write(line, level);
    if (this.#pending >= MAX_PENDING) {
      this.#linesLost++;
      return;
    }
    this.#pending++;
    this.#datagrams.send(this.#packetOf(line, level)).then(() => {
      this.#pending--;
      this.#isReached = true;
    }, (error) => {
      this.#pending--;
      if (this.#isReached) this.#complain(error);
      this.#fallback.write(line, level);
    });
  }

  async flush(): Promise<void> {
    await this.#datagrams?.flush();
  }

  close(): void {
    void this.#datagrams?.close();
    this.#datagrams = undefined;
  }

  /** `<29>Nov  6 04:05:06 flux-mqtt[123]: line` */
  #packetOf(line: Uint8Array, level: LogLevel): Uint8Array {
    const priority = this.#facility * 8 + SEVERITIES[level];
    const time = formatTimestamp("%b %e %T", new Date());
    const text = this.#decoder.decode(line).trimEnd();
    return this.#encoder.encode(`<${priority}>${time} flux-mqtt[${Deno.pid}]: ${text}`);
  }

  /** Complains once each time that syslog goes away. */
  #complain(error: unknown): void {
    this.#isReached = false;
    const reason = error instanceof Error ? error.message : String(error);
    const text = `Cannot reach syslog at ${this.#path}: ${reason}; its lines come here\n`;
    this.#fallback.write(this.#encoder.encode(text), "warning");
  }
}
