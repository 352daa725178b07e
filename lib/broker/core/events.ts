import { errorText } from "../ground/error_text.ts";
import type { BrokerEvents, EventListener, EventName } from "../ground/events.ts";
import type { Metrics } from "../ground/metrics.ts";
import type { LogPort } from "../ground/ports.ts";
import type { Connection } from "../state/connection.ts";
import type { Observer } from "./observers.ts";

/**
 * The most events of one turn that wait for their listeners. Events beyond it, of a message to more receivers, are only counted.
 */
const MAX_WAITING = 100_000;

/** Queues an event for its listeners, who are called when the turn is over. */
type Emit = <Name extends EventName>(name: Name, event: BrokerEvents[Name]) => void;

/** What `Events` needs of the core. */
interface EventsInit {
  readonly log: LogPort;
  readonly metrics: Metrics;
  /** Adds an observer of what happens in the core; the returned function removes it. */
  readonly observe: (observer: Observer) => () => void;
}

/** The listeners to events of one name. */
interface Listening {
  readonly listeners: Set<EventListener<EventName>>;
  readonly end: () => void;
}

/**
 * The events that a program listens to, made from the calls of an observer. An event without listeners is not created.
 *
 * Listeners are called after the turn, in the order of the events. What a listener asks of the broker is done in a later turn, whose events
 * are reported after it. So a program that keeps answering its own messages stalls nobody.
 */
export class Events {
  readonly #init: EventsInit;
  readonly #byName = new Map<EventName, Listening>();
  #waiting: { readonly name: EventName; readonly event: BrokerEvents[EventName] }[] = [];
  #lost = 0;

  /** There are no listeners at first. */
  constructor(init: EventsInit) {
    this.#init = init;
  }

  /** Whether events wait for their listeners. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Calls `listener` with each event of this name from now on; the returned function ends that. */
  on<Name extends EventName>(name: Name, listener: EventListener<Name>): () => void {
    const observer = OBSERVERS[name];
    if (observer === undefined) throw new TypeError(`Cannot listen: there is no event "${name}"`);
    let listening = this.#byName.get(name);
    if (listening === undefined) {
      const end = this.#init.observe(observer(this.#emit));
      this.#byName.set(name, listening = { listeners: new Set(), end });
    }
    const { listeners, end } = listening;
    // A new function for each call, so that the same listener may be added twice.
    const own = (event: BrokerEvents[EventName]) => listener(event as BrokerEvents[Name]);
    listeners.add(own);
    return () => {
      if (!listeners.delete(own) || listeners.size > 0) return;
      end();
      this.#byName.delete(name);
    };
  }

  /** Calls the listeners with the events of the turn that is over. */
  tell(): void {
    const waiting = this.#waiting;
    const lost = this.#lost;
    this.#waiting = [];
    this.#lost = 0;
    for (const { name, event } of waiting) {
      for (const listener of [...this.#byName.get(name)?.listeners ?? []]) {
        // A listener that another listener has removed meanwhile is not called.
        if (this.#byName.get(name)?.listeners.has(listener)) this.#call(name, listener, event);
      }
    }
    if (lost === 0) return;
    this.#init.log.error("Too many events in one turn: some were not passed to listeners", {
      lost,
    });
  }

  readonly #emit: Emit = (name, event) => {
    if (this.#waiting.length < MAX_WAITING) return void this.#waiting.push({ name, event });
    this.#lost++;
    this.#init.metrics.eventsLost++;
  };

  #call(name: EventName, listener: EventListener<EventName>, event: BrokerEvents[EventName]): void {
    const failed = (error: unknown): void => {
      this.#init.metrics.programErrors++;
      const text = errorText(error);
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

/** For each event, an observer that creates it. */
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
      if (identity === null) return; // The client was never accepted.
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
  bridgeChanged: (emit) => ({ bridgeChanged: (event) => emit("bridgeChanged", event) }),
  clusterChanged: (emit) => ({ clusterChanged: (event) => emit("clusterChanged", event) }),
};

/** The reason in words where the broker gave none. */
const CAUSES: Readonly<Record<Connection["cause"], string>> = {
  client: "DISCONNECT of the client",
  broker: "Ended by the broker",
  slow_client: "Client took nothing any more",
  lost: "Connection lost",
};
