/** A PINGREQ leaves a little before the Keep Alive runs out: this many milliseconds for each of its seconds. */
const PING_MS_PER_SECOND = 900;

/**
 * When to send PINGREQ, and when to give the broker up. A connection on which nothing comes in is asked as well as one on which
 * nothing goes out: a client that only publishes would otherwise learn very late that nobody is there.
 */
export class KeepAlive {
  readonly #periodMs: number;
  #sentMs: number;
  #receivedMs: number;
  /** When the PINGREQ left that nothing has answered yet. */
  #askedMs: number | undefined;

  /** `seconds`: 0 turns it off. */
  constructor(seconds: number, nowMs: number) {
    this.#periodMs = seconds * PING_MS_PER_SECOND;
    this.#sentMs = nowMs;
    this.#receivedMs = nowMs;
  }

  /** Bytes have left. */
  sent(nowMs: number): void {
    this.#sentMs = nowMs;
  }

  /** Bytes have come: whatever they are, the broker is there. */
  received(nowMs: number): void {
    this.#receivedMs = nowMs;
    this.#askedMs = undefined;
  }

  /** When `due` wants to be asked again. */
  get deadlineMs(): number {
    if (this.#periodMs === 0) return Infinity;
    const sinceMs = this.#askedMs ?? Math.min(this.#sentMs, this.#receivedMs);
    return sinceMs + this.#periodMs;
  }

  /** What has to be done now: `gone` where a PINGREQ had no answer for a whole period. */
  due(nowMs: number): "nothing" | "ping" | "gone" {
    if (nowMs < this.deadlineMs) return "nothing";
    if (this.#askedMs !== undefined) return "gone";
    this.#askedMs = nowMs;
    return "ping";
  }
}
