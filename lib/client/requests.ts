import type { Properties, Suback, SubscriptionRequest, Unsuback } from "../codec/mod.ts";
import type { ClientError } from "./protocol/client_error.ts";
import type { ClientSession } from "./protocol/client_session.ts";

/** The filters of one request. */
interface Subscribing {
  readonly subscriptions: readonly SubscriptionRequest[];
  readonly properties: Properties | undefined;
}

/** A SUBSCRIBE or UNSUBSCRIBE that waits for its answer. */
interface Request {
  readonly send: () => number;
  readonly done: PromiseWithResolvers<Suback | Unsuback>;
}

/** SUBSCRIBE and UNSUBSCRIBE as promises, and all subscriptions: they are made again where the broker has lost the session. */
export class Requests {
  readonly #session: ClientSession;
  /** By the Packet Identifier of the present connection. */
  readonly #sent = new Map<number, Request>();
  #unsent: Request[] = [];
  #granted: readonly Subscribing[] = [];

  constructor(session: ClientSession) {
    this.#session = session;
  }

  /** Resolves with the answer. Throws what `ClientSession.subscribe` throws. */
  async subscribe(
    subscriptions: readonly SubscriptionRequest[],
    properties: Properties | undefined,
  ): Promise<Suback> {
    const answer = await this.#ask(() => this.#session.subscribe(subscriptions, properties));
    const granted = subscriptions.filter((_, i) => (answer.reasonCodes[i] ?? 0x80) < 0x80);
    this.#forget(granted.map(({ topicFilter }) => topicFilter));
    if (granted.length > 0) {
      this.#granted = [...this.#granted, { subscriptions: granted, properties }];
    }
    return answer as Suback;
  }

  /** Resolves with the answer. Throws what `ClientSession.unsubscribe` throws. */
  async unsubscribe(
    topicFilters: readonly string[],
    properties?: Properties,
  ): Promise<Unsuback> {
    this.#forget(topicFilters);
    return await this.#ask(() => this.#session.unsubscribe(topicFilters, properties)) as Unsuback;
  }

  /** A connection has begun. */
  begin(isResumed: boolean): void {
    if (!isResumed) {
      for (const { subscriptions, properties } of this.#granted) {
        this.#session.subscribe(subscriptions, properties);
      }
    }
    for (const request of this.#unsent.splice(0)) this.#send(request);
  }

  /** A connection has ended: requests without an answer are sent again on the next one. */
  interrupt(): void {
    this.#unsent = [...this.#sent.values(), ...this.#unsent];
    this.#sent.clear();
  }

  /** An answer has come. */
  answer(packet: Suback | Unsuback): void {
    this.#sent.get(packet.packetId)?.done.resolve(packet);
    this.#sent.delete(packet.packetId);
  }

  /** No answer will come. */
  fail(error: ClientError): void {
    this.interrupt();
    for (const { done } of this.#unsent.splice(0)) done.reject(error);
  }

  #ask(send: () => number): Promise<Suback | Unsuback> {
    const request = { send, done: Promise.withResolvers<Suback | Unsuback>() };
    if (this.#session.connection?.isConnected === true) this.#send(request);
    else this.#unsent.push(request);
    return request.done.promise;
  }

  #send(request: Request): void {
    try {
      this.#sent.set(request.send(), request);
    } catch (error) {
      request.done.reject(error);
    }
  }

  #forget(topicFilters: readonly string[]): void {
    this.#granted = this.#granted
      .map(({ subscriptions, properties }) => ({
        subscriptions: subscriptions.filter(({ topicFilter }) =>
          !topicFilters.includes(topicFilter)
        ),
        properties,
      }))
      .filter(({ subscriptions }) => subscriptions.length > 0);
  }
}
