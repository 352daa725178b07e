/** Bytes before the records of a frame: mark, kind, from, to, number, confirmed. */
export const HEADER_SIZE = 26;

/** Distinguishes our frames from other messages under the channel's name; a new format gets a new mark. */
const MARK = 0xb1;

/** What a frame is for, by its number on the wire. */
const KINDS = ["hello", "welcome", "data", "ack", "probe", "bye"] as const;

/**
 * - `hello`: a Worker looks for a bridge (`to` 0).
 * - `welcome`: the bridge answers; with `to` 0 it says that it has started.
 * - `data`: records, numbered; the only kind that is resent.
 * - `ack`: everything before `confirmed` has arrived, `missing` has not.
 * - `probe`: `number` is the highest posted so far; the answer is an `ack`.
 * - `bye`: the sender has no stream with the receiver, or has none any more.
 */
export type FrameKind = typeof KINDS[number];

/** Numbers of data frames, both ends included. */
export type FrameRange = readonly [first: number, last: number];

/** The fields of a frame, without its records. */
export interface FrameHeader {
  readonly kind: FrameKind;
  /** Id of the bridge or Worker that posts, 1 to 2^32 - 1. */
  readonly from: number;
  /** Id of the receiver; 0: everyone on the channel. */
  readonly to: number;
  /** Of a data frame its own, from 1; of a probe the highest posted; else 0. */
  readonly number: number;
  /** The number expected next from `to`: all before it have arrived. 0: no stream yet. */
  readonly confirmed: number;
}

/** A frame as it arrives. */
export interface Frame extends FrameHeader {
  /** Of an `ack`. */
  readonly missing: readonly FrameRange[];
  /** The whole frame; records begin at {@link HEADER_SIZE}. */
  readonly bytes: Uint8Array;
}

/** Writes the header into the first bytes. This is done at each posting, because `confirmed` has grown since the last. */
export function writeHeader(bytes: Uint8Array, header: FrameHeader): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_SIZE);
  view.setUint8(0, MARK);
  view.setUint8(1, KINDS.indexOf(header.kind));
  view.setUint32(2, header.from);
  view.setUint32(6, header.to);
  // Floats count to 2^53 frames, so that numbers need not wrap.
  view.setFloat64(10, header.number);
  view.setFloat64(18, header.confirmed);
}

/** A frame without records. */
export function encodeFrame(
  header: FrameHeader,
  missing: readonly FrameRange[] = [],
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEADER_SIZE + missing.length * 16);
  writeHeader(bytes, header);
  const view = new DataView(bytes.buffer, HEADER_SIZE);
  missing.forEach(([first, last], index) => {
    view.setFloat64(index * 16, first);
    view.setFloat64(index * 16 + 8, last);
  });
  return bytes;
}

/** The frame that arrived on the channel; `undefined` where it is no frame of ours. */
export function decodeFrame(data: unknown): Frame | undefined {
  if (!(data instanceof Uint8Array) || data.length < HEADER_SIZE) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const kind = KINDS[view.getUint8(1)];
  if (view.getUint8(0) !== MARK || kind === undefined) return undefined;
  return {
    kind,
    from: view.getUint32(2),
    to: view.getUint32(6),
    number: view.getFloat64(10),
    confirmed: view.getFloat64(18),
    missing: kind === "ack" ? decodeRanges(view) : [],
    bytes: data,
  };
}

function decodeRanges(view: DataView): FrameRange[] {
  const ranges: FrameRange[] = [];
  for (let at = HEADER_SIZE; at + 16 <= view.byteLength; at += 16) {
    ranges.push([view.getFloat64(at), view.getFloat64(at + 8)]);
  }
  return ranges;
}
