/** Bytes that move at once: one or two milliseconds. */
export const MOVED_BYTES: number = 4 * 1024 * 1024;

/**
 * Copies `bytes` to the beginning of `to` in parts, because others would wait a tenth of a second for 128 MB. Calls `whenMoved` after the last
 * part. Where `isWanted` says no before a part, nothing more is copied, and `whenUnwanted` is called instead.
 */
export function moveInParts(
  bytes: Uint8Array,
  to: Uint8Array,
  isWanted: () => boolean,
  whenMoved: () => void,
  whenUnwanted: () => void,
): void {
  let at = 0;
  const moveOn = (): void => {
    if (!isWanted()) return whenUnwanted();
    to.set(bytes.subarray(at, at + MOVED_BYTES), at);
    at += MOVED_BYTES;
    if (at < bytes.length) setTimeout(moveOn, 0);
    else whenMoved();
  };
  moveOn();
}
