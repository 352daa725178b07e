import { LogGrowth } from "./log_growth.ts";
import type { StreamInfo } from "./nats/jetstream_answers.ts";
import type { FoundObject } from "./nats/object_store.ts";
import type { ClusterLevel } from "./node_init.ts";
import { isOfOtherRules, positionOf } from "./position.ts";
import { VERSION } from "./record_form.ts";
import { viewOf } from "./snapshot.ts";

/** A snapshot is due when so much of the log's room is behind the last one. */
const DUE_PART = 0.25;

/** Decides when a node makes a snapshot. */
export class SnapshotDue {
  readonly #maxLogBytes: number;
  /** Up to this record the log was applied by other rules; `Infinity`: none of it. */
  readonly #upgradedAt: number;
  readonly #growth = new LogGrowth();
  /** The chunks of a snapshot that another node could not read. */
  #damaged = "";

  /** `maxLogBytes`: the room of a log that has no limit. `begun`: what the store knew of the log when the node began. */
  constructor(maxLogBytes: number, begun: string | undefined) {
    this.#maxLogBytes = maxLogBytes;
    this.#upgradedAt = isOfOtherRules(begun) ? positionOf(begun)!.sequence : Infinity;
  }

  /** Whether a copy of the store tells that it was applied by these rules, where the node is to show one that does. */
  isOfUse(position: string | undefined): boolean {
    return this.#upgradedAt === Infinity || !isOfOtherRules(position);
  }

  /** Another node cannot read the snapshot that has these chunks. */
  damaged(nuid: string): void {
    this.#damaged = nuid;
  }

  /** Whether nobody can read this one. */
  isDamaged(last: FoundObject | undefined): boolean {
    return last !== undefined && last.info.nuid === this.#damaged;
  }

  /** The node stands here now; to be called often. */
  add({ sequence, bytes }: ClusterLevel): void {
    this.#growth.add({ sequence, bytes });
  }

  /** Whether one is due, behind the last one. */
  isDue(info: StreamInfo, last: FoundObject | undefined, { sequence }: ClusterLevel): boolean {
    const view = last === undefined ? undefined : viewOf(last);
    const from = view?.created === info.created ? view.sequence : 0;
    if (this.isDamaged(last)) return sequence >= from;
    // A node that is behind makes none: the log would not reach back to it.
    if (sequence <= from) return false;
    // Nodes that are upgraded after this one have not applied its records, and start from what it has.
    if (sequence > this.#upgradedAt && view?.rules !== VERSION) return true;
    const roomBytes = info.maxBytes > 0 ? info.maxBytes : this.#maxLogBytes;
    return this.#growth.bytesBehind(from, info) >= DUE_PART * roomBytes;
  }
}
