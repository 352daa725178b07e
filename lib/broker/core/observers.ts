import type { Packet, SubscriptionRequest } from "../../codec/mod.ts";
import type { Delivery, Message } from "../../session/mod.ts";
import type { CloseReason } from "../ground/close_reason.ts";
import type { DropReason } from "../ground/metrics.ts";
import type { Outgoing } from "../ground/outgoing.ts";
import type { ClientIdentity, LogPort } from "../ground/ports.ts";
import type { Client, Connection } from "../state/connection.ts";

/**
 * Whoever wants to know what happens in the core, as it happens: traces, the log of subscriptions, a program around the broker. Each
 * event is told within the turn, so what takes its time belongs elsewhere, and bytes (payloads, Correlation Data) are good only
 * until the call returns. An event that nobody has a function for costs nothing but the question.
 */
export interface Observer {
  /** A packet has come and is about to be handled; one that waits for access control is told once. */
  received?(connection: Connection, packet: Packet): void;
  /** A packet, but no PUBLISH, is put into the connection's outbox; it may wait there for a commit. */
  sent?(connection: Connection, packet: Packet): void;
  /** A PUBLISH is put into the connection's outbox; `packetId` is 0 for QoS 0. */
  delivered?(
    connection: Connection,
    outgoing: Outgoing,
    packetId: number,
    isRepeat: boolean,
  ): void;
  /** A message waits in the client's queue. */
  queued?(client: Client, delivery: Delivery): void;
  /** A message ends without its receiver; the client is its receiver or its publisher, `null`: a program. */
  dropped?(
    client: Client | null,
    reason: DropReason,
    message: Pick<Message, "topicName" | "publisherId">,
  ): void;
  /** A message is taken in, and handed to so many receivers; `null`: by a program. */
  published?(publisher: Client | null, message: Message, receivers: number): void;
  /** A Topic Filter of a SUBSCRIBE is answered, granted below 0x80; `whole`: as access control is asked, mounted and without a share. */
  subscribed?(
    connection: Connection,
    request: SubscriptionRequest,
    reasonCode: number,
    whole: string,
  ): void;
  /** A Topic Filter of an UNSUBSCRIBE is answered. */
  unsubscribed?(connection: Connection, topicFilter: string, reasonCode: number): void;
  /** A client has come in, to a session from before or a new one. */
  connected?(connection: Connection, sessionPresent: boolean): void;
  /** A client that is connected is about to make way for one that comes with its Client Identifier. */
  takenOver?(client: Client, by: ClientIdentity): void;
  /** A connection has ended. Its `client` is null where it never came in; no reason: the client left, or was lost. */
  disconnected?(connection: Connection, reason: CloseReason | undefined): void;
  /** A client has acknowledged a QoS 1 or 2 message to the end. */
  acknowledged?(client: Client, delivery: Delivery): void;
  /** A session is about to end because its client stayed away for too long. */
  sessionExpired?(client: Client): void;
  /** A session has ended, with all that belonged to it. */
  sessionEnded?(client: Client): void;
}

/** The events by their names, and what each tells. */
export type ObserverEvents = {
  readonly [Event in keyof Observer]-?: Parameters<Required<Observer>[Event]>;
};

/** All who want to know. Where one of them throws, that is logged, and nobody else notices. */
export class Observers {
  readonly #observers: readonly Observer[];
  readonly #log: LogPort;

  /** In this order they are told. */
  constructor(observers: readonly Observer[], log: LogPort) {
    this.#observers = observers;
    this.#log = log;
  }

  /** With one more. */
  with(observer: Observer): Observers {
    return new Observers([...this.#observers, observer], this.#log);
  }

  /** With one less; `null`: nobody is left. */
  without(observer: Observer): Observers | null {
    const left = this.#observers.filter((other) => other !== observer);
    return left.length === 0 ? null : new Observers(left, this.#log);
  }

  /** Tells everybody. */
  tell<Event extends keyof Observer>(event: Event, ...details: ObserverEvents[Event]): void {
    for (const observer of this.#observers) {
      try {
        const tell = observer[event] as ((...details: ObserverEvents[Event]) => void) | undefined;
        tell?.apply(observer, details);
      } catch (error) {
        const text = error instanceof Error ? error.stack ?? error.message : String(error);
        this.#log.error("An observer of the broker has failed", { event, error: text });
      }
    }
  }
}
