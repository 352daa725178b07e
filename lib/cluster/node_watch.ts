import type { RecordHead } from "./record.ts";
import type { FromCluster } from "../broker/mod.ts";
import type { Members } from "./members.ts";
import type { ClusterInit } from "./node_init.ts";
import type { NodeParts } from "./node_parts.ts";

/** What the watch asks its node. */
export interface WatchedNode {
  /** {@linkcode ClusterNode.isReady} */
  isReady(): boolean;
  /** {@linkcode ClusterLevel.behind} */
  behind(): number;
  /** The last record of a node. */
  headOf(node: string): RecordHead;
  /** The way into the broker. */
  turn(): FromCluster;
}

/** How long a node is not heard until others take it for dead, milliseconds. */
export const DEAD_AFTER_MS = 10_000;
/** What another broker with this node's name has written may come before it is heard. */
const OLDER_LOOKS = 8;
/** How long after it is ready a node has heard how far the others are, and has begun to read what it lacks. */
const HEARD_ALL_MS = 3000;
/** Between two looks no more time passes, unless the process stood still. */
const STOOD_STILL_MS = 5000;

/** Looks from time to time whether other nodes have died, and whether this one is cut off from them. */
export class NodeWatch {
  readonly #init: ClusterInit;
  readonly #parts: NodeParts;
  readonly #members: Members;
  readonly #node: WatchedNode;
  /** Since when nothing kept this node from hearing others. */
  #readySinceMs: number;
  #lookedAtMs: number;
  #currentSinceMs = Infinity;
  #readyAtMs: number;
  #isIsolated = false;
  #looksOlder = 0;
  /** When this node said of others that they are dead. */
  readonly #declared = new Map<string, number>();

  /** It counts from now on. */
  constructor(init: ClusterInit, parts: NodeParts, members: Members, node: WatchedNode) {
    this.#init = init;
    this.#parts = parts;
    this.#members = members;
    this.#node = node;
    this.#readySinceMs = this.#readyAtMs = this.#lookedAtMs = init.nowMs();
  }

  /** The node takes part from now on. */
  begin(): void {
    this.#readyAtMs = this.#init.nowMs();
  }

  /** {@linkcode ClusterPort.currentSinceMs} */
  get currentSinceMs(): number {
    return this.#hasStoodStill ? Infinity : this.#currentSinceMs;
  }

  get #hasStoodStill(): boolean {
    return this.#init.nowMs() - this.#lookedAtMs > STOOD_STILL_MS;
  }

  /** To be called from time to time. */
  look(): void {
    this.#lookAtLag();
    this.#lookAtTwin();
    this.#lookAtDead();
    this.#lookAtIsolation();
  }

  /** Looks whether this node knows what the others do. Where it is behind for a moment later on it still does. */
  #lookAtLag(): void {
    const nowMs = this.#init.nowMs();
    if (this.#hasStoodStill || !this.#node.isReady()) {
      this.#readySinceMs = nowMs;
      this.#currentSinceMs = Infinity;
    } else if (nowMs - this.#readySinceMs >= HEARD_ALL_MS && this.#node.behind() === 0) {
      this.#currentSinceMs = Math.min(this.#currentSinceMs, nowMs);
    }
    this.#lookedAtMs = nowMs;
  }

  /** A broker that had this node's name was the later one by the log, and is gone: what this one says does not count any more. */
  #lookAtTwin(): void {
    const { options: { node }, log, fellBehind } = this.#init;
    const { epoch } = this.#parts.log;
    const isOlder = epoch > 0 && !this.#members.hasTwin && this.#node.headOf(node).epoch > epoch;
    this.#looksOlder = isOlder ? this.#looksOlder + 1 : 0;
    if (this.#looksOlder !== OLDER_LOOKS) return;
    log.error("Another broker has written into the log as this node, which has to start again", {
      node,
    });
    fellBehind?.();
  }

  /** Says of nodes that were not heard for long that they are dead. The first of those that are left does, others only where it does not. */
  #lookAtDead(): void {
    const { options, deadAfterMs = DEAD_AFTER_MS } = this.#init;
    if (!this.#node.isReady()) return;
    const nowMs = this.#init.nowMs();
    const isFirst = this.#members.others.every((other) => options.node < other);
    const waitMs = isFirst ? deadAfterMs : 2 * deadAfterMs;
    for (
      const node of new Set([...this.#parts.sessions.homes.nodes, ...this.#parts.shares.nodes])
    ) {
      if (node === options.node) continue;
      const heardAtMs = Math.max(this.#members.heardAtMs(node), this.#readySinceMs);
      if (nowMs - Math.max(heardAtMs, this.#declared.get(node) ?? 0) < waitMs) continue;
      this.#declared.set(node, nowMs);
      this.#parts.log.death(this.#node.headOf(node));
    }
  }

  /** Sends clients away that would find their sessions at another node, and looks after those that have not found any. */
  #lookAtIsolation(): void {
    const { options: { isolationTimeoutMs }, log } = this.#init;
    const isolatedMs = this.#init.nowMs() - this.#readyAtMs;
    if (this.#node.isReady()) {
      this.#readyAtMs = this.#init.nowMs();
      if (!this.#isIsolated || this.#parts.log.waiting > 0) return;
      this.#isIsolated = false;
      this.#node.turn().inherit([...this.#parts.sessions.homes.own()]);
    } else if (
      isolationTimeoutMs > 0 && isolatedMs > isolationTimeoutMs && !this.#isIsolated &&
      this.#parts.log.epoch > 0
    ) {
      this.#isIsolated = true;
      log.warning(
        "Clients with sessions are sent to other nodes: this node takes no part in the cluster",
        {
          seconds: Math.round(isolatedMs / 1000),
        },
      );
      this.#node.turn().isolate();
    }
  }
}
