import type { Connection, Link } from "../../lib/broker/mod.ts";
import { decodePacket, frameLength, type Packet } from "../../lib/codec/mod.ts";
import type { TestBroker } from "./test_broker.ts";

/** The client's end of a simulated stream. */
export class TestLink implements Link {
  connection: Connection | undefined;
  /** Whether the broker has closed or refused it. */
  isClosed = false;
  /** Whether the client is gone. */
  isLost = false;
  /** Whether the client reads. */
  isReading = true;
  readonly #test: TestBroker;
  /** Bytes sent by the client and not yet read by the broker. */
  #sent = new Uint8Array();
  #writing: Uint8Array<ArrayBuffer> | undefined;
  #received = new Uint8Array();
  #hasWritten = false;
  #hasResumed = false;

  constructor(test: TestBroker, readonly remoteAddress: string) {
    this.#test = test;
  }

  /** Sends bytes from the client. */
  send(bytes: Uint8Array): void {
    this.arrive(bytes);
    this.#test.settle();
  }

  /** Sends bytes from the client; the caller ends the turn. */
  arrive(bytes: Uint8Array): void {
    this.#sent = concat(this.#sent, bytes);
    this.#handle();
  }

  /** Ends the client's stream without DISCONNECT. */
  lose(): void {
    this.vanish();
    this.#test.settle();
  }

  /** Ends the client's stream; the caller ends the turn. */
  vanish(): void {
    this.isLost = true;
    this.connection?.outbox.discard();
    if (this.connection !== undefined) this.#test.broker.lost(this.connection, this.#test.nowMs);
  }

  /** Lets a client that has stopped reading read `count` more bytes, or read again without limit. */
  read(count?: number): void {
    this.isReading = count === undefined;
    if (this.#writing !== undefined) this.#write(count);
    this.#test.settle();
  }

  /** Takes the packets that have arrived. */
  take(): Packet[] {
    const packets: Packet[] = [];
    const bytes = this.#received;
    let at = 0;
    for (;;) {
      const length = frameLength(bytes, at, bytes.length, Infinity);
      if (length === 0 || at + length > bytes.length) break;
      packets.push(decodePacket(bytes, at, at + length, this.connection!.protocolVersion));
      at += length;
    }
    this.#received = bytes.slice(at);
    return packets;
  }

  /** Takes the bytes that have arrived, packets or not. */
  takeBytes(): Uint8Array {
    const bytes = this.#received;
    this.#received = new Uint8Array();
    return bytes;
  }

  flush(): void {
    if (this.#writing !== undefined || this.isLost) return;
    if (this.connection!.outbox.ready.length === 0) return;
    this.#writing = this.connection!.outbox.beginWrite();
    if (this.isReading) this.#write();
  }

  close(): void {
    this.isClosed = true;
  }

  resume(): void {
    this.#hasResumed = true;
    this.#handle();
  }

  /** Whether a write has completed since the last call. */
  takeWritten(): boolean {
    const hasWritten = this.#hasWritten;
    this.#hasWritten = false;
    return hasWritten;
  }

  /** Whether the broker has resumed reading by itself since the last call. */
  takeResumed(): boolean {
    const hasResumed = this.#hasResumed;
    this.#hasResumed = false;
    return hasResumed;
  }

  #handle(): void {
    const { connection } = this;
    if (connection === undefined || connection.isStopped || this.isClosed || this.isLost) return;
    const bytes = this.#sent;
    const { broker, nowMs } = this.#test;
    const at = broker.receive(connection, bytes, 0, bytes.length, nowMs);
    this.#sent = bytes.slice(at);
    this.#test.lend(bytes);
  }

  #write(count?: number): void {
    const connection = this.connection!;
    const bytes = this.#writing!;
    const length = Math.min(count ?? Infinity, connection.outbox.writingBytes);
    this.#received = concat(this.#received, bytes.subarray(0, length));
    connection.outbox.wrote(length, this.#test.nowMs);
    if (connection.outbox.writingBytes > 0) {
      bytes.copyWithin(0, length);
      return;
    }
    this.#writing = undefined;
    this.#test.broker.pool.give(bytes);
    this.#hasWritten = true;
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
