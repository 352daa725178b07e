import type { Broker, ClientCertificate, Connection, Link } from "../broker/mod.ts";
import { ReasonCode } from "../codec/mod.ts";
import type { ByteStream, Peer } from "./byte_stream.ts";
import type { ReadBuffers } from "./read_buffers.ts";
import type { Turns } from "./turns.ts";
import { type Holder, release, type UnfinishedAccount } from "./unfinished.ts";

/** How long a connection that we close is still read, so that the peer gets our last packet and not a reset. */
const LINGER_MS = 1000;
/** Bytes of one write call: what is under way makes progress that can be seen. */
const WRITE_BYTES = 256 * 1024;
/** Bytes of a read after which others come first: this connection has more. */
const BUSY_BYTES = 16 * 1024;
/** Small reads in a row after which the read buffer is made smaller: packets of both kinds by turns should not move it each time. */
const SMALL_READS = 8;

/** Carries one connection's bytes between its stream and the broker. One read and one write are under way at most. */
export class StreamLink implements Link, Holder {
  /** {@linkcode Holder.account} */
  account: UnfinishedAccount | undefined;
  /** {@linkcode Holder.heldBytes} */
  heldBytes = 0;
  /** {@linkcode Holder.sinceMs} */
  sinceMs = 0;
  readonly #stream: ByteStream;
  readonly #peer: Peer;
  readonly #broker: Broker;
  readonly #turns: Turns;
  readonly #buffers: ReadBuffers;
  readonly #onEnd: (link: StreamLink) => void;
  #connection: Connection | undefined;

  /** What was read and not yet handled is in [start, end). */
  #buffer: Uint8Array<ArrayBuffer>;
  #start = 0;
  #end = 0;
  #smallReads = 0;
  /** Bytes of a CONNECT that waits for its answer. */
  #connectBytes = 0;
  #isReading = false;
  /** What is being written, and how much of it is. */
  #writing: Uint8Array<ArrayBuffer> | undefined;
  #written = 0;
  #isClosing = false;
  #isClosed = false;
  /** The peer has ended its direction. */
  #isAtEnd = false;
  /** Neither direction works. */
  #isBroken = false;
  #lingerTimer: ReturnType<typeof setTimeout> | undefined;

  /** `onEnd` is called once, when the stream is closed. */
  constructor(
    stream: ByteStream,
    peer: Peer,
    broker: Broker,
    turns: Turns,
    buffers: ReadBuffers,
    onEnd: (link: StreamLink) => void,
  ) {
    this.#stream = stream;
    this.#peer = peer;
    this.#broker = broker;
    this.#turns = turns;
    this.#buffers = buffers;
    this.#onEnd = onEnd;
    this.#buffer = buffers.take(buffers.smallest);
  }

  /** {@linkcode Link.remoteAddress} */
  get remoteAddress(): string {
    return this.#peer.remoteAddress;
  }

  /** {@linkcode Link.certificate} */
  get certificate(): ClientCertificate | undefined {
    return this.#peer.certificate;
  }

  /** Begins to read for this connection. */
  start(connection: Connection): void {
    this.#connection = connection;
    this.#read();
  }

  /** {@linkcode Link.flush} */
  flush(): void {
    if (this.#writing !== undefined || this.#isBroken || this.#isClosed) return;
    const connection = this.#connection!;
    if (connection.outbox.ready.length === 0) return;
    this.#writing = connection.outbox.beginWrite();
    this.#written = 0;
    this.#write();
  }

  /** {@linkcode Link.close} */
  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    release(this);
    const connection = this.#connection!;
    if (this.#isBroken) return this.#finish();
    if (this.#writing === undefined && connection.outbox.ready.length === 0) return this.#linger();
    this.#startLingerTimer(); // For a peer that takes nothing.
  }

  /** {@linkcode Link.resume} */
  resume(): void {
    if (this.#isClosed) return;
    this.#handle();
    if (this.#isAtEnd) return this.#atEnd();
    if (this.#isReading) return void this.#mayHold(this.#buffer.length);
    if (this.#end === this.#buffer.length) this.#prepare(this.#buffer.length);
    this.#read();
  }

  /** {@linkcode Holder.evict} */
  evict(reason: string): void {
    const connection = this.#connection!;
    const { core } = this.#broker;
    core.nowMs = this.#turns.begin();
    core.metrics.slowClientsEvicted++;
    core.ports.log.warning("Client disconnected for its unfinished packet", {
      client: connection.name,
      address: this.remoteAddress,
      reason,
    });
    const { QuotaExceeded } = ReasonCode;
    core.disconnectLater(connection, { reasonCode: QuotaExceeded, message: reason });
  }

  /** Closes at once, whatever is under way. */
  abort(): void {
    this.#isClosing = true;
    this.#finish();
  }

  #read(): void {
    if (this.#isReading || this.#isAtEnd || this.#isClosed) return;
    if (!this.#isClosing && this.#connection!.isStopped && !this.#isWatched) return;
    // Its packet is larger, and there is no room for it yet.
    if (this.#end === this.#buffer.length) return;
    this.#isReading = true;
    // Most reads begin with an empty buffer: a view of it would be a hundred bytes more of each idle connection.
    const { readBytes } = this.#buffers;
    const room = this.#end === 0 && this.#buffer.length <= readBytes
      ? this.#buffer
      : this.#buffer.subarray(this.#end, this.#end + readBytes);
    this.#stream.read(room).then(this.#onRead, this.#onFailed);
  }

  readonly #onRead = (count: number | null): void => {
    this.#isReading = false;
    if (count === null) {
      this.#isAtEnd = true;
      return this.#atEnd();
    }
    if (this.#isClosing) {
      this.#end = 0; // Read only to let the peer finish.
    } else if (this.#connection!.isStopped) {
      this.#end += count; // It waits where it is.
    } else {
      this.#end += count;
      this.#handle();
      this.#prepare(this.#stream.takenBytes ?? count);
    }
    if (count < BUSY_BYTES || this.#turns.mayGoOn(this)) this.#read();
  };

  /**
   * Whether a stopped connection is read nevertheless, while there is room: who is being authenticated may hang up, and a password
   * that nobody waits for should not be checked. The system tells of an end only to those who read.
   */
  get #isWatched(): boolean {
    return this.#connection!.state === "authenticating" && this.#end < this.#buffer.length;
  }

  /** Nothing more comes. Who has sent packets ahead of the answer, and then ended, did not hang up: they are handled first. */
  #atEnd(): void {
    if (!this.#isClosing && this.#connection!.isStopped && this.#start < this.#end) return;
    this.#lost();
  }

  /** The stream failed: with a reset, a TLS end without its goodbye, or because we closed it. */
  readonly #onFailed = (): void => {
    this.#isReading = false;
    this.#break();
  };

  #handle(): void {
    if (this.#start === this.#end || this.#isClosing) return;
    const nowMs = this.#turns.begin();
    this.#start = this.#broker.receive(
      this.#connection!,
      this.#buffer,
      this.#start,
      this.#end,
      nowMs,
    );
  }

  /**
   * Makes the buffer ready for the next read: what is left goes to the front, the size follows the traffic. An unfinished packet
   * moves only to a larger buffer, and a packet larger than the buffer doubles it when it is full: as the bytes arrive, not because
   * a length is claimed, and however small the pieces are in which they do.
   */
  #prepare(readBytes: number): void {
    const buffer = this.#buffer;
    const leftBytes = this.#end - this.#start;
    let sizeBytes = this.#buffers.nextSize(buffer.length, readBytes);
    if (sizeBytes >= buffer.length) this.#smallReads = 0;
    else if (leftBytes > 0 || this.#isSmallRead()) sizeBytes = buffer.length;
    if (leftBytes === sizeBytes) sizeBytes *= 2;
    // Its CONNECT was all that it has sent, and may have been long.
    if (leftBytes === 0 && this.#connection!.state !== "connected") {
      sizeBytes = this.#buffers.smallest;
    }
    if (!this.#mayHold(sizeBytes)) sizeBytes = buffer.length;
    if (sizeBytes !== buffer.length) {
      this.#buffer = this.#buffers.take(sizeBytes);
      this.#buffer.set(buffer.subarray(this.#start, this.#end));
      this.#buffers.give(buffer);
    } else if (leftBytes > 0 && this.#start > 0) buffer.copyWithin(0, this.#start, this.#end);
    this.#start = 0;
    this.#end = leftBytes;
  }

  /** Whether the read buffer is kept although little was read. One for a large packet is not: its client may say nothing more. */
  #isSmallRead(): boolean {
    return this.#buffer.length <= this.#buffers.readBytes && ++this.#smallReads < SMALL_READS;
  }

  /** Accounts for what is unfinished; whether there is room for a buffer of this size. Most connections have nothing to account. */
  #mayHold(sizeBytes: number): boolean {
    const { state } = this.#connection!;
    const { smallest, unfinished } = this.#buffers;
    if (state === "authenticating" && this.#connectBytes === 0) this.#connectBytes = this.#start;
    const waitingBytes = state === "authenticating" ? this.#connectBytes : 0;
    const isUnfinished = this.#start < this.#end && sizeBytes > smallest;
    if (this.#isClosing || state === "closed" || !isUnfinished && waitingBytes <= smallest) {
      if (this.account !== undefined) release(this);
      return true;
    }
    const account = state === "connected" ? unfinished.connected : unfinished.connecting;
    const leastBytes = this.#buffer.length + waitingBytes;
    return account.hold(this, sizeBytes + waitingBytes, leastBytes, this.#start > 0);
  }

  #write(): void {
    const connection = this.#connection!;
    const end = Math.min(
      this.#written + connection.outbox.writingBytes,
      this.#written + WRITE_BYTES,
    );
    this.#stream.write(this.#writing!.subarray(this.#written, end)).then(
      this.#onWritten,
      this.#break,
    );
  }

  readonly #onWritten = (count: number): void => {
    if (this.#isClosed) return;
    const connection = this.#connection!;
    const nowMs = this.#turns.begin();
    connection.outbox.wrote(count, nowMs);
    this.#written += count;
    if (connection.outbox.writingBytes > 0) return this.#write();
    this.#broker.pool.give(this.#writing!);
    this.#writing = undefined;
    this.#broker.drained(connection, nowMs);
    if (connection.outbox.ready.length > 0) this.flush();
    else if (this.#isClosing) this.#linger();
  };

  /** Nothing gets through any more. */
  readonly #break = (): void => {
    this.#isAtEnd = this.#isBroken = true;
    this.#connection!.outbox.discard();
    this.#lost();
  };

  /** The peer is gone: the broker hears of it, and closes the link when the turn ends. */
  #lost(): void {
    if (this.#isClosing) return this.#finish();
    this.#broker.lost(this.#connection!, this.#turns.begin());
  }

  /** All is written: says so to the peer, and reads on for a moment. */
  #linger(): void {
    if (this.#isAtEnd) return this.#finish();
    this.#startLingerTimer();
    this.#stream.closeWrite().catch(() => this.#finish());
    this.#start = this.#end = 0;
    if (!this.#isReading && this.#buffer.length > this.#buffers.smallest) {
      this.#buffers.give(this.#buffer);
      this.#buffer = this.#buffers.take(this.#buffers.smallest);
    }
    this.#read();
  }

  #startLingerTimer(): void {
    this.#lingerTimer ??= setTimeout(() => this.#finish(), LINGER_MS);
  }

  #finish(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    release(this);
    clearTimeout(this.#lingerTimer);
    try {
      this.#stream.close();
    } catch {
      // It was closed from the other side.
    }
    this.#onEnd(this);
    // A read that is still pending owns its buffer; then it is the garbage collector's.
    if (!this.#isReading) this.#buffers.give(this.#buffer);
  }
}
