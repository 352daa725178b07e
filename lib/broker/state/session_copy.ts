import type { Delivery, InFlight } from "../../session/mod.ts";
import type { StoredWill } from "../ground/ports.ts";

/** What a node of a cluster knows of a session that all nodes know. */
export class SessionCopy {
  /** When it ends, in the clock's milliseconds; `Infinity`: its client is connected, or it does not end. */
  endsAtMs = Infinity;
  /** The will that is published where the node of the client is dead. */
  will: StoredWill | undefined;
  /** All messages before this place in the log are done with. */
  floor = 0;
  /** Places beyond it that are done with too, while a part of the queue is in the store alone and may have them. */
  readonly above: Set<number> = new Set();
  /** What is in flight by the log, and is in the store alone here, by the place in the log. */
  readonly flights: Map<number, { readonly packetId: number; readonly state: InFlight["state"] }> =
    new Map();

  /** `isElsewhere`: its client is at another node, or was there last: this node only keeps what waits. */
  constructor(public isElsewhere: boolean) {}

  /** Whether the client has the message of this delivery. */
  isDone({ message: { logId = 0 } }: Delivery): boolean {
    return logId > 0 && (logId < this.floor || this.above.has(logId));
  }
}
