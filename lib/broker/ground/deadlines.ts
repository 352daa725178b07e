/** Something that is due at a time. Whoever owns it keeps it; one is in at most one queue. */
export class Deadline {
  /** Where it stands in the queue's heap; -1: not queued. The queue's to change. */
  index: number = -1;
  /** In the clock's milliseconds; `Infinity`: not queued. The queue's to change. */
  atMs: number = Infinity;

  /** `onDue` is called once when the time has come; it may set the deadline again. */
  constructor(readonly onDue: () => void) {}
}

/** The one queue of all keep-alives, expiries and delays: a binary heap, earliest first. */
export class Deadlines {
  readonly #heap: Deadline[] = [];

  /** Deadlines that are queued. */
  get size(): number {
    return this.#heap.length;
  }

  /** When the earliest is due; `Infinity` where there is none. */
  get nextMs(): number {
    return this.#heap[0]?.atMs ?? Infinity;
  }

  /** Queues the deadline for `atMs`, or moves it there. */
  set(deadline: Deadline, atMs: number): void {
    const wasMs = deadline.atMs;
    deadline.atMs = atMs;
    if (deadline.index < 0) {
      deadline.index = this.#heap.length;
      this.#heap.push(deadline);
      this.#up(deadline);
    } else if (atMs < wasMs) this.#up(deadline);
    else this.#down(deadline);
  }

  /** Takes the deadline out; one that is not queued stays as it is. */
  clear(deadline: Deadline): void {
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

  /** Calls all that are due, in order of time, until `mustStop` says that it is enough: the rest is due in the next turn. */
  run(nowMs: number, mustStop: () => boolean = () => false): void {
    while (!mustStop()) {
      const first = this.#heap[0];
      if (first === undefined || first.atMs > nowMs) return;
      this.clear(first);
      first.onDue();
    }
  }

  #up(deadline: Deadline): void {
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

  #down(deadline: Deadline): void {
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
