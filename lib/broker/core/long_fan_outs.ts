import type { KeptMessage } from "../../session/mod.ts";
import type { Store } from "../ground/ports.ts";
import type { Client, Connection } from "../state/connection.ts";
import type { Route } from "./router.ts";

/** The most bytes of messages in long fan-outs; beyond it the next message that needs a long fan-out stays with its connection. */
const MAX_BYTES = 32 * 1024 * 1024;

/** A message on its way to more receivers than one turn has time for. */
export interface LongFanOut {
  readonly message: KeptMessage;
  /** The route as it was when the message was published. */
  readonly route: Route;
  /** The publisher, for No Local; `null`: a program. */
  readonly publisher: Client | null;
  readonly sizeBytes: number;
  /** How many of the receivers the message has been handed to. */
  at: number;
  /** The deliveries must be stored all together: nothing is committed until all receivers have the message. */
  readonly isWhole: boolean;
  /** Called in order when the message has been handed to all receivers. */
  readonly whenDone: (() => void)[];
}

/**
 * Messages with so many receivers that a turn hands them to only a part of these, and the connections that wait for such a message:
 * the messages of one publisher keep their order, so its next message waits.
 *
 * A message that may not be delivered twice (QoS 2 from a stored session) is committed as a whole. If the store had its Packet
 * Identifier but only a part of its deliveries, a crash would lose the other deliveries; if the store had a part of its deliveries
 * but not the Packet Identifier, a crash would cause these to be delivered twice. So nothing at all is committed while such a
 * message is handed out. There is only one such message at a time, and the next may begin when the commit of this one is done. So
 * other connections wait some turns longer for their commits, but never without end.
 */
export class LongFanOuts {
  /** In the order in which they continue. */
  readonly jobs: LongFanOut[] = [];
  /** Connections whose next PUBLISH waits for the end of a long fan-out, in order. */
  readonly waiting: Connection[] = [];
  /** The long fan-out of each publisher, by Client Identifier; the key for programs is `""`. */
  readonly #latest = new Map<string, LongFanOut>();
  #bytes = 0;
  #whole: "none" | "under way" | "committing" = "none";

  /** Whether there are long fan-outs, or connections that wait for one. */
  get isActive(): boolean {
    return this.jobs.length + this.waiting.length > 0;
  }

  /** Bytes of all messages in long fan-outs. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether commits are held back, because what was written holds only a part of a message's deliveries. */
  get holdsCommit(): boolean {
    return this.#whole === "under way";
  }

  /** Whether a long fan-out of this publisher is under way, for which its next message has to wait. */
  isBusy(publisherId: string): boolean {
    return this.#latest.has(publisherId);
  }

  /** Whether one more long fan-out may begin. */
  hasRoom(isWhole: boolean): boolean {
    return this.#bytes < MAX_BYTES && (!isWhole || this.#whole === "none");
  }

  /** Begins a long fan-out; there must be none of the same publisher. */
  begin(job: LongFanOut, store: Store | undefined): void {
    this.jobs.push(job);
    this.#bytes += job.sizeBytes;
    this.#latest.set(job.message.publisherId, job);
    if (!job.isWhole) return;
    this.#whole = "under way";
    store?.holdBack?.(true);
  }

  /** Calls `act` when the long fan-out of this publisher is over. */
  afterwards(publisherId: string, act: () => void): void {
    this.#latest.get(publisherId)!.whenDone.push(act);
  }

  /** Ends a long fan-out; the caller then calls its `whenDone`. */
  end(job: LongFanOut, store: Store | undefined): void {
    this.#bytes -= job.sizeBytes;
    this.#latest.delete(job.message.publisherId);
    if (!job.isWhole) return;
    this.#whole = "committing";
    store?.holdBack?.(false);
    store?.commit(() => this.#whole = "none");
  }
}
