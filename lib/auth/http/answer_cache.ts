import { BoundedMap } from "../bounded_map.ts";

/** How long and how many answers are remembered. */
export interface AnswerCacheInit {
  /** How long a yes holds, milliseconds; 0: it is not remembered. */
  readonly allowedMs: number;
  /** How long a no holds, milliseconds; 0: it is not remembered. */
  readonly refusedMs: number;
  /** Answers; what was not asked for longest goes first. */
  readonly maxSize: number;
  /** Whether an answer whose time is over is kept for a day, for when there is no other. */
  readonly keepsOld: boolean;
  /** The clock, milliseconds. */
  readonly nowMs: () => number;
}

/** How long an answer is kept for when there is no other, milliseconds. */
const OLD_MS = 24 * 3600 * 1000;
/** Characters of the rules in all answers: a service may send 64 KB with each. */
const MAX_LENGTH = 4_000_000;

/** What is remembered. */
export interface CachedAnswer {
  /** Whether it is a yes. */
  readonly isAllowed: boolean;
  /** Characters of the rules that came with it; absent: there are none. */
  readonly rulesLength?: number;
}

interface Entry<T> {
  readonly answer: T;
  readonly untilMs: number;
  readonly sinceMs: number;
}

/** Answers that are remembered, each for its time. */
export class AnswerCache<T extends CachedAnswer> {
  readonly #init: AnswerCacheInit;
  readonly #entries: BoundedMap<Entry<T>>;

  /** Nothing is remembered at first. */
  constructor(init: AnswerCacheInit) {
    this.#init = init;
    this.#entries = new BoundedMap(init.maxSize, MAX_LENGTH);
  }

  /** What was answered, if that still holds. */
  get(question: string): T | undefined {
    const entry = this.#entries.get(question);
    if (entry === undefined) return undefined;
    const nowMs = this.#init.nowMs();
    if (nowMs < entry.untilMs) {
      this.#entries.touch(question);
      return entry.answer;
    }
    if (!this.#init.keepsOld || nowMs >= entry.sinceMs + OLD_MS) this.#entries.delete(question);
    return undefined;
  }

  /** What was answered last, if that is kept; however old, within a day. */
  getOld(question: string): T | undefined {
    const entry = this.#entries.get(question);
    const isKept = this.#init.keepsOld && entry !== undefined &&
      this.#init.nowMs() < entry.sinceMs + OLD_MS;
    return isKept ? entry.answer : undefined;
  }

  /** This was answered now. */
  put(question: string, answer: T): void {
    const { allowedMs, refusedMs, keepsOld, nowMs } = this.#init;
    this.#entries.delete(question);
    const holdsMs = answer.isAllowed ? allowedMs : refusedMs;
    if (holdsMs === 0 && !keepsOld) return;
    const sinceMs = nowMs();
    const entry = { answer, untilMs: sinceMs + holdsMs, sinceMs };
    this.#entries.set(question, entry, answer.rulesLength ?? 0);
  }
}
