import type { LogPort } from "../broker/mod.ts";

/** While a reason stays, so much time is between two lines. */
const AGAIN_MS = 30_000;
/** Reasons that are told in that time: a server can make up as many as it likes. */
const MAX_REASONS = 10;

/** What is tried again and again, and fails for the same reasons: the operator reads each once, and from time to time. */
export class Trouble {
  readonly #lines: LogPort;
  readonly #message: string;
  readonly #nowMs: () => number;
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #toldAtMs = new Map<string, number>();

  /** `message`: what fails; `fields`: what else belongs to it. */
  constructor(
    lines: LogPort,
    message: string,
    nowMs: () => number,
    fields: Readonly<Record<string, unknown>> = {},
  ) {
    this.#lines = lines;
    this.#message = message;
    this.#nowMs = nowMs;
    this.#fields = fields;
  }

  /** It has failed again; returns whether that was told. */
  tell(reason: string): boolean {
    const nowMs = this.#nowMs();
    for (const [told, atMs] of this.#toldAtMs) {
      if (nowMs - atMs >= AGAIN_MS) this.#toldAtMs.delete(told);
    }
    if (this.#toldAtMs.has(reason) || this.#toldAtMs.size >= MAX_REASONS) return false;
    this.#toldAtMs.set(reason, nowMs);
    this.#lines.warning(this.#message, { ...this.#fields, reason });
    return true;
  }
}
