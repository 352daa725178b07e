import { nowMs } from "./turns.ts";

/** What packets that are not complete may take, of all connections together. */
export interface UnfinishedLimits {
  /** Bytes of read buffers with an unfinished packet of a client that is connected; 0: no limit. */
  readonly maxUnfinishedBytes: number;
  /** The same before CONNACK, and of every CONNECT that waits for its answer; 0: no limit. */
  readonly maxConnectingBytes: number;
  /** Seconds from the first byte of a packet to its last; 0: no limit. */
  readonly packetTimeoutSeconds: number;
}

/** The defaults: thirty-two packets of two megabytes, and sixty CONNECTs of a hundred kilobytes. */
export const DEFAULT_UNFINISHED_LIMITS: UnfinishedLimits = {
  maxUnfinishedBytes: 64 * 1024 * 1024,
  maxConnectingBytes: 8 * 1024 * 1024,
  packetTimeoutSeconds: 300,
};

/** Whoever needs room waits so long for the oldest packet of a client that is connected, milliseconds; then that one goes. */
const GRACE_MS = 5000;
/** How often packets are looked at that take too long, milliseconds. */
const LOOK_MS = 1000;

/** A connection that holds more than the smallest read buffer. The accounts write what they know of it. */
export interface Holder {
  /** Where it is accounted; absent: nowhere. */
  account?: UnfinishedAccount | undefined;
  /** Bytes that it is accounted with. */
  heldBytes: number;
  /** When its packet began, in the clock's milliseconds. */
  sinceMs: number;
  /** It has to go. */
  evict(reason: string): void;
  /** There may be room now: it asks again. */
  resume(): void;
}

/** The accounts of one server: strangers cannot use up what those who are known need. */
export class Unfinished {
  /** Of those who have no CONNACK yet: no one of them is worth waiting for. */
  readonly connecting: UnfinishedAccount;
  /** Of those who are connected. */
  readonly connected: UnfinishedAccount;

  /** Nothing is held at first. */
  constructor(limits: UnfinishedLimits = DEFAULT_UNFINISHED_LIMITS) {
    const timeoutMs = limits.packetTimeoutSeconds * 1000;
    this.connecting = new UnfinishedAccount(limits.maxConnectingBytes, 0, timeoutMs);
    this.connected = new UnfinishedAccount(limits.maxUnfinishedBytes, GRACE_MS, timeoutMs);
  }

  /** Whether those who read should take little at once, because what they leave is held in any case. */
  get isScarce(): boolean {
    return this.connected.isScarce;
  }
}

/**
 * Who holds how much, in the order in which their packets began. Where there is no room for more, the packet that began first goes
 * on whatever it takes, so that something is always finished; the others wait, and if it is slow it is the one that goes.
 */
export class UnfinishedAccount {
  readonly #maxBytes: number;
  readonly #graceMs: number;
  readonly #timeoutMs: number;
  readonly #holders = new Set<Holder>();
  readonly #waiting = new Set<Holder>();
  #bytes = 0;
  /** How often it was asked for room. */
  reads = 0;
  #look: ReturnType<typeof setInterval> | undefined;
  #wake: ReturnType<typeof setTimeout> | undefined;

  /** 0: no limit, no waiting, no time limit. */
  constructor(maxBytes: number, graceMs: number, timeoutMs: number) {
    this.#maxBytes = maxBytes;
    this.#graceMs = graceMs;
    this.#timeoutMs = timeoutMs;
  }

  /** Bytes that are held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether less than half is left. */
  get isScarce(): boolean {
    return this.#maxBytes > 0 && this.#bytes > this.#maxBytes / 2;
  }

  /**
   * Accounts a holder with `bytes`; where there is no room for them with `leastBytes`, which it has already: then this returns
   * `false`, and the holder is resumed later. `isNew`: another packet has begun since.
   */
  hold(holder: Holder, bytes: number, leastBytes: number, isNew: boolean): boolean {
    this.reads++;
    if (holder.account !== this || isNew) {
      if (holder.account !== this) release(holder);
      this.#holders.delete(holder);
      this.#holders.add(holder);
      holder.account = this;
      holder.sinceMs = nowMs();
      this.#look ??= setInterval(this.#onLook, LOOK_MS);
    }
    const hasRoom = bytes <= holder.heldBytes || this.#makeRoom(holder, bytes);
    const heldBytes = hasRoom ? bytes : leastBytes;
    this.#bytes += heldBytes - holder.heldBytes;
    holder.heldBytes = heldBytes;
    if (!hasRoom) this.#waiting.add(holder);
    return hasRoom;
  }

  /** Its packet is complete, or it has gone. */
  release(holder: Holder): void {
    this.#holders.delete(holder);
    this.#waiting.delete(holder);
    this.#bytes -= holder.heldBytes;
    holder.heldBytes = 0;
    holder.account = undefined;
    if (this.#waiting.size > 0) this.#wake ??= setTimeout(this.#onWake, 0);
    if (this.#holders.size > 0) return;
    clearInterval(this.#look);
    this.#look = undefined;
  }

  /** Whether the holder may have so many, when those have gone that are too slow. */
  #makeRoom(holder: Holder, bytes: number): boolean {
    if (this.#maxBytes === 0) return true;
    while (this.#bytes - holder.heldBytes + bytes > this.#maxBytes) {
      const [oldest] = this.#holders;
      if (oldest === undefined || oldest === holder) return true;
      if (nowMs() - oldest.sinceMs < this.#graceMs) return false;
      this.#evict(oldest, "Others need the room of its unfinished packet");
    }
    return true;
  }

  #evict(holder: Holder, reason: string): void {
    this.release(holder);
    holder.evict(reason);
  }

  readonly #onLook = (): void => {
    for (const holder of this.#holders) {
      const isLate = this.#timeoutMs > 0 && nowMs() - holder.sinceMs >= this.#timeoutMs;
      if (!isLate) break;
      this.#evict(holder, "Its packet takes too long");
    }
    if (this.#waiting.size > 0) this.#onWake();
  };

  readonly #onWake = (): void => {
    clearTimeout(this.#wake);
    this.#wake = undefined;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const holder of waiting) holder.resume();
  };
}

/** Nothing of it is held any more, wherever it was. */
export function release(holder: Holder): void {
  holder.account?.release(holder);
}
