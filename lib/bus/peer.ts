import type { Message, MessageHub } from "../broker/mod.ts";
import { ByteReader } from "./bytes.ts";
import { type Frame, HEADER_SIZE } from "./frame.ts";
import { type BusRecord, decodeRecord, encodeDeliver, encodeLost } from "./record.ts";
import type { StreamOptions } from "./options.ts";
import type { BusCounters, BusLoss } from "./stats.ts";
import { Stream } from "./stream.ts";

/** What a peer needs of its bridge. */
export interface PeerPorts {
  readonly hub: MessageHub;
  readonly counters: BusCounters;
  post(frame: Uint8Array): void;
  /** Records wait for the end of the turn. */
  flushSoon(): void;
  onLoss(loss: BusLoss): void;
  onError(error: unknown): void;
}

/** The bridge's side of one Worker: a stream, and the Worker's subscriptions in the broker. */
export class Peer {
  readonly id: number;
  readonly stream: Stream;
  readonly #ports: PeerPorts;
  readonly #subscriptions = new Map<number, () => void>();
  /** Messages dropped of which the Worker has not been told yet. */
  #lost = 0;
  /** Messages dropped in this turn. */
  #untold = 0;

  constructor(bridgeId: number, id: number, options: StreamOptions, ports: PeerPorts) {
    this.id = id;
    this.#ports = ports;
    this.stream = new Stream(bridgeId, options, {
      post: ports.post,
      deliver: (frame) => this.#handleFrame(frame),
      counters: ports.counters,
    });
  }

  /** Handles a frame of the Worker, and uses the room that its confirmation makes. */
  receive(frame: Frame, nowMs: number): void {
    this.stream.receive(frame, nowMs);
    if (this.#lost > 0 && this.#tellWorker()) this.stream.flush(nowMs);
  }

  /** At the end of a turn. */
  flush(nowMs: number): void {
    this.stream.flush(nowMs);
    if (this.#untold === 0) return;
    const messages = this.#untold;
    this.#untold = 0;
    this.#ports.onLoss({ reason: "buffer_full", direction: "outgoing", messages, peerId: this.id });
  }

  /** Ends the subscriptions. */
  end(): void {
    for (const unsubscribe of this.#subscriptions.values()) unsubscribe();
    this.#subscriptions.clear();
  }

  #handleFrame(frame: Uint8Array): void {
    try {
      const reader = new ByteReader(frame, HEADER_SIZE);
      while (!reader.isAtEnd) this.#handle(decodeRecord(reader));
    } catch (error) {
      this.#ports.onError(error);
    }
  }

  #handle(record: BusRecord): void {
    try {
      switch (record.type) {
        case "publish":
          this.#ports.counters.messagesReceived++;
          return this.#ports.hub.publish(record.message);
        case "subscribe":
          return this.#subscribe(record.filterId, record.topicFilter);
        case "unsubscribe":
          this.#subscriptions.get(record.filterId)?.();
          this.#subscriptions.delete(record.filterId);
          return;
        case "deliver":
        case "lost": // only ever sent by a bridge
          return;
      }
    } catch (error) {
      // The broker refuses this one record, for example for a Topic Name with too many levels; the next may be valid.
      this.#ports.onError(error);
    }
  }

  #subscribe(filterId: number, topicFilter: string): void {
    const unsubscribe = this.#ports.hub.subscribe(topicFilter, (message) => {
      this.#deliver(filterId, message);
    });
    this.#subscriptions.set(filterId, unsubscribe);
  }

  /** A Worker that is too slow loses messages; it never slows the broker. */
  #deliver(filterId: number, message: Message): void {
    this.#ports.flushSoon();
    const hasRoom = this.stream.hasRoom(message.payload.length) &&
      (this.#lost === 0 || this.#tellWorker());
    if (!hasRoom) return this.#drop("buffer_full");
    encodeDeliver(this.stream.begin(), filterId, message);
    const result = this.stream.commit(1);
    if (result !== "accepted") this.#drop(result === "full" ? "buffer_full" : "too_large");
  }

  /** Writes, as soon as there is room, how many messages were dropped at this place in the order; returns whether there was room. */
  #tellWorker(): boolean {
    encodeLost(this.stream.begin(), this.#lost);
    if (this.stream.commit(0) !== "accepted") return false;
    this.#lost = 0;
    return true;
  }

  #drop(reason: "buffer_full" | "too_large"): void {
    this.#lost++;
    this.#ports.counters.messagesLost++;
    if (reason === "buffer_full") this.#untold++; // There are often many at a time: they are told as one, at the end of the turn.
    else this.#ports.onLoss({ reason, direction: "outgoing", messages: 1, peerId: this.id });
  }
}
