import type { MessageHub } from "../broker/mod.ts";
import type { BusOptions } from "./bus.ts";
import { Channel, newPeerId } from "./channel.ts";
import { encodeFrame, type Frame, type FrameKind } from "./frame.ts";
import { DEFAULT_STREAM_OPTIONS, type StreamOptions } from "./options.ts";
import { Peer, type PeerPorts } from "./peer.ts";
import { type BusLoss, type BusStats, newCounters } from "./stats.ts";

/** How a bridge is set up; what is not given has its default. */
export interface BusBridgeOptions extends Pick<BusOptions, "onError">, Partial<StreamOptions> {
  /** The channel's name, the same for the Workers; one bridge for a name: a later one takes over. */
  readonly name: string;
  /** The most Workers at the same time; a further one is refused. */
  readonly maxPeers?: number;
  /** Called for every loss that could not be repaired. It runs within the turn, so it must be quick. */
  readonly onLoss?: (loss: BusLoss) => void;
}

const DEFAULT_MAX_PEERS = 64;

/**
 * The broker's end of the bus between threads: Workers with a {@link WorkerBus} of the same name publish and subscribe
 * through it. Without a Worker's interest nothing is encoded or posted.
 */
export class BusBridge {
  readonly #id = newPeerId();
  readonly #maxPeers: number;
  readonly #streamOptions: StreamOptions;
  readonly #ports: Omit<PeerPorts, "flushSoon">;
  readonly #counters = newCounters();
  readonly #peers = new Map<number, Peer>();
  /** The Workers for which records wait for the end of this turn. */
  readonly #waiting = new Set<Peer>();
  readonly #channel: Channel;

  /** Opens the channel, which keeps the process alive until {@link close}; `hub` is the broker. */
  constructor(hub: MessageHub, options: BusBridgeOptions) {
    const { name, maxPeers = DEFAULT_MAX_PEERS, onLoss, onError, ...streamOptions } = options;
    this.#maxPeers = maxPeers;
    this.#streamOptions = { ...DEFAULT_STREAM_OPTIONS, ...streamOptions };
    this.#ports = {
      hub,
      counters: this.#counters,
      post: (frame) => this.#channel.post(frame),
      onLoss: (loss) => onLoss?.(loss),
      onError: onError ?? ((error) => hub.failed?.(`The bridge ${name} of the bus`, error)),
    };
    this.#channel = new Channel(name, {
      receive: (frame, nowMs) => this.#receive(frame, nowMs),
      flush: (nowMs) => this.#flush(nowMs),
      tick: (nowMs) => this.#tick(nowMs),
      deadlineMs: () => this.#deadlineMs(),
    });
    this.#post("welcome", 0); // Workers that are running already need not wait for their next call.
  }

  /** The counters of this bridge. */
  get stats(): BusStats {
    let pendingBytes = 0;
    for (const { stream } of this.#peers.values()) pendingBytes += stream.pendingBytes;
    return { ...this.#counters, pendingBytes, peers: this.#peers.size };
  }

  /** Ends the bridge. Workers keep what they publish until another bridge is there, up to the size of their buffer. */
  close(): void {
    if (this.#channel.isClosed) return;
    this.#post("bye", 0);
    this.#channel.close();
    for (const peer of this.#peers.values()) peer.end();
    this.#peers.clear();
  }

  #receive(frame: Frame, nowMs: number): void {
    if (frame.kind === "hello") return this.#welcome(frame.from, nowMs);
    if (frame.kind === "welcome" && frame.to === 0) return this.#stepAside();
    if (frame.to !== this.#id) return;
    const peer = this.#peers.get(frame.from);
    if (frame.kind === "bye") {
      // Whoever calls close has no more interest in messages that are still on their way.
      if (peer) this.#remove(peer);
    } else if (peer) {
      peer.receive(frame, nowMs);
    } else {
      this.#post("bye", frame.from); // The bridge gave this Worker up while it was silent: it must begin anew.
    }
  }

  #welcome(peerId: number, nowMs: number): void {
    if (!this.#peers.has(peerId)) {
      if (this.#peers.size >= this.#maxPeers) {
        this.#counters.peersRefused++;
        return;
      }
      const peer: Peer = new Peer(this.#id, peerId, this.#streamOptions, {
        ...this.#ports,
        flushSoon: () => {
          this.#waiting.add(peer);
          this.#channel.flushSoon();
        },
      });
      this.#peers.set(peerId, peer);
      peer.stream.open(peerId, nowMs);
    }
    this.#post("welcome", peerId);
  }

  /** Two bridges would each serve some of the Workers, so the later bridge takes over all of them. */
  #stepAside(): void {
    this.close();
    this.#ports.onError(new Error("Closed the bridge: another one has begun under its name"));
  }

  #flush(nowMs: number): void {
    for (const peer of this.#waiting) peer.flush(nowMs);
    this.#waiting.clear();
  }

  #tick(nowMs: number): void {
    for (const peer of this.#peers.values()) {
      if (peer.stream.tick(nowMs)) continue;
      const messages = peer.stream.pendingMessages;
      this.#remove(peer);
      this.#post("bye", peer.id);
      this.#counters.messagesLost += messages;
      const loss = {
        reason: "peer_gone",
        direction: "outgoing",
        messages,
        peerId: peer.id,
      } as const;
      this.#ports.onLoss(loss);
    }
  }

  #remove(peer: Peer): void {
    peer.end();
    this.#peers.delete(peer.id);
    this.#waiting.delete(peer);
  }

  #deadlineMs(): number {
    let deadlineMs = Infinity;
    for (const { stream } of this.#peers.values()) {
      deadlineMs = Math.min(deadlineMs, stream.deadlineMs);
    }
    return deadlineMs;
  }

  #post(kind: FrameKind, to: number): void {
    this.#channel.post(encodeFrame({ kind, from: this.#id, to, number: 0, confirmed: 0 }));
  }
}
