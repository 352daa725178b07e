/** What a queue of deadlines needs of an entry. */
export interface Due {
  /** The deadline's index in the heap of the queue; -1: not queued. Only the queue changes this. */
  index: number;
  /** In the clock's milliseconds; `Infinity`: not queued. Only the queue changes this. */
  atMs: number;
  /** Called when the time has come. */
  call(): void;
}

/** A callback that is due at a time. Its owner keeps the object; a deadline is in at most one queue. */
export class Deadline implements Due {
  /** The deadline's index in the heap of the queue; -1: not queued. Only the queue changes this. */
  index: number = -1;
  /** In the clock's milliseconds; `Infinity`: not queued. Only the queue changes this. */
  atMs: number = Infinity;

  /** `onDue` is called once when the time has come; it may set the deadline again. */
  constructor(readonly onDue: () => void) {}

  /** {@linkcode Due.call} */
  call(): void {
    this.onDue();
  }
}

/** The one queue of all keep-alives, expiries and delays: a binary heap, earliest first. */
export class Deadlines {
  readonly #heap: Due[] = [];

  /** Deadlines that are queued. */
  get size(): number {
    return this.#heap.length;
  }

  /** When the earliest is due; `Infinity` where there is none. */
  get nextMs(): number {
    return this.#heap[0]?.atMs ?? Infinity;
  }

  /** Queues the deadline for `atMs`, or moves it there. */
  set(deadline: Due, atMs: number): void {
    const wasMs = deadline.atMs;
    deadline.atMs = atMs;
    if (deadline.index < 0) {
      deadline.index = this.#heap.length;
      this.#heap.push(deadline);
      this.#up(deadline);
    } else if (atMs < wasMs) this.#up(deadline);
    else this.#down(deadline);
  }

  /** Removes the deadline from the queue; does nothing where it is not queued. */
  clear(deadline: Due): void {
    if (deadline.index < 0) return;
    const last = this.#heap.pop()!;
    if (last !== deadline) {
      last.index = deadline.index;
      this.#heap[last.index] = last;
      this.#up(last);
      this.#down(last);
    }
    deadline.index = -1;
    deadline.atMs = Infinity;
  }

  /** Calls all deadlines that are due, earliest first, until `mustStop` returns true: the rest is called in the next turn. */
  run(nowMs: number, mustStop: () => boolean = () => false): void {
    while (!mustStop()) {
      const first = this.#heap[0];
      if (first === undefined || first.atMs > nowMs) return;
      this.clear(first);
      first.call();
    }
  }

  #up(deadline: Due): void {
    let i = deadline.index;
    while (i > 0) {
      const parent = this.#heap[(i - 1) >> 1]!;
      if (parent.atMs <= deadline.atMs) break;
      this.#heap[i] = parent;
      parent.index = i;
      i = (i - 1) >> 1;
    }
    this.#heap[i] = deadline;
    deadline.index = i;
  }

  #down(deadline: Due): void {
    let i = deadline.index;
    for (;;) {
      const left = this.#heap[2 * i + 1];
      if (left === undefined) break;
      const right = this.#heap[2 * i + 2];
      const child = right !== undefined && right.atMs < left.atMs ? right : left;
      if (child.atMs >= deadline.atMs) break;
      this.#heap[i] = child;
      const childIndex = child.index;
      child.index = i;
      i = childIndex;
    }
    this.#heap[i] = deadline;
    deadline.index = i;
  }
}
