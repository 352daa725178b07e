import { frameLength } from "../codec/mod.ts";
import { Output } from "./output.ts";

/** Bytes that wait on the other side from which on a side is not read. */
const MAX_WAITING_BYTES = 1024 * 1024;
/**
 * Bytes that wait on a side itself, from which on it is not read: acknowledgements of a peer that reads none. That is more than a peer that
 * keeps a Receive Maximum can cause, so two bridges that both write much never wait for each other.
 */
const MAX_UNREAD_BYTES = 8 * MAX_WAITING_BYTES;

/** One connection of a bridge: what waits to leave it, and what came and is not handled yet. */
export class Side {
  /** What waits to be written. */
  readonly output: Output = new Output();
  /** Unfinished packets, and what may not go on yet. */
  readonly input: Output = new Output();
  /** When a packet was last put out. */
  lastSentMs: number;
  /** When bytes last came. */
  lastReceivedMs: number;
  /** Seconds; 0: off. */
  keepAliveSeconds = 0;

  /** `id`: what the driver calls it. */
  constructor(readonly id: number, nowMs: number) {
    this.lastSentMs = this.lastReceivedMs = nowMs;
  }

  /** Bytes that have come are handed to `handle`, behind those that were left; it says what it has not used. */
  receive(
    bytes: Uint8Array,
    start: number,
    end: number,
    handle: (bytes: Uint8Array, start: number, end: number) => number,
  ): void {
    const { input } = this;
    if (input.length > 0) {
      input.put(bytes.subarray(start, end));
      return this.retry(handle);
    }
    const at = handle(bytes, start, end);
    if (at < end) input.put(bytes.subarray(at, end));
  }

  /** What was left is tried again. */
  retry(handle: (bytes: Uint8Array, start: number, end: number) => number): void {
    const { waiting } = this.input;
    if (waiting.length > 0) this.input.drop(handle(waiting, 0, waiting.length));
  }

  /** Whether more may be read here while `other` has not written what it has. */
  mayRead(other: Side | undefined): boolean {
    if (this.output.length >= MAX_UNREAD_BYTES) return false;
    if (other !== undefined && other.output.length >= MAX_WAITING_BYTES) return false;
    return this.input.length < MAX_WAITING_BYTES || this.#isUnfinished;
  }

  /** Whether what came and is not handled is the beginning of a packet: the rest of it has to be read, however long it is. */
  get #isUnfinished(): boolean {
    const { waiting } = this.input;
    const length = frameLength(waiting, 0, waiting.length, Infinity);
    return length === 0 || length > waiting.length;
  }

  /** When a PINGREQ is due, milliseconds. */
  get pingAtMs(): number {
    return this.keepAliveSeconds === 0 ? Infinity : this.lastSentMs + this.keepAliveSeconds * 1000;
  }

  /** When the peer counts as gone: it has answered no ping. */
  get goneAtMs(): number {
    if (this.keepAliveSeconds === 0) return Infinity;
    return this.lastReceivedMs + this.keepAliveSeconds * 1500;
  }
}

/** The connection to a remote broker. */
export class RemoteSide extends Side {
  /** Where it is: opening the stream, waiting for the CONNACK, or through. */
  phase: "opening" | "asking" | "connected" = "opening";
  /** When it must be connected. */
  readonly deadlineMs: number;
  /** SUBACKs and UNSUBACKs that have not come. */
  pendingAnswers = 0;

  /** `attempt`: which of the ways to ask. */
  constructor(
    id: number,
    nowMs: number,
    readonly addressIndex: number,
    readonly attempt: number,
    timeoutMs: number,
  ) {
    super(id, nowMs);
    this.deadlineMs = nowMs + timeoutMs;
  }
}

/** The connection to this broker. */
export class LocalSide extends Side {
  /** SUBACKs that have not come. */
  pendingAnswers = 0;

  /** `isPreparing`: it subscribes, and leaves. */
  constructor(id: number, nowMs: number, readonly isPreparing: boolean) {
    super(id, nowMs);
  }
}
