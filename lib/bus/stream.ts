import type { ByteWriter } from "./bytes.ts";
import { encodeFrame, type Frame, type FrameRange, writeHeader } from "./frame.ts";
import type { StreamOptions } from "./options.ts";
import { ReceiveWindow } from "./receive_window.ts";
import { type CommitResult, SendWindow } from "./send_window.ts";
import type { BusCounters } from "./stats.ts";

/** What a stream needs of its owner. */
export interface StreamPorts {
  /** Posts a frame; its bytes are only valid during the call. */
  post(frame: Uint8Array): void;
  /** Gets each data frame once and in order; must not throw. */
  deliver(frame: Uint8Array): void;
  readonly counters: BusCounters;
}

/** Questions that must go without an answer before a silence counts: a thread that was blocked itself has not received anything. */
const MIN_UNANSWERED = 3;

/**
 * Both directions between a bridge and a Worker over a channel that may lose, repeat and reorder frames. It does no I/O and
 * reads no clock; its owner calls {@link Stream.tick} at {@link Stream.deadlineMs}.
 *
 * Nothing is resent on suspicion: the receiver names the frames that it misses, at once when a number is skipped, else when a probe
 * asks. So the same two small frames repair a lost frame, a lost last frame, a lost confirmation and a lost request, and a peer that
 * is only blocked for a while does not get repeats.
 */
export class Stream {
  readonly #from: number;
  readonly #options: StreamOptions;
  readonly #ports: StreamPorts;
  readonly #outgoing: SendWindow;
  readonly #incoming: ReceiveWindow;
  #to = 0;
  #heardAtMs = 0;
  #probeAtMs = Infinity;
  #probeDelayMs: number;
  #unanswered = 0;
  #ackAtMs = Infinity;
  #unackedFrames = 0;

  /** `from` is the id of this side. Records gather from now on; frames are posted once the stream is open. */
  constructor(from: number, options: StreamOptions, ports: StreamPorts) {
    this.#from = from;
    this.#options = options;
    this.#ports = ports;
    this.#probeDelayMs = options.probeDelayMs;
    this.#outgoing = new SendWindow(options);
    this.#incoming = new ReceiveWindow(options.maxHeldBytes, ports.deliver);
  }

  /** The other side's id; 0 before the stream is open. */
  get peerId(): number {
    return this.#to;
  }

  /** Bytes kept for the other side. */
  get pendingBytes(): number {
    return this.#outgoing.pendingBytes;
  }

  /** Messages kept for the other side. */
  get pendingMessages(): number {
    return this.#outgoing.pendingMessages;
  }

  get unconfirmedFrames(): number {
    return this.#outgoing.unconfirmedFrames;
  }

  get unconfirmedBytes(): number {
    return this.#outgoing.unconfirmedBytes;
  }

  /** Bytes of frames that came too early. */
  get heldBytes(): number {
    return this.#incoming.heldBytes;
  }

  /** When {@link tick} has something to do. */
  get deadlineMs(): number {
    return Math.min(this.#probeAtMs, this.#ackAtMs);
  }

  /** The other side is known from now on. */
  open(peerId: number, nowMs: number): void {
    this.#to = peerId;
    this.#heard(nowMs);
    this.#awaitAnswer(nowMs);
    this.flush(nowMs);
  }

  /** See {@link SendWindow.begin}. */
  begin(): ByteWriter {
    return this.#outgoing.begin();
  }

  /** See {@link SendWindow.hasRoom}. */
  hasRoom(sizeBytes: number): boolean {
    return this.#outgoing.hasRoom(sizeBytes);
  }

  /** See {@link SendWindow.commit}. The record leaves with the next {@link flush}. */
  commit(messages: number): CommitResult {
    const result = this.#outgoing.commit(messages);
    if (result !== "accepted") return result;
    const { counters } = this.#ports;
    counters.messagesSent += messages;
    counters.peakPendingBytes = Math.max(counters.peakPendingBytes, this.pendingBytes);
    return result;
  }

  /** Posts what the window allows. Called once, at the end of a turn. */
  flush(nowMs: number): void {
    if (this.#to === 0) return;
    const wasIdle = this.#outgoing.unconfirmedFrames === 0;
    this.#outgoing.release((number, bytes) => {
      this.#ports.counters.framesPosted++;
      this.#postData(number, bytes);
    });
    if (wasIdle && this.#outgoing.unconfirmedFrames > 0) this.#awaitAnswer(nowMs);
  }

  /** Takes a frame of the other side. */
  receive(frame: Frame, nowMs: number): void {
    this.#heard(nowMs);
    const isAnswer = this.#outgoing.confirm(frame.confirmed) || frame.kind === "ack";
    switch (frame.kind) {
      case "data":
        this.#receiveData(frame, nowMs);
        break;
      case "ack":
        this.#outgoing.resend(frame.missing, (number, bytes) => {
          this.#ports.counters.framesResent++;
          this.#postData(number, bytes);
        });
        break;
      case "probe":
        this.#postAck(this.#incoming.missing(frame.number));
        break;
    }
    this.flush(nowMs);
    // Other frames do not delay the question: a peer that sends all the time may still miss our last frame.
    if (isAnswer || this.#outgoing.unconfirmedFrames === 0) this.#awaitAnswer(nowMs);
  }

  /** Does what is due. `false`: the other side has been silent for too long. */
  tick(nowMs: number): boolean {
    if (nowMs >= this.#ackAtMs) this.#postAck([]);
    if (this.#to === 0 || nowMs < this.#probeAtMs) return true;
    const isSilent = nowMs - this.#heardAtMs >= this.#options.peerTimeoutMs;
    if (isSilent && this.#unanswered >= MIN_UNANSWERED) return false;
    this.#unanswered++;
    this.#ports.counters.probesPosted++;
    this.#ports.post(encodeFrame({
      kind: "probe",
      from: this.#from,
      to: this.#to,
      number: this.#outgoing.highestPosted,
      confirmed: this.#incoming.expected,
    }));
    this.#probeAtMs = nowMs + this.#probeDelayMs;
    this.#probeDelayMs = Math.min(this.#probeDelayMs * 2, this.#options.maxProbeDelayMs);
    return true;
  }

  #receiveData(frame: Frame, nowMs: number): void {
    const { counters } = this.#ports;
    const highestBefore = this.#incoming.highest;
    const arrival = this.#incoming.accept(frame.number, frame.bytes);
    if (arrival === "duplicate") counters.framesDuplicate++;
    else if (arrival !== "refused") counters.framesReceived++;
    // What was skipped just now is asked for once; if that gets lost too, the sender's probe brings it up again.
    const skipped = this.#incoming.missing(frame.number - 1, highestBefore + 1);
    if (skipped.length > 0 || ++this.#unackedFrames >= this.#options.ackEveryFrames) {
      this.#postAck(skipped);
    } else if (this.#unackedFrames > 0) {
      this.#ackAtMs = Math.min(this.#ackAtMs, nowMs + this.#options.ackDelayMs);
    }
  }

  #postData(number: number, bytes: Uint8Array): void {
    this.#acknowledged();
    writeHeader(bytes, {
      kind: "data",
      from: this.#from,
      to: this.#to,
      number,
      confirmed: this.#incoming.expected,
    });
    this.#ports.post(bytes);
  }

  #postAck(missing: readonly FrameRange[]): void {
    this.#acknowledged();
    this.#ports.post(encodeFrame({
      kind: "ack",
      from: this.#from,
      to: this.#to,
      number: 0,
      confirmed: this.#incoming.expected,
    }, missing));
  }

  /** Every frame confirms what has arrived. */
  #acknowledged(): void {
    this.#unackedFrames = 0;
    this.#ackAtMs = Infinity;
  }

  #heard(nowMs: number): void {
    this.#heardAtMs = nowMs;
    this.#unanswered = 0;
    this.#probeDelayMs = this.#options.probeDelayMs;
  }

  #awaitAnswer(nowMs: number): void {
    const isIdle = this.#outgoing.unconfirmedFrames === 0;
    this.#probeAtMs = nowMs + (isIdle ? this.#options.idleProbeDelayMs : this.#probeDelayMs);
  }
}
