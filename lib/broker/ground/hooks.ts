import type { Properties, Qos, ReasonCode, SubscriptionRequest } from "../../codec/mod.ts";
import type { Message } from "../../session/mod.ts";
import type { AuthenticationRequest, ClientIdentity } from "./ports.ts";

/** No, and what the client is told, where its version can be told. */
export interface HookRefusal {
  /** 0x80 or more, and one that the answer to the packet may carry; another one counts as nonsense. */
  readonly reasonCode: ReasonCode;
  /** The same in words, for the log and, at CONNECT, for the client. */
  readonly reason?: string;
}

/** What every hook may answer: nothing or `true` is yes, `false` no (0x87). */
export type HookDecision = void | undefined | boolean | HookRefusal;

/** How a client comes in. */
export interface ConnectChange {
  /**
   * Put before every topic of this client, and taken off what it gets, in the place of the listener's mount point: its will, its
   * subscriptions and whose session it is included. `""`: nothing.
   */
  readonly mountPoint: string;
}

/** What is different about a message from here on; what is left out stays. */
export interface MessageChange {
  /** Whole: with the mount point. */
  readonly topicName?: string;
  /** The hook's to use again as soon as it has answered. */
  readonly payload?: Uint8Array;
  /** All of those that travel on: Payload Format, Content Type, Response Topic, Correlation Data, User Properties. */
  readonly properties?: Properties;
}

/** What is different about a subscription. */
export interface SubscriptionChange {
  /** No more than was asked for. */
  readonly qos: Qos;
}

/** What `onConnect` answers. */
export type ConnectAnswer = HookDecision | ConnectChange;
/** What `onPublish` answers. */
export type PublishAnswer = HookDecision | MessageChange;
/** What `onSubscribe` answers. */
export type SubscribeAnswer = HookDecision | SubscriptionChange;
/** What `onDeliver` answers; where it says no the message is dropped for this client. */
export type DeliverAnswer = boolean | void | undefined | MessageChange;

/** A message as hooks see it: the payload is a copy. `isWill`: it is the will of a client that comes in. */
export interface HookedMessage extends Message {
  /** Whether it is the will of a client that comes in, to be published when that is lost. */
  readonly isWill: boolean;
}

/** Who comes in, by the verdict of access control, and its mount point so far: the listener's, or what an earlier hook has said. */
export interface ConnectRequest extends AuthenticationRequest, ConnectChange {}

/** What each hook is asked about. */
export interface HookSubjects {
  /** A client that comes in. */
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

/** A hook as the core calls it: it replies once, at once or later, with what the program has answered, whatever that is. */
export type Hook<Name extends HookName> = (
  client: ClientIdentity,
  subject: HookSubjects[Name],
  reply: (answer: unknown) => void,
) => void;

/** Hooks that belong together: what is left out is not asked. */
export type HookPort = { readonly [Name in HookName]?: Hook<Name> | undefined };

/** The reply of a hook that has thrown or not answered in time: a refusal, which is logged with this error. */
export class HookFailure {
  /** `error`: what was thrown. */
  constructor(readonly error: unknown) {}
}
