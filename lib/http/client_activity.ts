import type { Broker, Client, CloseReason, Connection, Message, Observer } from "../broker/mod.ts";
import { reasonCodeName, type SubscriptionRequest } from "../codec/mod.ts";
import { AverageRate } from "./average_rate.ts";

/** Clients that are observed at one time; a further one replaces the one not asked for longest. */
const MAX_CLIENTS = 32;
/** Events that are kept for each. */
const MAX_EVENTS = 20;
/** Observation ends when nobody has asked for this time; the page asks every two seconds. */
const IDLE_MS = 15_000;

/** Something that a client did, or that happened to it. */
interface ClientEvent {
  readonly atMs: number;
  readonly text: string;
}

/** What was seen of one client since its observation began. */
class Activity {
  /** The newest last. */
  readonly events: ClientEvent[] = [];
  readonly published = new AverageRate();
  readonly delivered = new AverageRate();
  askedMs: number;

  constructor(readonly sinceMs: number) {
    this.askedMs = sinceMs;
  }

  tell(atMs: number, text: string): void {
    this.events.push({ atMs, text });
    if (this.events.length > MAX_EVENTS) this.events.shift();
  }
}

/** The activity of a client, as an answer shows it. */
export interface ActivityView {
  /** When the observation began. */
  readonly sinceMs: number;
  /** Messages that it publishes. */
  readonly publishedPerSecond: number;
  /** Messages delivered to it. */
  readonly deliveredPerSecond: number;
  /** Events, the newest first. */
  readonly events: readonly ClientEvent[];
}

/**
 * Observes single clients while somebody looks at them: from the first request about a client until shortly after the last. At other times
 * it costs nothing.
 */
export class ClientActivity implements Observer {
  readonly #broker: Broker;
  readonly #nowMs: () => number;
  readonly #clients = new Map<string, Activity>();
  #end: (() => void) | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** `nowMs`: milliseconds since 1970. */
  constructor(broker: Broker, nowMs: () => number) {
    this.#broker = broker;
    this.#nowMs = nowMs;
  }

  /** Continues to observe a client, and returns what was seen of it. */
  look(clientId: string): ActivityView {
    const nowMs = this.#nowMs();
    const activity = this.#clients.get(clientId) ?? new Activity(nowMs);
    activity.askedMs = nowMs;
    // Keeps the Map in the order of requests.
    this.#clients.delete(clientId);
    this.#clients.set(clientId, activity);
    if (this.#clients.size > MAX_CLIENTS) {
      this.#clients.delete(this.#clients.keys().next().value!);
    }
    this.#begin();
    const { sinceMs, published, delivered, events } = activity;
    return {
      sinceMs,
      publishedPerSecond: published.shown(nowMs),
      deliveredPerSecond: delivered.shown(nowMs),
      events: events.toReversed(),
    };
  }

  /** Ends all observations. */
  stop(): void {
    clearInterval(this.#timer);
    this.#end?.();
    this.#end = undefined;
    this.#clients.clear();
  }

  /** Ends observations that nobody has asked for lately. */
  sweep(): void {
    for (const [clientId, { askedMs }] of this.#clients) {
      if (this.#nowMs() - askedMs > IDLE_MS) this.#clients.delete(clientId);
    }
    if (this.#clients.size === 0) this.stop();
  }

  /** {@linkcode Observer.published} */
  published(publisher: Client | null, _message: Message): void {
    if (publisher !== null) this.#of(publisher)?.published.add(this.#nowMs());
  }

  /** {@linkcode Observer.delivered} */
  delivered(connection: Connection): void {
    this.#of(connection.client)?.delivered.add(this.#nowMs());
  }

  /** {@linkcode Observer.dropped} */
  dropped(client: Client | null, reason: string, { topicName }: Pick<Message, "topicName">): void {
    this.#tell(client, `A message was dropped: ${reason}, ${topicName}`);
  }

  /** {@linkcode Observer.subscribed} */
  subscribed({ client }: Connection, { topicFilter }: SubscriptionRequest, code: number): void {
    const outcome = code < 0x80 ? `QoS ${code}` : `refused, ${reasonCodeName(code)}`;
    this.#tell(client, `Subscribed to ${topicFilter}: ${outcome}`);
  }

  /** {@linkcode Observer.unsubscribed} */
  unsubscribed({ client }: Connection, topicFilter: string): void {
    this.#tell(client, `Unsubscribed from ${topicFilter}`);
  }

  /** {@linkcode Observer.connected} */
  connected({ client }: Connection, sessionPresent: boolean): void {
    this.#tell(client, sessionPresent ? "Connected, to its session" : "Connected");
  }

  /** {@linkcode Observer.disconnected} */
  disconnected({ client, cause }: Connection, reason: CloseReason | undefined): void {
    this.#tell(client, `Disconnected: ${reason?.message ?? CAUSES[cause]}`);
  }

  #begin(): void {
    if (this.#end !== undefined) return;
    this.#end = this.#broker.observe(this);
    this.#timer = setInterval(() => this.sweep(), IDLE_MS / 4);
    Deno.unrefTimer(this.#timer as unknown as number);
  }

  #of(client: Client | null): Activity | undefined {
    return client === null ? undefined : this.#clients.get(client.session.clientId);
  }

  #tell(client: Client | null, text: string): void {
    this.#of(client)?.tell(this.#nowMs(), text);
  }
}

/** Texts for disconnections without a reason from the broker. */
const CAUSES: Readonly<Record<Connection["cause"], string>> = {
  client: "by itself",
  broker: "by the broker",
  slow_client: "it took nothing any more",
  lost: "the connection was lost",
};
