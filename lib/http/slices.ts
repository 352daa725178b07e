/** Items that are looked at before others have their turn. */
export const SLICE = 2000;

/** Lets everything else that waits have its turn. */
export function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Goes over all items, with pauses: however many there are, no client waits for longer than a slice takes. */
export async function inSlices<T>(
  items: Iterable<T>,
  visit: (item: T) => void,
  signal: AbortSignal,
): Promise<void> {
  let count = 0;
  for (const item of items) {
    visit(item);
    if (++count % SLICE !== 0) continue;
    await pause();
    signal.throwIfAborted();
  }
}
