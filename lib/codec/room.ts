/**
 * Makes room for `sizeBytes` after the first `length` bytes: returns `bytes` itself, or a copy of these that is at least twice as
 * large, so that a buffer that grows again and again copies each byte only a few times.
 */
export function withRoom(
  bytes: Uint8Array<ArrayBuffer>,
  length: number,
  sizeBytes: number,
): Uint8Array<ArrayBuffer> {
  const needed = length + sizeBytes;
  if (needed <= bytes.length) return bytes;
  const grown = new Uint8Array(Math.max(needed, bytes.length * 2));
  grown.set(bytes.subarray(0, length));
  return grown;
}
