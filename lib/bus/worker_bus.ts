import type { MessageInit } from "../broker/mod.ts";
import { isTopicName, parseTopicFilter } from "../topic/mod.ts";
import type { Bus, BusHandler, BusMessage, BusOptions, BusPublishOptions } from "./bus.ts";
import { ByteReader } from "./bytes.ts";
import { Channel, newPeerId } from "./channel.ts";
import { encodeFrame, type Frame, type FrameKind, HEADER_SIZE } from "./frame.ts";
import { callHandler, toMessageInit } from "./handler.ts";
import { Interests } from "./interests.ts";
import { DEFAULT_STREAM_OPTIONS, type StreamOptions } from "./options.ts";
import { decodeRecord, encodePublish } from "./record.ts";
import { type BusLoss, type BusLossReason, type BusStats, newCounters } from "./stats.ts";
import { Stream } from "./stream.ts";

/** How a Worker's bus is set up; what is not given has its default. */
export interface WorkerBusOptions extends BusOptions, Partial<StreamOptions> {
  /** The channel's name, the same as the bridge's. */
  readonly name: string;
  /** Different Topic Filters at the same time. */
  readonly maxSubscriptions?: number;
  /** Called for every loss that could not be repaired. */
  readonly onLoss?: (loss: BusLoss) => void;
}

const DEFAULT_MAX_SUBSCRIPTIONS = 10_000;
/** Milliseconds between calls for a bridge: the first, doubled up to the last. */
const HELLO_DELAY_MS = 50;
const MAX_HELLO_DELAY_MS = 1000;

/** The bus of a Worker beside the broker, through the {@link BusBridge} of the same name, which may start later. */
export class WorkerBus implements Bus {
  readonly #options: WorkerBusOptions;
  readonly #streamOptions: StreamOptions;
  readonly #counters = newCounters();
  readonly #interests: Interests;
  readonly #channel: Channel;
  #id = 0;
  #stream: Stream;
  #helloAtMs = 0;
  #helloDelayMs = HELLO_DELAY_MS;
  #waiters: { readonly isDue: () => boolean; readonly resolve: () => void }[] = [];

  /** Opens the channel, which keeps the Worker alive until {@link close}. */
  constructor(options: WorkerBusOptions) {
    const { name, log: _, onError: _1, onLoss: _2, maxSubscriptions, ...streamOptions } = options;
    this.#options = options;
    this.#streamOptions = { ...DEFAULT_STREAM_OPTIONS, ...streamOptions };
    this.#interests = new Interests(maxSubscriptions ?? DEFAULT_MAX_SUBSCRIPTIONS);
    this.#channel = new Channel(name, {
      receive: (frame, nowMs) => this.#receive(frame, nowMs),
      flush: (nowMs) => this.#flush(nowMs),
      tick: (nowMs) => this.#tick(nowMs),
      deadlineMs: () => Math.min(this.#helloAtMs, this.#stream.deadlineMs),
    });
    this.#stream = this.#begin(performance.now());
    this.#channel.wake();
  }

  /** The counters of this bus. */
  get stats(): BusStats {
    const { pendingBytes, peerId } = this.#stream;
    return { ...this.#counters, pendingBytes, peers: peerId === 0 ? 0 : 1 };
  }

  publish(topicName: string, payload: Uint8Array | string, options?: BusPublishOptions): boolean {
    this.#assertOpen("publish");
    if (!isTopicName(topicName)) {
      throw new TypeError(`Cannot publish: "${topicName}" is not a Topic Name`);
    }
    return this.#send(toMessageInit(topicName, payload, options));
  }

  subscribe(topicFilter: string, handler: BusHandler): () => void {
    this.#assertOpen("subscribe");
    const parsed = parseTopicFilter(topicFilter);
    if (parsed === undefined || parsed.shareName !== undefined) {
      throw new TypeError(`Cannot subscribe: "${topicFilter}" is not a Topic Filter`);
    }
    const remove = this.#interests.add(topicFilter, handler);
    this.#channel.flushSoon();
    return () => {
      remove();
      if (!this.#channel.isClosed) this.#channel.flushSoon();
    };
  }

  /** Waits until at least half of the buffer is free; at once where it is, or when the bus is closed. */
  ready(): Promise<void> {
    return this.#when(() => this.#stream.pendingBytes * 2 <= this.#streamOptions.maxPendingBytes);
  }

  /** Waits until the bridge has confirmed all that was published and subscribed so far, or the bus is closed. */
  flush(): Promise<void> {
    return this.#when(() => this.#stream.pendingBytes === 0 && !this.#interests.isChanged);
  }

  /** Ends the bus at once. Wait for {@link flush} before, so that what was published last arrives. */
  close(): void {
    if (this.#channel.isClosed) return;
    if (this.#stream.peerId !== 0) this.#post("bye", this.#stream.peerId);
    this.#channel.close();
    this.#wakeWaiters();
  }

  #send(message: MessageInit): boolean {
    // Subscriptions first, so that whoever subscribes and then publishes gets the answer.
    if (!this.#interests.announce(this.#stream)) return false;
    if (!this.#stream.hasRoom(message.payload.length)) {
      this.#assertCanFit(message.payload.length);
      return false;
    }
    encodePublish(this.#stream.begin(), message);
    const result = this.#stream.commit(1);
    if (result === "too_large") this.#assertCanFit(Infinity);
    this.#channel.flushSoon();
    return result === "accepted";
  }

  #assertCanFit(sizeBytes: number): void {
    const { maxUnconfirmedBytes, maxPendingBytes } = this.#streamOptions;
    const mostBytes = Math.min(maxUnconfirmedBytes, maxPendingBytes);
    if (sizeBytes < mostBytes) return;
    throw new RangeError(`Cannot publish: the message is larger than ${mostBytes} bytes`);
  }

  #receive(frame: Frame, nowMs: number): void {
    if (frame.to !== this.#id && frame.to !== 0) return;
    const bridgeId = this.#stream.peerId;
    switch (frame.kind) {
      case "hello":
        return; // It is for another Worker.
      case "welcome":
        if (bridgeId === 0) {
          return frame.to === 0 ? this.#hello(nowMs) : this.#open(frame.from, nowMs);
        }
        if (bridgeId !== frame.from && frame.to === 0) this.#restart("peer_restarted", nowMs);
        return;
      case "bye":
        if (bridgeId === frame.from) this.#restart("peer_restarted", nowMs);
        return;
      default:
        if (bridgeId === frame.from) this.#stream.receive(frame, nowMs);
        return this.#afterProgress(nowMs);
    }
  }

  #open(bridgeId: number, nowMs: number): void {
    this.#helloAtMs = Infinity;
    this.#stream.open(bridgeId, nowMs);
    this.#afterProgress(nowMs);
  }

  #flush(nowMs: number): void {
    this.#interests.announce(this.#stream);
    this.#stream.flush(nowMs);
  }

  #afterProgress(nowMs: number): void {
    if (this.#interests.isChanged) this.#flush(nowMs);
    this.#wakeWaiters();
  }

  #tick(nowMs: number): void {
    if (nowMs >= this.#helloAtMs) this.#hello(nowMs);
    if (!this.#stream.tick(nowMs)) this.#restart("peer_gone", nowMs);
  }

  /** Begins a new stream under a new id, so that frames of the old one that still arrive are ignored. */
  #begin(nowMs: number): Stream {
    this.#id = newPeerId();
    this.#interests.announceAllAgain();
    this.#helloDelayMs = HELLO_DELAY_MS;
    this.#hello(nowMs);
    return new Stream(this.#id, this.#streamOptions, {
      post: (frame) => this.#channel.post(frame),
      deliver: (frame) => this.#handleFrame(frame),
      counters: this.#counters,
    });
  }

  #restart(reason: BusLossReason, nowMs: number): void {
    const { pendingMessages: messages, peerId } = this.#stream;
    this.#stream = this.#begin(nowMs);
    this.#interests.announce(this.#stream);
    this.#tellLoss({ reason, direction: "outgoing", messages, peerId });
    this.#wakeWaiters();
  }

  #hello(nowMs: number): void {
    this.#post("hello", 0);
    this.#helloAtMs = nowMs + this.#helloDelayMs;
    this.#helloDelayMs = Math.min(this.#helloDelayMs * 2, MAX_HELLO_DELAY_MS);
  }

  #handleFrame(frame: Uint8Array): void {
    try {
      const reader = new ByteReader(frame, HEADER_SIZE);
      while (!reader.isAtEnd && !this.#channel.isClosed) {
        const record = decodeRecord(reader);
        if (record.type === "deliver") this.#deliver(record.filterId, record.message);
        if (record.type === "lost") this.#tellIncomingLoss(record.messages);
      }
    } catch (error) {
      (this.#options.onError ?? sayFailed)(error);
    }
  }

  #deliver(filterId: number, message: BusMessage): void {
    this.#counters.messagesReceived++;
    const handlers = this.#interests.handlers(filterId);
    if (handlers === undefined) return;
    const isShared = handlers.size > 1;
    for (const handler of handlers.values()) {
      const own = isShared ? { ...message, payload: message.payload.slice() } : message;
      callHandler(handler, own, this.#options, sayFailed);
    }
  }

  #tellIncomingLoss(messages: number): void {
    const peerId = this.#stream.peerId;
    this.#tellLoss({ reason: "buffer_full", direction: "incoming", messages, peerId });
  }

  #tellLoss(loss: BusLoss): void {
    this.#counters.messagesLost += loss.messages;
    this.#options.onLoss?.(loss);
  }

  #when(isDue: () => boolean): Promise<void> {
    if (this.#channel.isClosed || isDue()) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ isDue, resolve }));
  }

  #wakeWaiters(): void {
    if (this.#waiters.length === 0) return;
    const waiters = this.#waiters;
    this.#waiters = waiters.filter(({ isDue, resolve }) => {
      const isOver = this.#channel.isClosed || isDue();
      if (isOver) resolve();
      return !isOver;
    });
  }

  #post(kind: FrameKind, to: number): void {
    this.#channel.post(encodeFrame({ kind, from: this.#id, to, number: 0, confirmed: 0 }));
  }

  #assertOpen(act: string): void {
    if (this.#channel.isClosed) throw new Error(`Cannot ${act}: the bus is closed`);
  }
}

/** Without `onError`, the standard error is the only place where an error of a Worker can be seen. */
function sayFailed(error: unknown): void {
  // deno-lint-ignore no-console -- see above
  console.error("A handler of the bus has failed:", error);
}
