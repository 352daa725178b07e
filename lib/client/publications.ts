import { ReasonCode } from "../codec/mod.ts";
import { ClientError } from "./protocol/client_error.ts";
import type { ClientSession, OutgoingMessage, Settlement } from "./protocol/client_session.ts";

interface Waiting {
  readonly message: OutgoingMessage;
  readonly done: PromiseWithResolvers<number>;
}

/** Publications as promises: those that wait, in order, until the broker accepts more, and those on their way. */
export class Publications {
  readonly #session: ClientSession;
  readonly #limit: number;
  /** First in, first out, from `#head` on. */
  #queue: Waiting[] = [];
  #head = 0;
  readonly #sent = new Map<number, PromiseWithResolvers<number>>();

  /** `limit`: the most that may wait. */
  constructor(session: ClientSession, limit: number) {
    this.#session = session;
    this.#limit = limit;
  }

  /** Messages that wait. */
  get queuedCount(): number {
    return this.#queue.length - this.#head;
  }

  /** Resolves with the Reason Code of the last acknowledgement. */
  add(message: OutgoingMessage): Promise<number> {
    const done = Promise.withResolvers<number>();
    if (this.queuedCount === 0 && this.#mayGo(message)) this.#go({ message, done });
    else if (this.queuedCount < this.#limit) this.#queue.push({ message, done });
    else {
      const text = `Cannot publish: ${this.#limit} messages wait already`;
      done.reject(new ClientError("limit", text, ReasonCode.QuotaExceeded));
    }
    return done.promise;
  }

  /** Sends as many as the session allows. */
  pump(): void {
    while (this.queuedCount > 0 && this.#mayGo(this.#queue[this.#head]!.message)) {
      this.#go(this.#queue[this.#head++]!);
    }
    if (this.#head < 1024 && this.queuedCount > 0) return;
    this.#queue = this.#queue.slice(this.#head);
    this.#head = 0;
  }

  /** Resolves one, whose acknowledgement is complete. */
  settle(packetId: number, { reasonCode }: Settlement): void {
    this.#sent.get(packetId)?.resolve(reasonCode);
    this.#sent.delete(packetId);
  }

  /** Rejects all of them. */
  fail(error: ClientError): void {
    const waiting = this.#queue.splice(this.#head).map(({ done }) => done);
    for (const { reject } of [...this.#sent.values(), ...waiting]) reject(error);
    this.#sent.clear();
    this.#queue = [];
    this.#head = 0;
  }

  #mayGo({ qos }: OutgoingMessage): boolean {
    return qos === 0 ? this.#session.connection?.isConnected === true : this.#session.canPublish;
  }

  #go({ message, done }: Waiting): void {
    try {
      const packetId = this.#session.publish(message);
      if (packetId === 0) done.resolve(ReasonCode.Success);
      else this.#sent.set(packetId, done);
    } catch (error) {
      done.reject(error);
    }
  }
}
