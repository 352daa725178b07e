import type { Properties, Qos, ReasonCode, SubscriptionRequest } from "../../codec/mod.ts";
import type { Message } from "../../session/mod.ts";
import type { AuthenticationRequest, ClientIdentity } from "./ports.ts";

/** A refusal, with the reason that the client is told where its protocol version can carry one. */
export interface HookRefusal {
  /**
   * 0x80 or more, and allowed in the packet that answers the client; the broker treats any other code as a wrong answer of the
   * hook.
   */
  readonly reasonCode: ReasonCode;
  /** The reason in words, for the log and, at CONNECT, for the client. */
  readonly reason?: string;
}

/** What every hook may answer: nothing or `true` allows, `false` refuses (0x87). */
export type HookDecision = void | undefined | boolean | HookRefusal;

/** What `onConnect` may change about a client that connects. */
export interface ConnectChange {
  /**
   * Prefix of every topic of this client, taken off the topics of what it receives. It replaces the listener's mount point, also
   * for the client's will and subscriptions and for the owner of its session. `""`: no prefix.
   */
  readonly mountPoint: string;
}

/** What a hook changes about a message; a property that is left out stays as it is. */
export interface MessageChange {
  /** The full Topic Name: with the mount point. */
  readonly topicName?: string;
  /** The hook may reuse these bytes as soon as it has answered. */
  readonly payload?: Uint8Array;
  /**
   * Replaces all properties that are forwarded: Payload Format, Content Type, Response Topic, Correlation Data, User Properties.
   */
  readonly properties?: Properties;
}

/** What a hook changes about a subscription. */
export interface SubscriptionChange {
  /** The QoS to grant: not more than the client asked for. */
  readonly qos: Qos;
}

/** What `onConnect` answers. */
export type ConnectAnswer = HookDecision | ConnectChange;
/** What `onPublish` answers. */
export type PublishAnswer = HookDecision | MessageChange;
/** What `onSubscribe` answers. */
export type SubscribeAnswer = HookDecision | SubscriptionChange;
/** What `onDeliver` answers; where it refuses, the message is dropped for this client. */
export type DeliverAnswer = boolean | void | undefined | MessageChange;

/** A message as hooks see it: the payload is a copy. */
export interface HookedMessage extends Message {
  /** Whether the message is the will of a client that is connecting, to be published when the connection is lost. */
  readonly isWill: boolean;
}

/** The client that access control has admitted, with its mount point so far: the listener's, or the one that an earlier hook has set. */
export interface ConnectRequest extends AuthenticationRequest, ConnectChange {}

/** What each hook is asked about. */
export interface HookSubjects {
  /** A client that connects. */
  readonly onConnect: ConnectRequest;
  /** A message that a client publishes, or leaves as its will. */
  readonly onPublish: HookedMessage;
  /** A subscription that a client asks for. */
  readonly onSubscribe: SubscriptionRequest;
  /** A message on its way to a client. */
  readonly onDeliver: Message;
}

/** The name of a hook. */
export type HookName = keyof HookSubjects;

/** A hook as the core calls it: it calls `reply` once, at once or later, with the program's answer, which may be any value. */
export type Hook<Name extends HookName> = (
  client: ClientIdentity,
  subject: HookSubjects[Name],
  reply: (answer: unknown) => void,
) => void;

/** A set of hooks that are added together; a hook that is left out is not asked. */
export type HookPort = { readonly [Name in HookName]?: Hook<Name> | undefined };

/** The reply for a hook that has thrown or has not answered in time. It counts as a refusal; the error is logged. */
export class HookFailure {
  /** `error`: what was thrown. */
  constructor(readonly error: unknown) {}
}
