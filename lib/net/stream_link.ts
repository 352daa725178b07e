import type { Broker, Connection } from "../broker/mod.ts";
import { AccountedLink } from "./accounted_link.ts";
import type { ByteStream, Peer } from "./byte_stream.ts";
import { MOVED_BYTES, moveInParts } from "./move_in_parts.ts";
import type { ReadBuffers } from "./read_buffers.ts";
import type { Turns } from "./turns.ts";
import { release } from "./unfinished.ts";

/** The most bytes of one write, so that the progress of a long output can be seen. */
const WRITE_BYTES = 256 * 1024;
/** After a read of this size, or one that filled its buffer, other connections come first, because this one has more. */
const BUSY_BYTES = 16 * 1024;
/** Small reads in a row before the read buffer shrinks, so that alternating small and large packets do not change it each time. */
const SMALL_READS = 8;

/** Carries one connection's bytes between its stream and the broker. At most one read and one write are pending. */
export class StreamLink extends AccountedLink {
  readonly #stream: ByteStream;
  readonly #onEnd: (link: StreamLink) => void;

  /** Bytes read and not yet handled are in [start, end). */
  #buffer: Uint8Array<ArrayBuffer>;
  #start = 0;
  #end = 0;
  #smallReads = 0;
  #isReading = false;
  /** The unfinished packet is being moved to a larger buffer. */
  #isMoving = false;
  /** The bytes being written, and how many of them have been. */
  #writing: Uint8Array<ArrayBuffer> | undefined;
  #written = 0;
  /** Nothing was ever written to it. */
  #isSilent = true;
  #isClosed = false;
  /** The peer has ended its direction. */
  #isAtEnd = false;
  /** Neither direction works. */
  #isBroken = false;

  /** `onEnd` is called once, when the stream is closed. */
  constructor(
    stream: ByteStream,
    peer: Peer,
    broker: Broker,
    turns: Turns,
    buffers: ReadBuffers,
    onEnd: (link: StreamLink) => void,
  ) {
    super(peer, { broker, turns, buffers });
    this.#stream = stream;
    this.#onEnd = onEnd;
    this.#buffer = buffers.take(buffers.smallest);
  }

  /** Begins to read for this connection. */
  start(connection: Connection): void {
    this.connection = connection;
    this.#read();
  }

  /** {@linkcode Link.flush} */
  flush(): void {
    if (this.#writing !== undefined || this.#isBroken || this.#isClosed) return;
    const connection = this.connection!;
    if (connection.outbox.ready.length === 0) return;
    this.#isSilent = false;
    this.#writing = connection.outbox.beginWrite();
    this.#written = 0;
    this.#write();
  }

  /** {@linkcode Link.close} */
  close(): void {
    if (this.isClosing) return;
    this.isClosing = true;
    release(this);
    const connection = this.connection!;
    if (this.#isBroken) return this.finish();
    if (this.#writing === undefined && connection.outbox.ready.length === 0) return this.#linger();
    this.startLingerTimer(); // The peer may not read at all.
  }

  /** {@linkcode Link.resume} */
  resume(): void {
    if (this.#isClosed) return;
    this.#handle();
    if (this.#isAtEnd) return this.#atEnd();
    if (this.#isReading) return void this.#mayHold(this.#buffer.length);
    // A packet that was handled now is out of the account, or others would wait for the room of a client that sends nothing more.
    const isFull = this.#end === this.#buffer.length;
    if (isFull || this.#start > 0) this.#prepare(isFull ? this.#buffer.length : 0);
    this.#read();
  }

  #read(): void {
    if (this.#isReading || this.#isAtEnd || this.#isClosed) return;
    if (!this.isClosing && this.connection!.isStopped && !this.#isReadStopped) return;
    // The packet is larger than the buffer, and there is no room for a larger one yet.
    if (this.#end === this.#buffer.length) return;
    this.#isReading = true;
    // Most reads begin with an empty buffer. It is passed itself, because a view would take a hundred bytes of each idle connection.
    const { readBytes } = this.buffers;
    const room = this.#end === 0 && this.#buffer.length <= readBytes
      ? this.#buffer
      : this.#buffer.subarray(this.#end, this.#end + readBytes);
    this.#stream.read(room).then(this.#onRead, this.#onFailed);
  }

  readonly #onRead = (count: number | null): void => {
    this.#isReading = false;
    if (this.#isClosed) return this.#giveBuffer();
    if (count === null) {
      this.#isAtEnd = true;
      return this.#atEnd();
    }
    const hasMore = count >= BUSY_BYTES || this.#end + count === this.#buffer.length;
    if (this.isClosing) {
      this.#end = 0; // Discarded: read only to let the peer finish.
    } else if (this.connection!.isStopped) {
      this.#end += count; // The bytes wait in the buffer.
    } else {
      this.#end += count;
      this.#handle();
      this.#prepare(this.#stream.takenBytes ?? count);
    }
    if (!hasMore || this.turns.mayGoOn(this)) this.#read();
  };

  /** Whether a stopped connection is read nevertheless while there is room: the end of a stream is only seen by reading. */
  get #isReadStopped(): boolean {
    return this.isWatched && this.#end < this.#buffer.length;
  }

  /** The peer has ended its direction. If it sent packets before its answer, it has not hung up, and they are handled first. */
  #atEnd(): void {
    if (!this.isClosing && this.connection!.isStopped && this.#start < this.#end) return;
    this.#lost();
  }

  /** The stream failed: by a reset, a TLS stream that ended without its final message, or because we closed it. */
  readonly #onFailed = (): void => {
    this.#isReading = false;
    if (this.#isClosed) this.#giveBuffer();
    this.#break();
  };

  #handle(): void {
    if (this.#start === this.#end || this.isClosing) return;
    const nowMs = this.turns.begin();
    this.#start = this.broker.receive(
      this.connection!,
      this.#buffer,
      this.#start,
      this.#end,
      nowMs,
    );
  }

  /**
   * Prepares the buffer for the next read: unhandled bytes move to the front, and the size follows the traffic. An unfinished packet only
   * moves to a larger buffer. A packet larger than the buffer doubles it when it is full, at most to the packet's length: as bytes arrive,
   * not because a length is claimed, however small the pieces are.
   */
  #prepare(readBytes: number): void {
    if (this.#isMoving) return;
    const buffer = this.#buffer;
    const leftBytes = this.#end - this.#start;
    // Behind the beginning of a packet a read fills its buffer with fewer bytes than the buffer has.
    const isFull = this.#end === buffer.length;
    let sizeBytes = this.buffers.nextSize(buffer.length, isFull ? buffer.length : readBytes);
    if (sizeBytes >= buffer.length) this.#smallReads = 0;
    else if (leftBytes > 0 || this.#isSmallRead()) sizeBytes = buffer.length;
    if (leftBytes === sizeBytes) sizeBytes = this.buffers.grownSize(buffer);
    // The client has sent only its CONNECT, which may have been long.
    if (leftBytes === 0 && this.connection!.state !== "connected") {
      sizeBytes = this.buffers.smallest;
    }
    if (!this.#mayHold(sizeBytes)) sizeBytes = buffer.length;
    if (sizeBytes !== buffer.length) {
      if (leftBytes > MOVED_BYTES) return this.#move(sizeBytes);
      this.#buffer = this.buffers.take(sizeBytes);
      this.#buffer.set(buffer.subarray(this.#start, this.#end));
      this.buffers.give(buffer);
    } else if (leftBytes > 0 && this.#start > 0) buffer.copyWithin(0, this.#start, this.#end);
    this.#start = 0;
    this.#end = leftBytes;
  }

  /**
   * Moves a large unfinished packet in parts to a buffer of this size. The old buffer is full, so nothing is read meanwhile; until the end it is
   * the one that counts.
   */
  #move(sizeBytes: number): void {
    this.#isMoving = true;
    const from = this.#buffer;
    const bytes = from.subarray(this.#start, this.#end);
    const to = this.buffers.take(sizeBytes);
    const isWanted = () => !this.isClosing && !this.#isClosed && this.#buffer === from;
    moveInParts(bytes, to, isWanted, () => {
      this.#isMoving = false;
      this.#buffer = to;
      this.#start = 0;
      this.#end = bytes.length;
      this.buffers.give(from);
      this.#read();
    }, () => {
      this.#isMoving = false;
      this.buffers.give(to);
    });
  }

  /**
   * Whether to keep the read buffer although little was read. The buffer of a large packet is not kept, since its client may send nothing
   * more.
   */
  #isSmallRead(): boolean {
    return this.#buffer.length <= this.buffers.readBytes && ++this.#smallReads < SMALL_READS;
  }

  #mayHold(sizeBytes: number): boolean {
    return this.mayHold({
      bufferBytes: this.#buffer.length,
      wantedBytes: sizeBytes,
      handledBytes: this.#start,
      isUnfinished: this.#start < this.#end,
    });
  }

  #write(): void {
    const connection = this.connection!;
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
    const connection = this.connection!;
    const nowMs = this.turns.begin();
    connection.outbox.wrote(count, nowMs);
    this.#written += count;
    if (connection.outbox.writingBytes > 0) return this.#write();
    this.broker.pool.give(this.#writing!);
    this.#writing = undefined;
    this.broker.drained(connection, nowMs);
    if (connection.outbox.ready.length > 0) this.flush();
    else if (this.isClosing) this.#linger();
  };

  /** The stream is broken in both directions. */
  readonly #break = (): void => {
    this.#isAtEnd = this.#isBroken = true;
    this.connection!.outbox.discard();
    this.#lost();
  };

  /** The peer is gone. The broker is told, and closes the link when the turn ends. */
  #lost(): void {
    if (this.isClosing) return this.finish();
    this.broker.lost(this.connection!, this.turns.begin());
  }

  /** Everything is written: ends our direction, and reads on for a moment. */
  #linger(): void {
    if (this.#isAtEnd) return this.finish();
    // A stranger with a long CONNECT has nothing to lose, and would keep its buffer for as long as it is read.
    if (this.#isSilent && this.#buffer.length > this.buffers.smallest) return this.finish();
    this.startLingerTimer();
    this.#stream.closeWrite().catch(() => this.finish());
    this.#start = this.#end = 0;
    if (!this.#isReading && this.#buffer.length > this.buffers.smallest) {
      this.buffers.give(this.#buffer);
      this.#buffer = this.buffers.take(this.buffers.smallest);
    }
    this.#read();
  }

  /** Closes the stream. */
  protected override finish(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.letGo();
    try {
      this.#stream.close();
    } catch {
      // The peer has closed it.
    }
    this.#onEnd(this);
    // A pending read still uses its buffer until it fails.
    if (!this.#isReading) this.#giveBuffer();
  }

  /** The link has ended: other connections may use its buffer. Otherwise a thousand strangers that come and go make a thousand buffers. */
  #giveBuffer(): void {
    this.buffers.give(this.#buffer);
  }
}
