import type { Properties, Qos } from "../codec/mod.ts";

/** A message as a program gets it: plain data, the payload its own to keep and to change. */
export interface BusMessage {
  /** What it was published to. */
  readonly topicName: string;
  /** A copy, this handler's alone. */
  readonly payload: Uint8Array<ArrayBuffer>;
  /** The Quality of Service that it was published with. */
  readonly qos: Qos;
  /** Whether it was published as a retained message. */
  readonly retain: boolean;
  /** Only those that travel on: Payload Format, Content Type, Response Topic, Correlation Data, User Properties. */
  readonly properties?: Properties | undefined;
  /** The Client Identifier of who published it; `""` for the broker and its programs. */
  readonly publisherId: string;
}

/** What a program may say about a message: without it QoS 0, not retained, never expiring. */
export interface BusPublishOptions {
  /** How it is sent on to clients, at most. */
  readonly qos?: Qos;
  /** Whether it is kept for those who subscribe later. */
  readonly retain?: boolean;
  /** Only those of {@link BusMessage.properties} travel on. */
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
   * room now and the message was not taken (see {@link Bus.ready}); in the broker's own thread there always is.
   * Throws `TypeError` where the Topic Name is not one, `RangeError` where the message can never fit.
   */
  publish(topicName: string, payload: Uint8Array | string, options?: BusPublishOptions): boolean;
  /**
   * Calls `handler` with each message that matches the Topic Filter from now on; a message that matches several subscriptions
   * comes once for each. The function returned ends it. Throws `TypeError` where the Topic
   * Filter is not one, or a shared one.
   */
  subscribe(topicFilter: string, handler: BusHandler): () => void;
  /** Waits for room to publish; at once where there is. */
  ready(): Promise<void>;
  /** Ends all subscriptions and whatever keeps the process alive. */
  close(): void;
}

/** Where debug lines go; nothing is built while `debugOn` is false. */
export interface BusLog {
  /** Whether lines are wanted now. */
  readonly debugOn: boolean;
  /** Takes one line, without its end. */
  debug(line: string): void;
}

/** What every kind of bus can be told. */
export interface BusOptions {
  /** Gets a line for each message that a handler receives, while it is on. */
  readonly log?: BusLog;
  /**
   * Gets what a handler threw, or a promise of it rejected with: nobody else is hurt by it. Without it the broker's log gets it, and in a
   * Worker the standard error.
   */
  readonly onError?: (error: unknown) => void;
}
