import {
  type Connack,
  type Properties,
  type Publish,
  ReasonCode,
  type Suback,
  type Unsuback,
} from "../codec/mod.ts";
import { Carrier } from "./carrier.ts";
import {
  type ClientOptions,
  CONNECT_TIMEOUT_MS,
  type PublishInit,
  type ReconnectInit,
  type SubscriptionInput,
  subscriptionOf,
} from "./init.ts";
import { MessageStream } from "./message_stream.ts";
import { parseBrokerUrl, type Place } from "./place.ts";
import { type ClientPorts, SYSTEM_PORTS } from "./ports.ts";
import { Backoff } from "./protocol/backoff.ts";
import { ClientError } from "./protocol/client_error.ts";
import { ClientSession } from "./protocol/client_session.ts";
import { type ConnectInit, connectPacket } from "./protocol/handshake.ts";
import { type InFlightStore, MemoryInFlightStore } from "./protocol/in_flight_store.ts";
import { Publications } from "./publications.ts";
import { ReceivedMessage } from "./received_message.ts";
import { Requests } from "./requests.ts";

/** Called with each message; one of QoS 2 comes once. It may disconnect: later messages are then not acknowledged. */
export type MessageHandler = (message: ReceivedMessage, client: MqttClient) => void;

/** How to connect, and what to do with messages. */
export interface MqttClientInit extends Place, ClientOptions {
  /** Called for every message, from the first one on: a session that goes on may have some at once. Default: they are lost. */
  readonly onMessage?: MessageHandler;
}

/** The same, where a URL names the broker. */
export type UrlClientInit = Omit<MqttClientInit, "hostname" | "port" | "unixPath">;

/** After a connection that lasted so long, in milliseconds, the delays begin again with the shortest. */
const STABLE_MS = 10_000;
/** Messages that `messages` holds before reading stops. */
const BUFFERED_MESSAGES = 100;

/** A client of any MQTT broker, on the broker's own codec; with `reconnect` it makes new connections by itself. */
export class MqttClient {
  /** Called for every message. */
  onMessage: MessageHandler;
  /** Resolves when the client has ended: with the error that ended it, or with nothing after our DISCONNECT. */
  readonly closed: Promise<ClientError | undefined>;
  readonly #init: MqttClientInit;
  readonly #ports: ClientPorts;
  readonly #reconnect: ReconnectInit | undefined;
  readonly #session: ClientSession;
  readonly #commit: () => Promise<void> | undefined;
  readonly #publications: Publications;
  readonly #requests: Requests;
  readonly #streams = new Set<MessageStream>();
  readonly #end = Promise.withResolvers<ClientError | undefined>();
  readonly #aborter = new AbortController();
  /** How many streams are full. */
  #fullCount = 0;
  #carrier: Carrier | undefined;
  /** Settled when the broker has accepted or refused the client. */
  #admission = Promise.withResolvers<void>();
  /** Resolves when the connection has ended. */
  #loss = Promise.withResolvers<ClientError | undefined>();
  #connack: Connack | undefined;
  #isLeaving = false;
  #isEnded = false;

  private constructor(init: MqttClientInit) {
    const { reconnect = false } = init;
    const inFlight: InFlightStore = init.inFlight ?? new MemoryInFlightStore();
    this.closed = this.#end.promise;
    this.onMessage = init.onMessage ?? (() => {});
    this.#init = init;
    this.#ports = init.ports ?? SYSTEM_PORTS;
    this.#reconnect = reconnect === false ? undefined : reconnect === true ? {} : reconnect;
    this.#commit = () => inFlight.commit?.();
    this.#session = new ClientSession({ ...init, inFlight }, {
      onConnected: (connack, isResumed) => this.#begin(connack, isResumed),
      onMessage: (message) => this.#receive(message),
      onSettled: (packetId, by) => this.#publications.settle(packetId, by),
      onAnswer: (answer) => this.#requests.answer(answer),
      onReady: () => this.#publications.pump(),
      onEnd: (error) => this.#lose(error),
      onOutput: () => void this.#carrier?.flush(),
    });
    this.#publications = new Publications(this.#session, init.maxQueuedMessages ?? 65_535);
    this.#requests = new Requests(this.#session);
  }

  /** Connects to the broker that a URL names: see {@linkcode parseBrokerUrl}. Throws a `ClientError` with the reason where it fails. */
  static connect(
    url: string | URL,
    init?: UrlClientInit,
  ): Promise<MqttClient>;
  /** Connects; throws a `ClientError` with the reason where it fails. */
  static connect(init: MqttClientInit): Promise<MqttClient>;
  static async connect(
    where: string | URL | MqttClientInit,
    init: UrlClientInit = {},
  ): Promise<MqttClient> {
    const isUrl = typeof where === "string" || where instanceof URL;
    const client = new MqttClient(isUrl ? placed(where, init) : where);
    await client.#start();
    return client;
  }

  /** The broker's answer to the last CONNECT. */
  get connack(): Connack {
    return this.#connack!;
  }

  /** Whether there is a connection now. */
  get isConnected(): boolean {
    return this.#session.connection?.isConnected === true;
  }

  /** Messages of QoS 1 and 2 that the broker has not acknowledged to the end, and those that wait. */
  get pendingCount(): number {
    return this.#session.inFlightCount + this.#publications.queuedCount;
  }

  /**
   * Publishes; resolves with the Reason Code of its last acknowledgement, at QoS 0 with 0 when it is written. Text goes out as UTF-8. Bytes
   * must not change until then. Rejects with a `ClientError`: of kind `limit` where the broker takes no such message.
   */
  async publish(
    topicName: string,
    payload: Uint8Array | string,
    init: PublishInit = {},
  ): Promise<number> {
    this.#requireOpen();
    const { qos = 0, retain = false, properties } = init;
    const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
    const done = this.#publications.add({ topicName, payload: bytes, qos, retain, properties });
    const reasonCode = await done;
    if (qos > 0) return reasonCode;
    const connection = this.#session.connection;
    await this.#carrier?.flush();
    if (connection?.isEnded) throw new ClientError("closed", "The connection has ended");
    return reasonCode;
  }

  /** Subscribes; the Reason Codes of the SUBACK tell which filters were granted. */
  async subscribe(
    subscriptions: SubscriptionInput | readonly SubscriptionInput[],
    properties?: Properties,
  ): Promise<Suback> {
    this.#requireOpen();
    const list: readonly SubscriptionInput[] = Array.isArray(subscriptions)
      ? subscriptions
      : [subscriptions as SubscriptionInput];
    return await this.#requests.subscribe(list.map(subscriptionOf), properties);
  }

  /** Ends subscriptions. */
  async unsubscribe(
    topicFilters: string | readonly string[],
    properties?: Properties,
  ): Promise<Unsuback> {
    this.#requireOpen();
    const filters = typeof topicFilters === "string" ? [topicFilters] : topicFilters;
    return await this.#requests.unsubscribe(filters, properties);
  }

  /**
   * The messages from now on, for a `for await` loop. Nothing more is read from the network while `limit` of them wait, so a slow loop
   * slows the broker instead of filling memory. It ends with the client, and throws what ended that. Default: 100.
   */
  messages(limit = BUFFERED_MESSAGES): AsyncGenerator<ReceivedMessage, void, undefined> {
    const stream = new MessageStream(limit, (isFull) => this.#throttle(isFull));
    if (this.#isEnded) stream.end(undefined);
    else this.#streams.add(stream);
    return stream.read(() => this.#streams.delete(stream));
  }

  /** {@linkcode MqttClient.messages} */
  [Symbol.asyncIterator](): AsyncGenerator<ReceivedMessage, void, undefined> {
    return this.messages();
  }

  /** Sends DISCONNECT, and closes after the broker has closed, or after a while. */
  async disconnect(
    reasonCode: ReasonCode = ReasonCode.Success,
    properties?: Properties,
  ): Promise<void> {
    if (this.#isEnded || this.#isLeaving) return;
    this.#isLeaving = true;
    this.#aborter.abort();
    this.#session.connection?.disconnect(reasonCode, properties);
    await this.#carrier?.leave();
    await this.closed;
  }

  /** Closes without DISCONNECT, as a broken network does: the broker publishes the will. */
  abort(): void {
    this.#isLeaving = true;
    this.#aborter.abort();
    this.#carrier?.stop(new ClientError("closed", "The client was closed"));
    this.#finish(undefined);
  }

  /** Disconnects. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.disconnect();
  }

  /** Makes the first connection; the others follow by themselves. */
  async #start(): Promise<void> {
    const backoff = new Backoff(this.#reconnect ?? {}, () => this.#ports.random());
    const initially = this.#reconnect?.initially === true;
    try {
      if (initially) await this.#attemptUntilIn(backoff);
      else await this.#attempt(true);
    } catch (error) {
      this.#finish(error instanceof ClientError ? error : undefined);
      throw error;
    }
    this.#supervise(backoff);
  }

  /** Waits for the end of each connection, and makes the next. */
  async #supervise(backoff: Backoff): Promise<void> {
    try {
      for (;;) {
        const startMs = this.#ports.nowMs();
        const error = await this.#loss.promise;
        if (error === undefined || !this.#mayRetry(error)) return this.#finish(error);
        if (this.#ports.nowMs() - startMs >= STABLE_MS) backoff.reset();
        await this.#pauseAfter(error, backoff);
        await this.#attemptUntilIn(backoff);
      }
    } catch (error) {
      this.#finish(
        error instanceof ClientError ? error : new ClientError("closed", String(error)),
      );
    }
  }

  /** Throws the error where no further attempt is made. */
  async #attemptUntilIn(backoff: Backoff): Promise<void> {
    for (;;) {
      try {
        return await this.#attempt(this.#connack === undefined);
      } catch (error) {
        if (!(error instanceof ClientError) || !this.#mayRetry(error)) throw error;
        await this.#pauseAfter(error, backoff);
      }
    }
  }

  #mayRetry(error: ClientError): boolean {
    if (this.#reconnect === undefined || this.#isLeaving) return false;
    const { shouldRetry = isWorthRetrying } = this.#reconnect;
    return shouldRetry(error);
  }

  async #pauseAfter(error: ClientError, backoff: Backoff): Promise<void> {
    const delayMs = backoff.next();
    this.#init.onDisconnected?.(error, delayMs);
    this.#requireOpen();
    const pause = Promise.withResolvers<void>();
    const wake = () => pause.resolve();
    const cancel = this.#ports.setTimer(delayMs, wake);
    const { signal } = this.#aborter;
    signal.addEventListener("abort", wake);
    await pause.promise;
    signal.removeEventListener("abort", wake);
    cancel();
    this.#requireOpen();
  }

  /** Makes one connection; resolves when the broker has accepted. */
  async #attempt(isFirst: boolean): Promise<void> {
    const { connectTimeoutMs = CONNECT_TIMEOUT_MS } = this.#init;
    const startMs = this.#ports.nowMs();
    const init = { ...this.#init, ...await this.#init.beforeConnect?.() };
    const connect = connectPacket(isFirst ? init : { ...init, ...againOf(init) });
    const stream = await this.#ports.open(this.#init, connectTimeoutMs, this.#aborter.signal);
    this.#admission = Promise.withResolvers();
    this.#loss = Promise.withResolvers();
    const limits = { ...this.#init, connectTimeoutMs };
    const connection = this.#session.open(connect, limits, startMs);
    const carrier = new Carrier(stream, connection, this.#ports, this.#commit);
    this.#carrier = carrier;
    if (this.#fullCount > 0) carrier.pause();
    if (this.#isLeaving) carrier.stop();
    const running = carrier.run();
    try {
      await this.#admission.promise;
    } catch (error) {
      await running;
      throw error;
    }
  }

  #begin(connack: Connack, isResumed: boolean): void {
    this.#connack = connack;
    this.#requests.begin(isResumed);
    this.#publications.pump();
    this.#init.onConnected?.(connack, isResumed);
    this.#admission.resolve();
  }

  #receive(packet: Publish): void {
    const message = new ReceivedMessage(
      packet,
      (packet, reasonCode) => this.#session.acknowledge(packet, reasonCode),
    );
    for (const stream of this.#streams) stream.push(message);
    this.onMessage(message, this);
  }

  #lose(error: ClientError | undefined): void {
    this.#admission.reject(error ?? new ClientError("closed", "The client was closed"));
    this.#admission.promise.catch(() => {}); // Perhaps nothing awaits it.
    this.#loss.resolve(this.#isLeaving ? undefined : error);
    if (this.#reconnect === undefined || this.#isLeaving) return this.#fail(error);
    this.#requests.interrupt();
  }

  #throttle(isFull: boolean): void {
    this.#fullCount += isFull ? 1 : -1;
    if (this.#fullCount > 0) this.#carrier?.pause();
    else this.#carrier?.resume();
  }

  #requireOpen(): void {
    if (!this.#isEnded && !this.#isLeaving) return;
    throw new ClientError("closed", "The connection has ended");
  }

  #fail(error: ClientError | undefined): void {
    const cause = error ?? new ClientError("closed", "The connection has ended");
    this.#requests.fail(cause);
    this.#publications.fail(cause);
  }

  #finish(error: ClientError | undefined): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#fail(error);
    const reason = this.#isLeaving ? undefined : error;
    for (const stream of this.#streams) stream.end(reason);
    this.#end.resolve(reason);
  }
}

/** The place that a URL names, with the options that a URL cannot have. */
function placed(url: string | URL, init: UrlClientInit): MqttClientInit {
  const { tls, webSocket, ...options } = init;
  const place = parseBrokerUrl(url, tls);
  const isWebSocket = place.webSocket !== undefined || place.unixPath !== undefined;
  if (!isWebSocket || place.webSocket === webSocket) return { ...place, ...options };
  return { ...place, ...options, webSocket: { ...webSocket, ...place.webSocket } };
}

/** Later connections continue the session that the broker may have kept, also where the first began with Clean Start. */
function againOf({ protocolVersion = 5, properties }: ConnectInit): Partial<ConnectInit> {
  const isKept = protocolVersion === 5 && (properties?.sessionExpiryInterval ?? 0) > 0;
  return isKept ? { cleanStart: false } : {};
}

/** Two clients with one Client Identifier would take over the session from each other without end. */
function isWorthRetrying({ reasonCode, kind }: ClientError): boolean {
  return !(kind === "closed" && reasonCode === ReasonCode.SessionTakenOver);
}
