import type { LogPort } from "../broker/mod.ts";
import type { Engine, Timers } from "./engine.ts";
import type { Log } from "./log.ts";
import { WHOLE_LOG_WAIT_MS } from "./open_log.ts";
import type { Position } from "./position.ts";

/** How long the servers may take for what is sent again. */
const AGAIN_MS = 10_000;
const AGAIN_LOOK_MS = 50;

/** What a node gives for it. */
export interface LostLogInit {
  readonly engine: Engine;
  /** This node's records. */
  readonly records: Log;
  readonly timers: Timers;
  readonly log: LogPort;
  readonly nowMs: () => number;
  /** {@linkcode ClusterInit.wholeLogWaitMs} */
  readonly wholeLogWaitMs?: number | undefined;
  /** {@linkcode ClusterInit.fellBehind} */
  readonly fellBehind?: (() => void) | undefined;
  /** {@linkcode ClusterInit.losses} */
  readonly losses?: number | undefined;
}

/**
 * What becomes of a node whose servers have lost of the log what it had applied: it says so, puts into the log what it knows of its own records,
 * and starts anew.
 */
export class LostLog {
  /** How often that has been. */
  count: number;
  /** It is so, and not for a moment: nothing is read any more. */
  isLost = false;
  readonly #init: LostLogInit;
  /** Since when the log is gone, or has less than was read; `undefined`: it is whole. */
  #shortSinceMs: number | undefined;
  #isClosed = false;

  /** Nothing is lost yet. */
  constructor(init: LostLogInit) {
    this.#init = init;
    this.count = init.losses ?? 0;
  }

  /** Whether the log has less than was read, perhaps for a moment. */
  get isShort(): boolean {
    return this.#shortSinceMs !== undefined;
  }

  /** It was so before this node read anything. */
  wasCut(): void {
    this.count = Math.max(this.count, 1);
  }

  /** The log has what was read. */
  whole(): void {
    this.#shortSinceMs = undefined;
  }

  /**
   * The log is gone, or has less than this node has read (`applied`). A new leader may say so for a moment. Returns whether it is lost from
   * here on.
   */
  short(
    applied: Pick<Position, "sequence" | "created">,
    last: number | undefined,
    isAnother: boolean,
  ): boolean {
    if (this.isLost) return false;
    const { log, nowMs, wholeLogWaitMs = WHOLE_LOG_WAIT_MS } = this.#init;
    const facts = { applied: applied.sequence, last: last ?? "gone" };
    if (this.#shortSinceMs === undefined) {
      this.#shortSinceMs = nowMs();
      const message = "The cluster's log does not have what this node has applied";
      if (!isAnother) log.warning(message, facts);
    }
    if (!isAnother && nowMs() - this.#shortSinceMs < wholeLogWaitMs) return false;
    this.isLost = true;
    this.count++;
    log.error(
      "The cluster's log is another one, or has lost its end: acknowledged messages may be lost",
      facts,
    );
    void this.#startAnew(applied);
    return true;
  }

  /** The node leaves. */
  close(): void {
    this.#isClosed = true;
  }

  /** Puts what this node knows of its own lost records into the log, which is made where it is gone, and then has to start anew. */
  async #startAnew({ created }: Pick<Position, "created">): Promise<void> {
    const { engine, records, log, nowMs, timers, fellBehind } = this.#init;
    const isClosed = () => this.#isClosed;
    const opened = await engine.openLog({ position: undefined, wholeLogWaitMs: 0, isClosed });
    if (opened === undefined) return;
    const { info } = opened;
    const sent = records.sendAgain(info.created === created ? info.lastSequence : 0);
    const endMs = nowMs() + AGAIN_MS;
    const end = () => {
      if (this.#isClosed) return;
      const isOver = records.areStored || nowMs() > endMs;
      if (!isOver) return void timers.after(AGAIN_LOOK_MS, end);
      log.warning("This node's own records are in the cluster's log again", { records: sent });
      if (fellBehind !== undefined) return fellBehind();
      log.error("The node takes no part any more: it has to be closed and opened again");
    };
    end();
  }
}
