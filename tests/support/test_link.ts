import type { Connection, Link } from "../../lib/broker/mod.ts";
import { decodePacket, frameLength, type Packet } from "../../lib/codec/mod.ts";
import type { TestBroker } from "./test_broker.ts";

/** The client's end of a simulated stream. */
export class TestLink implements Link {
  connection: Connection | undefined;
  /** The broker has closed it, or would not have it. */
  isClosed = false;
  /** The client has gone. */
  isLost = false;
  /** Whether the client takes what is written to it. */
  isReading = true;
  readonly #test: TestBroker;
  /** Sent by the client, not yet taken by the broker. */
  #sent = new Uint8Array();
  #writing: Uint8Array<ArrayBuffer> | undefined;
  #received = new Uint8Array();
  #hasWritten = false;
  #hasResumed = false;

  constructor(test: TestBroker, readonly remoteAddress: string) {
    this.#test = test;
  }

  /** The client sends bytes. */
  send(bytes: Uint8Array): void {
    this.arrive(bytes);
    this.#test.settle();
  }

  /** The client's bytes come in a turn that somebody else ends. */
  arrive(bytes: Uint8Array): void {
    this.#sent = concat(this.#sent, bytes);
    this.#handle();
  }

  /** The client's stream ends without a word. */
  lose(): void {
    this.vanish();
    this.#test.settle();
  }

  /** The same in a turn that somebody else ends. */
  vanish(): void {
    this.isLost = true;
    this.connection?.outbox.discard();
    if (this.connection !== undefined) this.#test.broker.lost(this.connection, this.#test.nowMs);
  }

  /** A client that has stopped reading takes so many bytes more, or all from now on. */
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

  /** Whether a write came to its end since the last call. */
  takeWritten(): boolean {
    const hasWritten = this.#hasWritten;
    this.#hasWritten = false;
    return hasWritten;
  }

  /** Whether the broker took bytes of its own accord since the last call. */
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
