import type { BrokerEvents, EventListener, EventName } from "../ground/events.ts";
import type { Metrics } from "../ground/metrics.ts";
import type { LogPort } from "../ground/ports.ts";
import type { Connection } from "../state/connection.ts";
import type { Observer } from "./observers.ts";

/** Events of one turn that wait for their listeners: a fan-out to more is told in part, and what is left out is counted. */
const MAX_WAITING = 100_000;

/** Takes an event, to be told when the turn is over. */
type Emit = <Name extends EventName>(name: Name, event: BrokerEvents[Name]) => void;

/** What is needed of the core. */
interface EventsInit {
  readonly log: LogPort;
  readonly metrics: Metrics;
  /** Tells the observer what happens; the function returned ends that. */
  readonly observe: (observer: Observer) => () => void;
}

/** Who listens to the events of one name. */
interface Listening {
  readonly listeners: Set<EventListener<EventName>>;
  readonly end: () => void;
}

/**
 * The events that a program listens to, made of what observers are told: an event that nobody listens to is not made.
 *
 * Listeners are called behind the turn, in the order of what happened. What they ask for is done in a later turn, and told behind that, so
 * that a program that answers itself for ever stalls nobody.
 */
export class Events {
  readonly #init: EventsInit;
  readonly #byName = new Map<EventName, Listening>();
  #waiting: { readonly name: EventName; readonly event: BrokerEvents[EventName] }[] = [];
  #lost = 0;

  /** Nobody listens yet. */
  constructor(init: EventsInit) {
    this.#init = init;
  }

  /** Whether there is something to tell. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Calls `listener` with each event of this name from now on; the function returned ends that. */
  on<Name extends EventName>(name: Name, listener: EventListener<Name>): () => void {
    const observer = OBSERVERS[name];
    if (observer === undefined) throw new TypeError(`Cannot listen: there is no event "${name}"`);
    let listening = this.#byName.get(name);
    if (listening === undefined) {
      const end = this.#init.observe(observer(this.#emit));
      this.#byName.set(name, listening = { listeners: new Set(), end });
    }
    const { listeners, end } = listening;
    // One of its own for each call, so that the same function may listen twice.
    const own = (event: BrokerEvents[EventName]) => listener(event as BrokerEvents[Name]);
    listeners.add(own);
    return () => {
      if (!listeners.delete(own) || listeners.size > 0) return;
      end();
      this.#byName.delete(name);
    };
  }

  /** The turn is over: tells what has happened in it. */
  tell(): void {
    const waiting = this.#waiting;
    const lost = this.#lost;
    this.#waiting = [];
    this.#lost = 0;
    for (const { name, event } of waiting) {
      for (const listener of [...this.#byName.get(name)?.listeners ?? []]) {
        // One that another has ended hears nothing more.
        if (this.#byName.get(name)?.listeners.has(listener)) this.#call(name, listener, event);
      }
    }
    if (lost === 0) return;
    this.#init.log.error("Too many events in one turn: listeners were not told of all", { lost });
  }

  readonly #emit: Emit = (name, event) => {
    if (this.#waiting.length < MAX_WAITING) return void this.#waiting.push({ name, event });
    this.#lost++;
    this.#init.metrics.eventsLost++;
  };

  #call(name: EventName, listener: EventListener<EventName>, event: BrokerEvents[EventName]): void {
    const failed = (error: unknown): void => {
      this.#init.metrics.programErrors++;
      const text = error instanceof Error ? error.stack ?? error.message : String(error);
      this.#init.log.error("A listener of the program has failed", { event: name, error: text });
    };
    try {
      const result = listener(event);
      if (result instanceof Promise) result.catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}

/** What makes each event out of what an observer is told. */
const OBSERVERS: Readonly<Record<EventName, (emit: Emit) => Observer>> = {
  connected: (emit) => ({
    connected: ({ identity, asked, keepAliveSeconds }, sessionPresent) => {
      const { cleanStart } = asked;
      emit("connected", { client: identity!, cleanStart, sessionPresent, keepAliveSeconds });
    },
  }),
  disconnected: (emit) => ({
    disconnected: (connection, reason) => {
      const { identity, cause } = connection;
      if (identity === null) return; // It never came in.
      emit("disconnected", {
        client: identity,
        cause: reason === undefined ? cause : "broker",
        reasonCode: reason?.reasonCode,
        reason: reason?.message ?? CAUSES[cause],
      });
    },
  }),
  takenOver: (emit) => ({
    takenOver: ({ identity }, by) => emit("takenOver", { client: identity, by }),
  }),
  subscribed: (emit) => ({
    subscribed: ({ identity }, { topicFilter }, reasonCode) => {
      if (reasonCode > 2) return;
      emit("subscribed", { client: identity!, topicFilter, qos: reasonCode as 0 | 1 | 2 });
    },
  }),
  unsubscribed: (emit) => ({
    unsubscribed: ({ identity }, topicFilter, reasonCode) => {
      if (reasonCode === 0) emit("unsubscribed", { client: identity!, topicFilter });
    },
  }),
  published: (emit) => ({
    published: (publisher, message, receivers) => {
      const copy = { ...message, payload: message.payload.slice() };
      emit("published", { client: publisher?.identity, message: copy, receivers });
    },
  }),
  delivered: (emit) => ({
    delivered: ({ identity }, { message, qos }, _, isRepeat) => {
      const { topicName, payload: { length: payloadBytes }, publisherId } = message;
      emit("delivered", {
        client: identity!,
        topicName,
        qos,
        payloadBytes,
        isRepeat,
        publisherId,
      });
    },
  }),
  acknowledged: (emit) => ({
    acknowledged: ({ identity }, { message: { topicName }, qos }) => {
      emit("acknowledged", { client: identity, topicName, qos });
    },
  }),
  dropped: (emit) => ({
    dropped: (client, reason, { topicName, publisherId }) => {
      emit("dropped", { client: client?.identity, reason, topicName, publisherId });
    },
  }),
  sessionExpired: (emit) => ({
    sessionExpired: ({ session: { clientId } }) => emit("sessionExpired", { clientId }),
  }),
};

/** Why a connection ends of which nobody was told why. */
const CAUSES: Readonly<Record<Connection["cause"], string>> = {
  client: "DISCONNECT of the client",
  broker: "Ended by the broker",
  slow_client: "Client took nothing any more",
  lost: "Connection lost",
};
