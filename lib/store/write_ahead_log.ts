/** Bytes of the log's header, and of the header before each page in it. */
const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** The first word of a log; with the last bit set the checksums read big-endian words. */
const MAGIC = 0x377f0682;

/**
 * Whether something is missing in a write-ahead log that SQLite would read past without a word: it takes what comes before
 * the first frame that does not fit, and forgets the rest. A process that is killed leaves at most frames behind it that
 * belong to no commit; a commit behind a gap, or a log without a beginning, is damage (or a power cut in the middle of a
 * write, of which nobody was told that it was done).
 */
export function isLogDamaged(log: Uint8Array): boolean {
  if (log.length <= HEADER_BYTES) return false;
  const view = new DataView(log.buffer, log.byteOffset, log.byteLength);
  const magic = view.getUint32(0);
  if ((magic & ~1) >>> 0 !== MAGIC) return true;
  const isLittleEndian = (magic & 1) === 0;
  const pageBytes = view.getUint32(8);
  const sum = checksum(view, 0, 24, [0, 0], isLittleEndian);
  if (sum[0] !== view.getUint32(24) || sum[1] !== view.getUint32(28)) return true;
  const frameBytes = FRAME_HEADER_BYTES + pageBytes;
  const lastFrame = log.length - frameBytes;
  let running: Sum = sum;
  let at = HEADER_BYTES;
  for (; at <= lastFrame && hasSalt(view, at); at += frameBytes) {
    running = checksum(view, at, 8, running, isLittleEndian);
    running = checksum(view, at + FRAME_HEADER_BYTES, pageBytes, running, isLittleEndian);
    if (running[0] !== view.getUint32(at + 16) || running[1] !== view.getUint32(at + 20)) break;
  }
  for (; at <= lastFrame; at += frameBytes) {
    const isCommit = view.getUint32(at + 4) !== 0;
    if (isCommit && hasSalt(view, at)) return true;
  }
  return false;
}

type Sum = readonly [number, number];

/** A frame of this log and not of one that was there before has the header's salt. */
function hasSalt(view: DataView, at: number): boolean {
  return view.getUint32(at + 8) === view.getUint32(16) &&
    view.getUint32(at + 12) === view.getUint32(20);
}

/** Goes on with a checksum over so many bytes, a multiple of eight. */
function checksum(
  view: DataView,
  start: number,
  sizeBytes: number,
  from: Sum,
  isLittleEndian: boolean,
): Sum {
  let [first, second] = from;
  for (let at = start; at < start + sizeBytes; at += 8) {
    first = (first + view.getUint32(at, isLittleEndian) + second) >>> 0;
    second = (second + view.getUint32(at + 4, isLittleEndian) + first) >>> 0;
  }
  return [first, second];
}
