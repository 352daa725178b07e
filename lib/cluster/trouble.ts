import type { LogPort } from "../broker/mod.ts";

/** While the reason stays, so much time is between two lines. */
const AGAIN_MS = 30_000;

/** What is tried again and again, and fails for the same reason: the operator reads that once, and from time to time. */
export class Trouble {
  readonly #lines: LogPort;
  readonly #message: string;
  readonly #nowMs: () => number;
  #reason = "";
  #toldAtMs = -Infinity;

  /** `message`: what fails. */
  constructor(lines: LogPort, message: string, nowMs: () => number) {
    this.#lines = lines;
    this.#message = message;
    this.#nowMs = nowMs;
  }

  /** It has failed again. */
  tell(reason: string): void {
    const nowMs = this.#nowMs();
    if (reason === this.#reason && nowMs - this.#toldAtMs < AGAIN_MS) return;
    this.#reason = reason;
    this.#toldAtMs = nowMs;
    this.#lines.warning(this.#message, { reason });
  }
}
