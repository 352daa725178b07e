import { EvictionLog } from "./eviction_log.ts";
import { nowMs } from "./turns.ts";

/** Limits for incomplete packets, for all connections together. */
export interface UnfinishedLimits {
  /** Bytes of read buffers with an unfinished packet of connected clients; 0 for no limit. */
  readonly maxUnfinishedBytes: number;
  /** The same before CONNACK, including every CONNECT that waits for its answer; 0 for no limit. */
  readonly maxConnectingBytes: number;
  /** Seconds from the first byte of a packet to its last; 0 for no limit. */
  readonly packetTimeoutSeconds: number;
}

/** The defaults: room for thirty-two packets of two megabytes, and sixty CONNECT packets of a hundred kilobytes. */
export const DEFAULT_UNFINISHED_LIMITS: UnfinishedLimits = {
  maxUnfinishedBytes: 64 * 1024 * 1024,
  maxConnectingBytes: 8 * 1024 * 1024,
  packetTimeoutSeconds: 300,
};

/** How long the oldest packet of a connected client may hold others up, milliseconds; then its client is disconnected. */
const GRACE_MS = 5000;
/**
 * The same before CONNACK. Without it thousands of strangers would replace each other as fast as the broker can read, and everything read
 * from them would be discarded.
 */
const STRANGER_GRACE_MS = 200;
/** A CONNECT up to this size replaces the oldest at once: almost all have it, and thousands of these take little. */
const SMALL_CONNECT_BYTES = 2048;
/** The longest time between two checks for slow packets, milliseconds. */
const LOOK_MS = 1000;

/**
 * How many are resumed, or disconnected for being slow, before the event loop turns. Packets that began together are late together, and
 * each may need a new buffer of a megabyte.
 */
const TOGETHER = 8;

/** A connection that holds more than the smallest read buffer. The account writes these fields. */
export interface Holder {
  /** Its account; undefined if it has none. */
  account?: UnfinishedAccount | undefined;
  /** The bytes accounted for it. */
  heldBytes: number;
  /** When its packet began, in the clock's milliseconds. */
  sinceMs: number;
  /** Disconnects the client. */
  evict(reason: string): void;
  /** There may be room now: the holder asks again. */
  resume(): void;
}

/** The accounts of one server. There are two, so that strangers cannot use up the room of connected clients. */
export class Unfinished {
  /** Connections before CONNACK. */
  readonly connecting: UnfinishedAccount;
  /** Connected clients. */
  readonly connected: UnfinishedAccount;
  /** What is logged of those that are disconnected. */
  readonly evictions: EvictionLog = new EvictionLog();

  /** Creates empty accounts. */
  constructor(limits: UnfinishedLimits = DEFAULT_UNFINISHED_LIMITS) {
    const timeoutMs = limits.packetTimeoutSeconds * 1000;
    this.connecting = new UnfinishedAccount(
      limits.maxConnectingBytes,
      STRANGER_GRACE_MS,
      timeoutMs,
      SMALL_CONNECT_BYTES,
    );
    this.connected = new UnfinishedAccount(limits.maxUnfinishedBytes, GRACE_MS, timeoutMs);
    const flush = () => this.evictions.flush();
    this.connecting.onQuiet = this.connected.onQuiet = flush;
  }
}

/**
 * Accounts for holders in the order in which their packets began. When there is no room for more, the packet that began first may take what
 * it needs, so that one always completes. The others wait; if the first is too slow, it is evicted.
 */
export class UnfinishedAccount {
  readonly #maxBytes: number;
  readonly #graceMs: number;
  readonly #timeoutMs: number;
  readonly #smallBytes: number;
  readonly #holders = new Set<Holder>();
  /** In the order in which they began to wait. */
  readonly #waiting = new Set<Holder>();
  #bytes = 0;
  /** How often it was asked for room. */
  reads = 0;
  /** Is called from time to time while packets are unfinished, and when none is any more. */
  onQuiet: () => void = () => {};
  #look: ReturnType<typeof setInterval> | undefined;
  #wake: ReturnType<typeof setTimeout> | undefined;

  /** Zeros mean no limit, no waiting, no time limit. A packet of up to `smallBytes` does not wait. */
  constructor(maxBytes: number, graceMs: number, timeoutMs: number, smallBytes = 0) {
    this.#maxBytes = maxBytes;
    this.#graceMs = graceMs;
    this.#timeoutMs = timeoutMs;
    this.#smallBytes = smallBytes;
  }

  /** The bytes held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether less than half of the room is left. */
  get isScarce(): boolean {
    return this.#maxBytes > 0 && this.#bytes > this.#maxBytes / 2;
  }

  /**
   * Accounts a holder with `bytes` and returns true. Without room it accounts `leastBytes`, which the holder has already, returns false,
   * and resumes the holder later. `isNew` means that another packet has begun since.
   */
  hold(holder: Holder, bytes: number, leastBytes: number, isNew: boolean): boolean {
    this.reads++;
    if (holder.account !== this || isNew) {
      if (holder.account !== this) release(holder);
      this.#holders.delete(holder);
      this.#holders.add(holder);
      holder.account = this;
      holder.sinceMs = nowMs();
      this.#look ??= setInterval(this.#onLook, Math.min(LOOK_MS, this.#graceMs || LOOK_MS));
    }
    const hasRoom = bytes <= holder.heldBytes || this.#makeRoom(holder, bytes);
    const heldBytes = hasRoom ? bytes : leastBytes;
    this.#bytes += heldBytes - holder.heldBytes;
    holder.heldBytes = heldBytes;
    if (hasRoom) this.#waiting.delete(holder);
    else this.#waiting.add(holder);
    return hasRoom;
  }

  /** The packet is complete, or the connection has ended. */
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
    this.onQuiet();
  }

  /** Whether the holder may have this many bytes, after evicting holders that are too slow. */
  #makeRoom(holder: Holder, bytes: number): boolean {
    if (this.#maxBytes === 0) return true;
    const graceMs = bytes <= this.#smallBytes ? 0 : this.#graceMs;
    while (this.#bytes - holder.heldBytes + bytes > this.#maxBytes) {
      const [oldest] = this.#holders;
      if (oldest === undefined || oldest === holder) return true;
      if (nowMs() - oldest.sinceMs < graceMs) return false;
      this.#evict(oldest, "Memory for unfinished packets is used up");
    }
    return true;
  }

  #evict(holder: Holder, reason: string): void {
    this.release(holder);
    holder.evict(reason);
  }

  readonly #onLook = (): void => {
    this.onQuiet();
    let left = TOGETHER;
    for (const holder of this.#holders) {
      const isLate = this.#timeoutMs > 0 && nowMs() - holder.sinceMs >= this.#timeoutMs;
      if (!isLate) break;
      if (left-- === 0) {
        setTimeout(this.#onLook, 0);
        break;
      }
      this.#evict(holder, "Its packet was not complete in time");
    }
    if (this.#waiting.size > 0) this.#onWake();
  };

  readonly #onWake = (): void => {
    clearTimeout(this.#wake);
    this.#wake = undefined;
    // The packet that began first always has room, wherever it waits.
    const [oldest] = this.#holders;
    if (oldest !== undefined && this.#waiting.has(oldest)) this.#resume(oldest);
    let left = TOGETHER;
    for (const holder of this.#waiting) {
      if (left-- === 0) {
        this.#wake ??= setTimeout(this.#onWake, 0);
        break;
      }
      // Those behind it wait on: thousands may, and they would ask in vain each time.
      if (!this.#resume(holder)) break;
    }
  };

  /** Returns whether the holder waits no more. */
  #resume(holder: Holder): boolean {
    const { reads } = this;
    holder.resume();
    // A holder that is stopped for another reason does not ask now, but when it goes on.
    if (this.reads === reads) this.#waiting.delete(holder);
    return !this.#waiting.has(holder);
  }
}

/** Releases a holder from its account, if it has one. */
export function release(holder: Holder): void {
  holder.account?.release(holder);
}
