import type { Packet, SubscriptionRequest } from "../../codec/mod.ts";
import type { Delivery, Message } from "../../session/mod.ts";
import { errorText } from "../ground/error_text.ts";
import type { CloseReason } from "../ground/close_reason.ts";
import type { BridgeChangedEvent, ClusterChangedEvent } from "../ground/events.ts";
import type { DropReason } from "../ground/metrics.ts";
import type { Outgoing } from "../ground/outgoing.ts";
import type { ClientIdentity, LogPort } from "../ground/ports.ts";
import type { Client, Connection } from "../state/connection.ts";

/**
 * An observer of what happens in the core: packet traces, the log of subscriptions, a program around the broker. Its functions are
 * called within the turn, so they must be quick, and the bytes that they are given (payloads, Correlation Data) are valid only
 * until the call returns. An event for which no observer has a function costs only a check.
 */
export interface Observer {
  /** A packet has arrived and is about to be handled; one that waits for access control is reported once. */
  received?(connection: Connection, packet: Packet): void;
  /** A packet other than PUBLISH is put into the connection's outbox; it may wait there for a commit. */
  sent?(connection: Connection, packet: Packet): void;
  /** A PUBLISH is put into the connection's outbox; `packetId` is 0 for QoS 0. */
  delivered?(
    connection: Connection,
    outgoing: Outgoing,
    packetId: number,
    isRepeat: boolean,
  ): void;
  /** A message is put into the client's queue. */
  queued?(client: Client, delivery: Delivery): void;
  /** A message is dropped. The client is its receiver or its publisher; `null`: a program published it. */
  dropped?(
    client: Client | null,
    reason: DropReason,
    message: Pick<Message, "topicName" | "publisherId">,
  ): void;
  /** A message is accepted and handed to this number of receivers; `null`: a program published it. */
  published?(publisher: Client | null, message: Message, receivers: number): void;
  /**
   * A Topic Filter of a SUBSCRIBE is answered; below 0x80 it is granted. `whole`: the filter with mount point and without
   * `$share/...`.
   */
  subscribed?(
    connection: Connection,
    request: SubscriptionRequest,
    reasonCode: number,
    whole: string,
  ): void;
  /** A Topic Filter of an UNSUBSCRIBE is answered. */
  unsubscribed?(connection: Connection, topicFilter: string, reasonCode: number): void;
  /** A client has connected, to an existing session or a new one. */
  connected?(connection: Connection, sessionPresent: boolean): void;
  /** A connected client is about to be disconnected, because another connection has sent its Client Identifier. */
  takenOver?(client: Client, by: ClientIdentity): void;
  /** A connection has ended. Its `client` is null where it was never accepted; no reason: the client disconnected, or was lost. */
  disconnected?(connection: Connection, reason: CloseReason | undefined): void;
  /** A client has completed the acknowledgement of a QoS 1 or 2 message: PUBACK for QoS 1, PUBCOMP for QoS 2. */
  acknowledged?(client: Client, delivery: Delivery): void;
  /** A session is about to end because its client stayed away for too long. */
  sessionExpired?(client: Client): void;
  /** A session has ended, with all that belonged to it. */
  sessionEnded?(client: Client): void;
  /** The state of a bridge has changed. */
  bridgeChanged?(event: BridgeChangedEvent): void;
  /** The cluster has changed. */
  clusterChanged?(event: ClusterChangedEvent): void;
}

/** The events by their names, with the arguments of each. */
export type ObserverEvents = {
  readonly [Event in keyof Observer]-?: Parameters<Required<Observer>[Event]>;
};

/** All observers. An error that one of them throws is logged, and has no other effect. */
export class Observers {
  readonly #observers: readonly Observer[];
  readonly #log: LogPort;

  /** The observers are called in this order. */
  constructor(observers: readonly Observer[], log: LogPort) {
    this.#observers = observers;
    this.#log = log;
  }

  /** A copy with one observer more. */
  with(observer: Observer): Observers {
    return new Observers([...this.#observers, observer], this.#log);
  }

  /** A copy without this observer; `null`: there are no others. */
  without(observer: Observer): Observers | null {
    const left = this.#observers.filter((other) => other !== observer);
    return left.length === 0 ? null : new Observers(left, this.#log);
  }

  /** Calls all observers that have a function for the event. */
  tell<Event extends keyof Observer>(event: Event, ...details: ObserverEvents[Event]): void {
    for (const observer of this.#observers) {
      try {
        const tell = observer[event] as ((...details: ObserverEvents[Event]) => void) | undefined;
        tell?.apply(observer, details);
      } catch (error) {
        const text = errorText(error);
        this.#log.error("An observer of the broker has failed", { event, error: text });
      }
    }
  }
}
