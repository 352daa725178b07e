import type { Qos, ReasonCode } from "../../codec/mod.ts";
import type { Message } from "../../session/mod.ts";
import type { DropReason } from "./metrics.ts";
import type { ClientIdentity } from "./ports.ts";

/** A client has connected: its CONNACK is queued. */
export interface ConnectedEvent {
  /** The client that has connected. */
  readonly client: ClientIdentity;
  /** Clean Start of its CONNECT, Clean Session before 5.0. */
  readonly cleanStart: boolean;
  /** Whether the client resumes a session from before. */
  readonly sessionPresent: boolean;
  /** 0: off. */
  readonly keepAliveSeconds: number;
}

/**
 * Who ended a connection: the client by a DISCONNECT, the broker (`reasonCode` says why), the broker because the client did not
 * read what was sent to it, or nobody: the connection was lost.
 */
export type DisconnectCause = "client" | "broker" | "slow_client" | "lost";

/** A client's connection has ended. */
export interface DisconnectedEvent {
  /** The client whose connection ended. */
  readonly client: ClientIdentity;
  /** Who ended the connection. */
  readonly cause: DisconnectCause;
  /** What the client was told, where its version can be told; absent: nothing. */
  readonly reasonCode: ReasonCode | undefined;
  /** The reason in words. */
  readonly reason: string;
}

/** A subscription was granted. */
export interface SubscribedEvent {
  /** The client that subscribed. */
  readonly client: ClientIdentity;
  /** The Topic Filter as the client sent it: without the mount point, and with `$share/...` where it is shared. */
  readonly topicFilter: string;
  /** The granted QoS. */
  readonly qos: Qos;
}

/** A subscription was ended by its client. */
export interface UnsubscribedEvent {
  /** The client that unsubscribed. */
  readonly client: ClientIdentity;
  /** As in {@linkcode SubscribedEvent}. */
  readonly topicFilter: string;
}

/** A message was routed: a client's, a will, or a program's. */
export interface PublishedEvent {
  /**
   * The client that published the message; for a will, the client that is gone. Absent: the program, or the broker itself,
   * published it.
   */
  readonly client: ClientIdentity | undefined;
  /** The message. Its payload is a copy, which the listener may keep. */
  readonly message: Message;
  /** The number of subscriptions that the message was routed to; 0: nobody gets it. */
  readonly receivers: number;
}

/** A message has been handed to a client's connection. */
export interface DeliveredEvent {
  /** The client that gets the message. */
  readonly client: ClientIdentity;
  /** The full Topic Name: with the mount point. */
  readonly topicName: string;
  /** The QoS of the delivery to this client. */
  readonly qos: Qos;
  /** Payload length in bytes. */
  readonly payloadBytes: number;
  /** Whether the message was sent before, on an earlier connection. */
  readonly isRepeat: boolean;
  /** Client Identifier of the publisher; `""`: the program, or the broker itself. */
  readonly publisherId: string;
}

/** A client has completed the acknowledgement of a QoS 1 or 2 message: PUBACK for QoS 1, PUBCOMP for QoS 2. */
export interface AcknowledgedEvent {
  /** The client that has the message. */
  readonly client: ClientIdentity;
  /** The full Topic Name: with the mount point. */
  readonly topicName: string;
  /** The QoS of the delivery to this client. */
  readonly qos: Qos;
}

/** A message was dropped: for one receiver, or for all of them. */
export interface DroppedEvent {
  /** The receiver that does not get the message or, for some reasons, its publisher. Absent: the program, or the broker itself. */
  readonly client: ClientIdentity | undefined;
  /** Why the message was dropped. */
  readonly reason: DropReason;
  /** The full Topic Name: with the mount point. */
  readonly topicName: string;
  /** Client Identifier of the publisher; `""`: the program, or the broker itself. */
  readonly publisherId: string;
}

/** A session has ended because its client stayed away for too long. */
export interface SessionExpiredEvent {
  /** Client Identifier of the session. */
  readonly clientId: string;
}

/** A client's connection was ended because another one came with its Client Identifier. */
export interface TakenOverEvent {
  /** The client whose connection was ended. */
  readonly client: ClientIdentity;
  /** The client that connected. */
  readonly by: ClientIdentity;
}

/** The state of a bridge, which connects this broker to another one, has changed. */
export interface BridgeChangedEvent {
  /** The name of the bridge. */
  readonly name: string;
  /** `waiting`: it has failed and tries again; `idle`: a lazy bridge without enough to send; `ended`: it does not connect any more. */
  readonly state: "connecting" | "connected" | "waiting" | "idle" | "ended";
  /** Why it is not connected, as a code for programs: `credentials`, `unreachable`, ...; `""` if it is connected or was asked to end. */
  readonly reason: string;
  /** The same in words. */
  readonly message: string;
  /** The address of the remote broker that is connected, or was tried last. */
  readonly address: string;
  /** The MQTT version of the connection; 0: not connected. */
  readonly protocolVersion: number;
}

/** The cluster that this broker is a node of has changed, as this node sees it. */
export interface ClusterChangedEvent {
  /**
   * `connected`: this node is connected to a server of NATS; `away`: it is not, and tries again; `joined`: another node is there; `left`:
   * that has not been heard for some seconds.
   */
  readonly change: "connected" | "away" | "joined" | "left";
  /** The cluster's name. */
  readonly cluster: string;
  /** The node that this is about: this one for `connected` and `away`. */
  readonly node: string;
  /** The server for `connected`, the reason in words for `away`; else `""`. */
  readonly message: string;
  /** The other nodes that are there, by name. While this node is away, those that were there before. */
  readonly others: readonly string[];
}

/** All events by their names. */
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
  /** {@linkcode BridgeChangedEvent} */
  readonly bridgeChanged: BridgeChangedEvent;
  /** {@linkcode ClusterChangedEvent} */
  readonly clusterChanged: ClusterChangedEvent;
}

/** The name of an event. */
export type EventName = keyof BrokerEvents;

/** A function of the program that is called for an event. What it throws, or its promise rejects with, is logged and counted. */
export type EventListener<Name extends EventName> = (event: BrokerEvents[Name]) => unknown;
