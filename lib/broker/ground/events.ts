import type { Qos, ReasonCode } from "../../codec/mod.ts";
import type { Message } from "../../session/mod.ts";
import type { DropReason } from "./metrics.ts";
import type { ClientIdentity } from "./ports.ts";

/** A client has come in: its CONNACK is on its way. */
export interface ConnectedEvent {
  /** Who it is. */
  readonly client: ClientIdentity;
  /** Clean Start of its CONNECT, Clean Session before 5.0. */
  readonly cleanStart: boolean;
  /** Whether it goes on with a session from before. */
  readonly sessionPresent: boolean;
  /** 0: off. */
  readonly keepAliveSeconds: number;
}

/**
 * Who ended a connection: the client by a DISCONNECT, the broker (`reasonCode` says why), the broker because the client took nothing
 * any more, or nobody: the connection was lost.
 */
export type DisconnectCause = "client" | "broker" | "slow_client" | "lost";

/** A client is away. */
export interface DisconnectedEvent {
  /** Who it was. */
  readonly client: ClientIdentity;
  /** Who ended it. */
  readonly cause: DisconnectCause;
  /** What the client was told, where its version can be told; absent: nothing. */
  readonly reasonCode: ReasonCode | undefined;
  /** In words. */
  readonly reason: string;
}

/** A subscription was granted. */
export interface SubscribedEvent {
  /** Whose it is. */
  readonly client: ClientIdentity;
  /** As the client asked for it: without the mount point, and with `$share/…` where it is shared. */
  readonly topicFilter: string;
  /** The granted one. */
  readonly qos: Qos;
}

/** A subscription was ended by its client. */
export interface UnsubscribedEvent {
  /** Whose it was. */
  readonly client: ClientIdentity;
  /** As in {@linkcode SubscribedEvent}. */
  readonly topicFilter: string;
}

/** A message was routed: a client's, a will, or a program's. */
export interface PublishedEvent {
  /** Who published it; a will's is gone. Absent: the program, or the broker itself. */
  readonly client: ClientIdentity | undefined;
  /** A copy: the payload is the listener's to keep. */
  readonly message: Message;
  /** Subscriptions that it went to; 0: nobody's. */
  readonly receivers: number;
}

/** A message has been handed to a client's connection. */
export interface DeliveredEvent {
  /** Who gets it. */
  readonly client: ClientIdentity;
  /** Whole: with the mount point. */
  readonly topicName: string;
  /** With which it goes to this client. */
  readonly qos: Qos;
  /** Bytes. */
  readonly payloadBytes: number;
  /** Whether it was sent before, on an earlier connection. */
  readonly isRepeat: boolean;
  /** Who published it; `""`: the program, or the broker itself. */
  readonly publisherId: string;
}

/** A client has acknowledged a QoS 1 or 2 message to the end. */
export interface AcknowledgedEvent {
  /** Who has it. */
  readonly client: ClientIdentity;
  /** Whole: with the mount point. */
  readonly topicName: string;
  /** With which it went to this client. */
  readonly qos: Qos;
}

/** A message has not reached somebody, or nobody at all. */
export interface DroppedEvent {
  /** Who has not got it or, by the reason, who has published it. Absent: the program, or the broker itself. */
  readonly client: ClientIdentity | undefined;
  /** Why. */
  readonly reason: DropReason;
  /** Whole: with the mount point. */
  readonly topicName: string;
  /** Who published it; `""`: the program, or the broker itself. */
  readonly publisherId: string;
}

/** A session has ended because its client stayed away for too long. */
export interface SessionExpiredEvent {
  /** The session's name. */
  readonly clientId: string;
}

/** A client's connection was ended because another one came with its Client Identifier. */
export interface TakenOverEvent {
  /** Who was connected. */
  readonly client: ClientIdentity;
  /** Who came. */
  readonly by: ClientIdentity;
}

/**
 * All events by their names. Other rooms of the broker that have states to tell of (connections to other brokers, a cluster) get their
 * lines here.
 */
export interface BrokerEvents {
  /** {@linkcode ConnectedEvent} */
  readonly connected: ConnectedEvent;
  /** {@linkcode DisconnectedEvent} */
  readonly disconnected: DisconnectedEvent;
  /** {@linkcode SubscribedEvent} */
  readonly subscribed: SubscribedEvent;
  /** {@linkcode UnsubscribedEvent} */
  readonly unsubscribed: UnsubscribedEvent;
  /** {@linkcode PublishedEvent} */
  readonly published: PublishedEvent;
  /** {@linkcode DeliveredEvent} */
  readonly delivered: DeliveredEvent;
  /** {@linkcode AcknowledgedEvent} */
  readonly acknowledged: AcknowledgedEvent;
  /** {@linkcode DroppedEvent} */
  readonly dropped: DroppedEvent;
  /** {@linkcode SessionExpiredEvent} */
  readonly sessionExpired: SessionExpiredEvent;
  /** {@linkcode TakenOverEvent} */
  readonly takenOver: TakenOverEvent;
}

/** The name of an event. */
export type EventName = keyof BrokerEvents;

/** A function of the program that hears of an event. What it throws, or a promise of it rejects with, is logged and counted. */
export type EventListener<Name extends EventName> = (event: BrokerEvents[Name]) => unknown;
