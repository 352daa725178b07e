/** A record that was sent, until it is applied here. */
interface Sent {
  readonly number: number;
  readonly bytes: Uint8Array;
  sentAtMs: number;
  /** JetStream has said that it is stored. */
  isStored: boolean;
}

/** A record that is applied, and where it stands in the log. */
interface Applied {
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly sequence: number;
  readonly atMs: number;
}

/** Sends a record; `false`: there is no server. */
export type Send = (number: number, attempt: number, bytes: Uint8Array) => boolean;

/** A record that JetStream has not confirmed for so long is sent again. */
const RESEND_MS = 3000;
/** Records that wait for longer than a change of leaders takes: nobody is told any more that there is room. */
const FAILING_MS = 10_000;
/** A record that takes so long to come back does not keep clients without sessions waiting. */
const SLOW_MS = 500;
/** What is applied is kept for so long, as far as it fits: NATS writes to the disk every two minutes, and may lose what came since. */
const KEPT_MS = 130_000;
const KEPT_BYTES = 16 * 1024 * 1024;
/** So many that are gone from the beginning are cut off at a time. */
const CUT_COUNT = 1000;

/** This node's records that are on their way: those that are lost are sent again, with all behind them, so that their order holds. */
export class Window {
  readonly #send: Send;
  readonly #maxBytes: number;
  #sent: Sent[] = [];
  #bytes = 0;
  #attempt = 0;
  /** Since when nothing has moved on, and whether that is too long: looked at now and then, as the clock costs more than the rest. */
  #stuckSinceMs = 0;
  /** The last that were applied, from `#keptFrom` on. */
  #kept: Applied[] = [];
  #keptFrom = 0;
  #keptBytes = 0;
  #isStuck = false;
  #isSlow = false;

  /** `maxBytes`: beyond it this node cannot take more. */
  constructor(send: Send, maxBytes: number) {
    this.#send = send;
    this.#maxBytes = maxBytes;
  }

  /** Records that are not applied. */
  get length(): number {
    return this.#sent.length;
  }

  /** Whether it is full, or nothing has moved for long: no more should be added. */
  get isFailing(): boolean {
    return this.#isStuck || this.#bytes > this.#maxBytes;
  }

  /** Whether nothing has come back for a moment, where something should. */
  get isSlow(): boolean {
    return this.#isSlow;
  }

  /** Whether not even what is promised already has room. */
  get isFull(): boolean {
    return this.#bytes > 2 * this.#maxBytes;
  }

  /** Sends one more. */
  add(number: number, bytes: Uint8Array, nowMs: number): void {
    if (this.#sent.length === 0) this.#stuckSinceMs = nowMs;
    this.#sent.push({ number, bytes, sentAtMs: nowMs, isStored: false });
    this.#bytes += bytes.length;
    this.#send(number, this.#attempt, bytes);
  }

  /** JetStream has stored it, or refuses it. */
  answered(number: number, attempt: number, isStored: boolean): void {
    const sent = this.#sent.find((sent) => sent.number === number);
    if (sent === undefined || attempt !== this.#attempt) return;
    sent.isStored = isStored;
    // The next look sends it again.
    if (!isStored) sent.sentAtMs = -Infinity;
  }

  /** Whether JetStream has said of all that it has them. */
  get areStored(): boolean {
    return this.#sent.every(({ isStored }) => isStored);
  }

  /** The log has lost what stands behind this place: what of it is known here is sent again, before all else. Returns how many these are. */
  sendAgain(last: number, nowMs: number): number {
    const lost = this.#kept.slice(this.#keptFrom).filter(({ sequence }) => sequence > last);
    this.#kept = [];
    this.#keptFrom = this.#keptBytes = 0;
    const again = lost.map(({ number, bytes }) => ({
      number,
      bytes,
      sentAtMs: nowMs,
      isStored: false,
    }));
    for (const { bytes } of again) this.#bytes += bytes.length;
    this.#sent = [...again, ...this.#sent];
    this.resendAll(nowMs);
    return again.length;
  }

  /** The log has come to it: it stands at this place. */
  applied(number: number, nowMs: number, sequence = 0): void {
    this.#stuckSinceMs = nowMs;
    this.#isStuck = this.#isSlow = false;
    while (this.#sent.length > 0 && this.#sent[0]!.number <= number) {
      const sent = this.#sent.shift()!;
      this.#bytes -= sent.bytes.length;
      this.#keptBytes += sent.bytes.length;
      this.#kept.push({ number: sent.number, bytes: sent.bytes, sequence, atMs: nowMs });
    }
    this.#forget(nowMs);
  }

  /** It stands in the log before an earlier one, and does not count there. */
  early(number: number): void {
    const sent = this.#sent.find((sent) => sent.number === number);
    if (sent !== undefined) Object.assign(sent, { isStored: false, sentAtMs: -Infinity });
  }

  /** Sends again what may be lost. */
  look(nowMs: number): void {
    this.#forget(nowMs);
    const stuckMs = this.#sent.length > 0 ? nowMs - this.#stuckSinceMs : 0;
    this.#isStuck = stuckMs > FAILING_MS;
    this.#isSlow = stuckMs > SLOW_MS;
    const lost = this.#sent.findIndex(({ isStored, sentAtMs }) =>
      !isStored && nowMs - sentAtMs > RESEND_MS
    );
    if (lost >= 0) this.#resend(lost, nowMs);
  }

  /** There is a server again, which may know nothing of what was sent. */
  resendAll(nowMs: number): void {
    if (this.#sent.length > 0) this.#resend(0, nowMs);
  }

  /** Forgets what was applied long ago, or does not fit. */
  #forget(nowMs: number): void {
    const kept = this.#kept;
    for (; this.#keptFrom < kept.length; this.#keptFrom++) {
      const { atMs, bytes } = kept[this.#keptFrom]!;
      if (this.#keptBytes <= KEPT_BYTES && nowMs - atMs <= KEPT_MS) break;
      this.#keptBytes -= bytes.length;
    }
    if (this.#keptFrom < CUT_COUNT && this.#keptFrom < kept.length) return;
    kept.splice(0, this.#keptFrom);
    this.#keptFrom = 0;
  }

  #resend(from: number, nowMs: number): void {
    this.#attempt++;
    for (const sent of this.#sent.slice(from)) {
      sent.isStored = false;
      sent.sentAtMs = nowMs;
      if (!this.#send(sent.number, this.#attempt, sent.bytes)) return;
    }
  }
}
