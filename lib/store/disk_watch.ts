import { logLimit, type Room } from "./disk_limit.ts";
import { Reserve } from "./reserve.ts";

/**
 * With less free than this, in bytes, the disk counts as full: a deletion is written to the log, and the log is moved into the database,
 * and both take room.
 */
const LOW_BYTES = 2 * 1024 * 1024;
/** With more than this free, in bytes, it does not count as full any more. */
const ENOUGH_BYTES = 4 * 1024 * 1024;

/** How large the files are. */
export interface FileSizes {
  /** Of the log, bytes. */
  readonly logBytes: number;
  /** What the database would grow by if the log were moved into it, bytes. */
  readonly growthBytes: number;
}

/** Watches how much room the store's disk has, where the system tells it, and keeps the reserve. */
export class DiskWatch {
  readonly #maxLogBytes: number;
  readonly #reserve: Reserve;
  #isLow = false;
  /** Asks the system for the room, as soon as the module for it is loaded. */
  room: (() => Room) | undefined;

  /** `maxBytes`: of the database; 0: no limit. */
  constructor(directory: string, maxBytes: number) {
    this.#maxLogBytes = logLimit(maxBytes);
    this.#reserve = new Reserve(directory);
  }

  /** Whether there is room for deletions only. */
  get isFull(): boolean {
    return this.#isLow || this.#reserve.isMissed;
  }

  /** Whether the log should be moved into the database now, because it is long, or because there will be no room for that later. */
  isCheckpointDue({ logBytes, growthBytes }: FileSizes): boolean {
    const free = this.room?.().freeBytes;
    this.#isLow = free !== undefined && free < (this.#isLow ? ENOUGH_BYTES : LOW_BYTES);
    const isTight = this.isFull || free !== undefined && logBytes + LOW_BYTES > free;
    if (logBytes < (isTight ? 1 : this.#maxLogBytes)) return false;
    // Half a checkpoint would use up the room, and free none.
    if (growthBytes <= 0) return true;
    if (free !== undefined) return growthBytes <= free;
    return !this.#reserve.isMissed || this.#reserve.hasRoomFor(growthBytes);
  }

  /** Makes room for a write that has failed for want of room; `false`: the reserve is given up already. */
  giveUpReserve(): boolean {
    return this.#reserve.giveUp();
  }

  /** Looks whether there is room for the reserve, and makes it. */
  lookAgain(): void {
    const free = this.room?.().freeBytes;
    if (free !== undefined && free < ENOUGH_BYTES) return;
    if (this.#reserve.make()) this.#isLow = false;
  }
}
