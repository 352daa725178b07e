import type { LogPort } from "../broker/mod.ts";

/** The shortest time between two lines of one kind, milliseconds. */
const PACE_MS = 1000;
/** Kinds that are told apart. */
const MAX_KINDS = 100;

/**
 * Logs events that may happen with every message: the first of a kind at once, then at most one line a second, which counts the lines that
 * were left out. So nothing is silent, and no client can fill the log.
 */
export class PacedLog {
  readonly #nowMs: () => number;
  readonly #kinds = new Map<string, { untilMs: number; unsaid: number }>();
  /** Where lines go; absent: nowhere yet. */
  log: LogPort | undefined;

  /** `nowMs`: the clock, milliseconds. */
  constructor(log: LogPort | undefined, nowMs: () => number = () => performance.now()) {
    this.log = log;
    this.#nowMs = nowMs;
  }

  /** One line of this kind. */
  say(
    level: "warning" | "error",
    kind: string,
    message: string,
    fields: Readonly<Record<string, unknown>>,
  ): void {
    const nowMs = this.#nowMs();
    const known = this.#kinds.get(kind);
    if (known !== undefined && nowMs < known.untilMs) return void known.unsaid++;
    const unsaid = known?.unsaid ?? 0;
    if (known === undefined && this.#kinds.size >= MAX_KINDS) this.#kinds.clear();
    this.#kinds.set(kind, { untilMs: nowMs + PACE_MS, unsaid: 0 });
    this.log?.[level](message, unsaid === 0 ? fields : { ...fields, unsaid });
  }
}
