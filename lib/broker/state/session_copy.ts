import type { Delivery } from "../../session/mod.ts";
import type { StoredWill } from "../ground/ports.ts";

/** With more places beyond the floor than this, the rest is not stored. */
const MAX_STORED = 1000;

/** What a node of a cluster knows of a session that all nodes know. */
export class SessionCopy {
  /** When it ends, in the clock's milliseconds; `Infinity`: its client is connected, or it does not end. */
  endsAtMs = Infinity;
  /** The will that is published where the node of the client is dead. */
  will: StoredWill | undefined;
  /** That will is due, and the node that the client has come to has not said that it has published it: it may be killed before. */
  isWillOwed = false;
  /** All messages before this place in the log are done with. */
  floor = 0;
  /** Places beyond it that are done with too, while a part of the queue is in the store alone and may have them. */
  readonly above: Set<number> = new Set();
  /**
   * What is in flight by the log, and waits in the store alone here: Packet Identifiers by place in the log. Something stands for it in flight,
   * in the store too, until the queue is read that far.
   */
  readonly flights: Map<number, number> = new Map();
  /** Called when there are no such flights any more. */
  waiting: (() => void)[] = [];

  /** `isElsewhere`: its client is at another node, or was there last: this node only keeps what waits. */
  constructor(public isElsewhere: boolean) {}

  /** Whether the client has the message of this delivery. Of those of shared subscriptions its node says nothing. */
  isDone({ share, message: { logId = 0 } }: Delivery): boolean {
    return share === undefined && this.isDoneAt(logId);
  }

  /** Whether the client has the message of this place in the log. */
  isDoneAt(logId: number): boolean {
    return logId > 0 && (logId < this.floor || this.above.has(logId));
  }

  /** What is done with, as text for the store. */
  get doneText(): string {
    return [this.floor, ...[...this.above].slice(0, MAX_STORED)].join();
  }

  /** Takes over {@linkcode doneText}; `""`: nothing is known. */
  restoreDone(text: string): void {
    const [floor = 0, ...above] = text.split(",").map(Number);
    this.floor = floor;
    for (const logId of above) this.above.add(logId);
  }
}
