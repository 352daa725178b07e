import type { Properties, Qos } from "../codec/mod.ts";

/** A message as a program gets it: plain data. The payload belongs to the program, which may keep and change it. */
export interface BusMessage {
  /** The Topic Name to which it was published. */
  readonly topicName: string;
  /** A copy for this handler alone. */
  readonly payload: Uint8Array<ArrayBuffer>;
  /** The Quality of Service that it was published with. */
  readonly qos: Qos;
  /** Whether it was published as a retained message. */
  readonly retain: boolean;
  /** Only those that a broker passes on: Payload Format, Content Type, Response Topic, Correlation Data, User Properties. */
  readonly properties?: Properties | undefined;
  /** The Client Identifier of its publisher; `""` for the broker and for programs on the bus. */
  readonly publisherId: string;
}

/** What a program may set for a message. The defaults are QoS 0, not retained, and no expiry. */
export interface BusPublishOptions {
  /** The greatest QoS at which clients get it. */
  readonly qos?: Qos;
  /** Whether it is kept for those who subscribe later. */
  readonly retain?: boolean;
  /** Only those that {@link BusMessage.properties} names are passed on. */
  readonly properties?: Properties;
  /** Whole seconds. */
  readonly messageExpiryIntervalSeconds?: number;
}

/** Gets each message that matches, in the order of routing. */
export type BusHandler = (message: BusMessage) => void;

/** The broker's messages for a program, in the broker's thread ({@link EventBus}) or in a Worker ({@link WorkerBus}). */
export interface Bus {
  /**
   * Publishes to MQTT clients and to every bus of the process. A payload given as text is sent as UTF-8. `false`: there is no
   * room now, and the message was not accepted (see {@link Bus.ready}); in the broker's own thread there is always room.
   * Throws `TypeError` for an invalid Topic Name, and `RangeError` for a message that can never fit.
   */
  publish(topicName: string, payload: Uint8Array | string, options?: BusPublishOptions): boolean;
  /**
   * Calls `handler` with each message that matches the Topic Filter from now on; a message that matches several subscriptions
   * comes once for each. The function returned ends it. Throws `TypeError` for an
   * invalid Topic Filter and for a shared one.
   */
  subscribe(topicFilter: string, handler: BusHandler): () => void;
  /** Waits for room to publish; at once where there is. */
  ready(): Promise<void>;
  /** Ends all subscriptions and whatever keeps the process alive. */
  close(): void;
}

/** Where debug lines go. While `debugOn` is false no line is made. */
export interface BusLog {
  /** Whether lines are wanted now. */
  readonly debugOn: boolean;
  /** Takes one line, without its end. */
  debug(line: string): void;
}

/** The options of every kind of bus. */
export interface BusOptions {
  /** Gets a line for each message that a handler receives, while it is on. */
  readonly log?: BusLog;
  /**
   * Called with what a handler has thrown, or with what its promise was rejected. Other handlers and clients are not affected. Without it
   * the error goes to the broker's log, in a Worker to the standard error.
   */
  readonly onError?: (error: unknown) => void;
}
