import type { LogPort } from "../broker/mod.ts";
import { nowMs } from "./turns.ts";

/** The most lines in one second. A thousand strangers that replace each other would make the broker wait for who reads its log. */
const MAX_LINES = 10;
const PERIOD_MS = 1000;

/** Logs clients that are disconnected for their unfinished packets: some each second by name, the others by their number. */
export class EvictionLog {
  readonly #nowMs: () => number;
  #periodMs = -Infinity;
  #lines = 0;
  #more = 0;
  #log: LogPort | undefined;

  /** `now`: for tests. */
  constructor(now: () => number = nowMs) {
    this.#nowMs = now;
  }

  /** Logs one of them, or counts it. */
  tell(log: LogPort, fields: Record<string, string>): void {
    this.#log = log;
    if (this.#nowMs() - this.#periodMs >= PERIOD_MS) this.#begin();
    if (this.#lines < MAX_LINES) {
      this.#lines++;
      log.warning("Client disconnected for its unfinished packet", fields);
    } else this.#more++;
  }

  /** Logs how many were only counted. */
  flush(): void {
    if (this.#more === 0) return;
    this.#log!.warning("More clients were disconnected for their unfinished packets", {
      clients: this.#more,
    });
    this.#more = 0;
  }

  #begin(): void {
    this.flush();
    this.#periodMs = this.#nowMs();
    this.#lines = 0;
  }
}
