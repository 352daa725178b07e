import type { KeptMessage } from "../../session/mod.ts";
import type { Store } from "../ground/ports.ts";
import type { Client, Connection } from "../state/connection.ts";
import type { Route } from "./router.ts";

/** Messages that are on their way may take so many bytes; beyond that a message that would be one of them waits where it came from. */
const MAX_BYTES = 32 * 1024 * 1024;

/** A message on its way to more receivers than one turn has time for. */
export interface LongFanOut {
  readonly message: KeptMessage;
  /** As it was when the message came. */
  readonly route: Route;
  /** For No Local; `null`: a program. */
  readonly publisher: Client | null;
  readonly sizeBytes: number;
  /** How many of the receivers have had their turn. */
  at: number;
  /** A crash must not leave a part of it: nothing is committed until all have it. */
  readonly isWhole: boolean;
  /** Called when it has been handed to all, in order. */
  readonly whenDone: (() => void)[];
}

/**
 * Messages that are handed to their receivers a part at a time, and who waits for their end: the messages of one publisher keep
 * their order, so its next one waits.
 *
 * One that may not be delivered twice (QoS 2, of a session that is stored) is committed as a whole: with its Packet Identifier stored and a
 * part of its deliveries missing, a crash would lose these; with a part of its deliveries stored and no Packet Identifier, these
 * would come twice. So until it is through nothing is committed at all, there is but one such message at a time, and the next
 * may begin when its commit is done: others wait for their commits some turns longer, and not for ever.
 */
export class LongFanOuts {
  /** In the order in which they go on. */
  readonly jobs: LongFanOut[] = [];
  /** Connections whose next PUBLISH waits for the end of one of these, in order. */
  readonly waiting: Connection[] = [];
  /** By publisher's Client Identifier; that of programs is empty. */
  readonly #latest = new Map<string, LongFanOut>();
  #bytes = 0;
  #whole: "none" | "under way" | "committing" = "none";

  /** Whether there is something to do. */
  get isActive(): boolean {
    return this.jobs.length + this.waiting.length > 0;
  }

  /** Bytes of all messages that are on their way. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether a part of what was written may not be committed yet. */
  get holdsCommit(): boolean {
    return this.#whole === "under way";
  }

  /** Whether a message of this publisher is on its way, behind which its next one has to stay. */
  isBusy(publisherId: string): boolean {
    return this.#latest.has(publisherId);
  }

  /** Whether one more may begin. */
  hasRoom(isWhole: boolean): boolean {
    return this.#bytes < MAX_BYTES && (!isWhole || this.#whole === "none");
  }

  /** Begins one; the publisher must not be busy. */
  begin(job: LongFanOut, store: Store | undefined): void {
    this.jobs.push(job);
    this.#bytes += job.sizeBytes;
    this.#latest.set(job.message.publisherId, job);
    if (!job.isWhole) return;
    this.#whole = "under way";
    store?.holdBack?.(true);
  }

  /** Does it when the message of this publisher that is on its way is through. */
  afterwards(publisherId: string, act: () => void): void {
    this.#latest.get(publisherId)!.whenDone.push(act);
  }

  /** It is through; whoever called does what is to be done then. */
  end(job: LongFanOut, store: Store | undefined): void {
    this.#bytes -= job.sizeBytes;
    this.#latest.delete(job.message.publisherId);
    if (!job.isWhole) return;
    this.#whole = "committing";
    store?.holdBack?.(false);
    store?.commit(() => this.#whole = "none");
  }
}
