/** How long something works before others have their turn, milliseconds. */
const SLICE_MS = 1;
/** Steps between looks at the clock. */
export const STEPS = 128;

/** Work in slices: however much there is, no client waits for longer than a slice takes. */
export class Slices {
  readonly #signal: AbortSignal;
  #startMs = performance.now();

  /** `signal`: the work is given up. */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Whether others should have their turn: asked now and then. */
  get isOver(): boolean {
    return performance.now() - this.#startMs >= SLICE_MS;
  }

  /** Lets everything else that waits have its turn; throws where the work is given up. */
  async pause(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#signal.throwIfAborted();
    this.#startMs = performance.now();
  }
}

/** Goes over all items, in slices. */
export async function inSlices<T>(
  items: Iterable<T>,
  visit: (item: T) => void,
  signal: AbortSignal,
): Promise<void> {
  const slices = new Slices(signal);
  let count = 0;
  for (const item of items) {
    visit(item);
    if (++count % STEPS === 0 && slices.isOver) await slices.pause();
  }
}
