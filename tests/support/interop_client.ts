import type { ProtocolVersion, Qos, UserProperty } from "../../lib/codec/mod.ts";

/** The properties of a message in MQTT 5.0, in a form that all clients share. */
export interface MessageProperties {
  readonly userProperties?: readonly UserProperty[];
  readonly responseTopic?: string;
  /** A text, sent as its bytes. */
  readonly correlationData?: string;
  readonly contentType?: string;
  /** Seconds. */
  readonly messageExpiryInterval?: number;
  readonly subscriptionIdentifier?: number;
}

/** A message as a real client reported it. */
export interface ClientMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: Qos;
  readonly retain: boolean;
  /** Empty before 5.0. */
  readonly properties: MessageProperties;
}

/** How a client connects. */
export interface ClientInit {
  readonly port: number;
  readonly clientId: string;
  readonly protocolVersion: ProtocolVersion;
  /** Clean Session before 5.0. Default: true. */
  readonly cleanStart?: boolean;
  /** Seconds; 5.0 only. */
  readonly sessionExpiryInterval?: number;
  readonly will?: {
    readonly topic: string;
    readonly payload: string;
    readonly qos: Qos;
    readonly retain: boolean;
  };
}

/** How a message is published. */
export interface PublishInit {
  readonly qos?: Qos;
  readonly retain?: boolean;
  readonly properties?: MessageProperties;
  /** Whether to send the topic once, and a Topic Alias instead of it from then on; 5.0 only. */
  readonly usesAlias?: boolean;
}

/** How a client subscribes in 5.0. */
export interface SubscribeInit {
  readonly noLocal?: boolean;
  readonly retainAsPublished?: boolean;
  readonly retainHandling?: 0 | 1 | 2;
  readonly subscriptionIdentifier?: number;
}

/** One connection of a real client, with the same interface for each client, so that one table of scenarios covers all. */
export interface InteropClient {
  /** Session Present in CONNACK. */
  readonly sessionPresent: boolean;
  /** The messages that have arrived. */
  readonly inbox: Inbox;
  /** Resolves with the Reason Code in SUBACK. */
  subscribe(topicFilter: string, qos: Qos, init?: SubscribeInit): Promise<number>;
  unsubscribe(topicFilter: string): Promise<void>;
  /** Resolves when the QoS handshake is complete. */
  publish(topic: string, payload: string | Uint8Array, init?: PublishInit): Promise<void>;
  /** Resolves when the broker has ended the connection, with the Reason Code of its DISCONNECT, if any. */
  readonly ended: Promise<number | undefined>;
  /** Disconnects with DISCONNECT. */
  disconnect(): Promise<void>;
  /** Closes the connection without DISCONNECT. */
  drop(): Promise<void>;
}

/** Received messages in order, for the test to take. */
export class Inbox {
  readonly #messages: ClientMessage[] = [];
  #arrived = Promise.withResolvers<void>();

  push(message: ClientMessage): void {
    this.#messages.push(message);
    this.#arrived.resolve();
    this.#arrived = Promise.withResolvers();
  }

  /** How many wait. */
  get size(): number {
    return this.#messages.length;
  }

  /** Takes the next `count` messages; throws if they do not arrive in time. */
  async take(count: number, limitMs = 5000): Promise<ClientMessage[]> {
    let isLate = false;
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      isLate = true;
      late.resolve();
    }, limitMs);
    while (this.#messages.length < count && !isLate) {
      await Promise.race([this.#arrived.promise, late.promise]);
    }
    clearTimeout(timer);
    if (this.#messages.length < count) {
      throw new Error(`${this.#messages.length} of ${count} messages came within ${limitMs} ms`);
    }
    return this.#messages.splice(0, count);
  }

  /** Takes the next message. */
  async next(limitMs?: number): Promise<ClientMessage> {
    return (await this.take(1, limitMs))[0]!;
  }
}
