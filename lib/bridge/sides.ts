import { frameLength } from "../codec/mod.ts";
import { Output } from "./output.ts";

/** A side is not read while this many bytes wait on the other side. */
const MAX_WAITING_BYTES = 1024 * 1024;
/**
 * Bytes that wait on a side itself, from which on it is not read: acknowledgements of a peer that reads none. That is more than a peer that
 * keeps a Receive Maximum can cause, so two bridges that both write much never wait for each other.
 */
const MAX_UNREAD_BYTES = 8 * MAX_WAITING_BYTES;

/** One connection of a bridge: bytes that wait to be written, and received bytes that are not handled yet. */
export class Side {
  /** Bytes that wait to be written. */
  readonly output: Output = new Output();
  /** Incomplete packets, and packets that have to wait. */
  readonly input: Output = new Output();
  /** When a packet was last sent. */
  lastSentMs: number;
  /** When bytes were last received. */
  lastReceivedMs: number;
  /** Seconds; 0 for off. */
  keepAliveSeconds = 0;

  /** `id` identifies the connection for the driver. */
  constructor(readonly id: number, nowMs: number) {
    this.lastSentMs = this.lastReceivedMs = nowMs;
  }

  /** Passes received bytes to `handle`, after bytes left from before. `handle` returns the offset of the first unhandled byte. */
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

  /** Passes the bytes left from before to `handle` again. */
  retry(handle: (bytes: Uint8Array, start: number, end: number) => number): void {
    const { waiting } = this.input;
    if (waiting.length > 0) this.input.drop(handle(waiting, 0, waiting.length));
  }

  /** Whether more may be read here, given what `other` still has to write. */
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

  /** When the peer counts as gone because it has not answered a ping. */
  get goneAtMs(): number {
    if (this.keepAliveSeconds === 0) return Infinity;
    return this.lastReceivedMs + this.keepAliveSeconds * 1500;
  }
}

/** The connection to a remote broker. */
export class RemoteSide extends Side {
  /** Opening the stream, waiting for CONNACK, or connected. */
  phase: "opening" | "asking" | "connected" = "opening";
  /** When it must be connected at the latest. */
  readonly deadlineMs: number;
  /** SUBACK and UNSUBACK packets still to come. */
  pendingAnswers = 0;
  /** When the next of them must be there at the latest: until then no message goes out. */
  answerByMs = Infinity;

  /** `attempt` is the index of the version. */
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
  /** SUBACK packets still to come. */
  pendingAnswers = 0;

  /** `isPreparing`: the connection only subscribes, and then ends. */
  constructor(id: number, nowMs: number, readonly isPreparing: boolean) {
    super(id, nowMs);
  }
}
