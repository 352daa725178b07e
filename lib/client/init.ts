import type { Connack, Properties, Qos, SubscriptionRequest } from "../codec/mod.ts";
import type { ClientPorts } from "./ports.ts";
import type { BackoffInit } from "./protocol/backoff.ts";
import type { ConnectionLimits } from "./protocol/client_connection.ts";
import type { ClientError } from "./protocol/client_error.ts";
import type { ClientSessionInit } from "./protocol/client_session.ts";
import type { ConnectInit } from "./protocol/handshake.ts";

/** Default time for connecting, milliseconds. */
export const CONNECT_TIMEOUT_MS = 10_000;

/** Attempts to connect again. */
export interface ReconnectInit extends BackoffInit {
  /** Whether `connect` goes on where the very first attempt fails; default: false, it throws. */
  readonly initially?: boolean;
  /** Whether to try again after this error; default: always, except after another client has taken over the session. */
  readonly shouldRetry?: (error: ClientError) => boolean;
}

/** The options of a client, except where it connects to. */
export interface ClientOptions extends ConnectInit, ConnectionLimits, ClientSessionInit {
  /** The longest time from the look-up of the name to the CONNACK, milliseconds; default: 10,000. */
  readonly connectTimeoutMs?: number;
  /**
   * Whether a connection that ends is followed by another; default: false. With it, publications and subscriptions wait for the next connection, and
   * subscriptions are made anew where the broker has lost the session. 5.0: give `properties.sessionExpiryInterval`, or the broker
   * keeps no session between two connections.
   */
  readonly reconnect?: ReconnectInit | boolean;
  /** The most messages that wait until the broker accepts more; a further one is refused. Default: 65,535. */
  readonly maxQueuedMessages?: number;
  /** Called each time that the broker has accepted the client. */
  readonly onConnected?: (connack: Connack, isResumed: boolean) => void;
  /** With `reconnect`: called when a connection has ended or an attempt failed, and another is made after `delayMs`. */
  readonly onDisconnected?: (error: ClientError, delayMs: number) => void;
  /** Called with the CONNECT of an attempt before it is made: for credentials that expire. */
  readonly beforeConnect?: () => Partial<ConnectInit> | Promise<Partial<ConnectInit>>;
  /** Clock, random numbers and network; default: those of the system. */
  readonly ports?: ClientPorts;
}

/** What to publish, beside topic and payload. */
export interface PublishInit {
  /** Default: 0. */
  readonly qos?: Qos;
  /** Default: false. */
  readonly retain?: boolean;
  /** 5.0 only. */
  readonly properties?: Properties;
}

/** A Topic Filter to subscribe to, at QoS 0 where nothing else is said. */
export type SubscriptionInput =
  | string
  | Pick<SubscriptionRequest, "topicFilter"> & Partial<SubscriptionRequest>;

/** The request with all defaults. */
export function subscriptionOf(input: SubscriptionInput): SubscriptionRequest {
  const standard = { qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  return typeof input === "string"
    ? { topicFilter: input, ...standard }
    : { ...standard, ...input };
}
