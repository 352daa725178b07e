import type { ClientPorts, ClientStream } from "../../lib/client/mod.ts";
import { encodePacket, type Packet, type ProtocolVersion } from "../../lib/codec/mod.ts";
import { wholePackets } from "./whole_packets.ts";

/** A stream whose other end is the test. */
export class WorldStream implements ClientStream {
  isClosed = false;
  #incoming: Uint8Array[] = [];
  #written = new Uint8Array();
  #hasEnded = false;
  #wake = () => {};
  readonly #version: ProtocolVersion;

  constructor(version: ProtocolVersion) {
    this.#version = version;
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    for (;;) {
      if (this.isClosed) throw new Error("Closed");
      const next = this.#incoming.shift();
      if (next !== undefined) {
        buffer.set(next);
        return next.length;
      }
      if (this.#hasEnded) return null;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  write(bytes: Uint8Array): Promise<number> {
    if (this.isClosed || this.#hasEnded) return Promise.reject(new Error("Broken pipe"));
    this.#written = Uint8Array.from([...this.#written, ...bytes]);
    return Promise.resolve(bytes.length);
  }

  close(): void {
    this.isClosed = true;
    this.#wake();
  }

  /** The broker sends. */
  give(...packets: readonly Packet[]): void {
    this.#incoming.push(...packets.map((packet) => encodePacket(packet, this.#version)));
    this.#wake();
  }

  /** The broker closes. */
  end(): void {
    this.#hasEnded = true;
    this.#wake();
  }

  /** What the client has written since the last call. */
  takePackets(): Packet[] {
    const bytes = this.#written;
    this.#written = new Uint8Array();
    return wholePackets(bytes, this.#version);
  }
}

/** A clock, a network and random numbers that a test controls. */
export class ClientWorld implements ClientPorts {
  /** The result of `random`. */
  luck = 0;
  readonly streams: WorldStream[] = [];
  /** Errors of the next attempts to open a stream. */
  readonly failures: Error[] = [];
  readonly #version: ProtocolVersion;
  readonly #timers = new Map<number, { readonly atMs: number; readonly run: () => void }>();
  #nowMs = 0;
  #lastTimer = 0;

  constructor(version: ProtocolVersion = 5) {
    this.#version = version;
  }

  /** The stream that was opened last. */
  get stream(): WorldStream {
    return this.streams.at(-1)!;
  }

  get timerCount(): number {
    return this.#timers.size;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  random(): number {
    return this.luck;
  }

  setTimer(delayMs: number, run: () => void): () => void {
    const id = ++this.#lastTimer;
    this.#timers.set(id, { atMs: this.#nowMs + delayMs, run });
    return () => void this.#timers.delete(id);
  }

  open(): Promise<ClientStream> {
    const failure = this.failures.shift();
    if (failure !== undefined) return Promise.reject(failure);
    const stream = new WorldStream(this.#version);
    this.streams.push(stream);
    return Promise.resolve(stream);
  }

  /** Lets time pass, and does what is due. */
  async pass(ms: number): Promise<void> {
    await settle();
    const endMs = this.#nowMs + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, { atMs }]) => atMs <= endMs)
        .sort(([, a], [, b]) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.#timers.delete(due[0]);
      this.#nowMs = Math.max(this.#nowMs, due[1].atMs);
      due[1].run();
      await settle();
    }
    this.#nowMs = endMs;
    await settle();
  }

  /** Answers the last CONNECT as a broker; returns it with the packets that came with it. */
  async welcome(sessionPresent = false): Promise<Packet[]> {
    await settle();
    const packets = this.stream.takePackets();
    this.stream.give({ type: "connack", sessionPresent, reasonCode: 0 });
    await settle();
    return packets;
  }
}

/** Runs all pending promises, which wait for nothing else here. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await undefined;
}
