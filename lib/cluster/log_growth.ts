import type { StreamInfo } from "./nats/jetstream_answers.ts";

/** What a record takes in the log beside its own bytes. */
const RECORD_BYTES = 100;

/** A moment. */
interface Sample {
  /** The last record that was applied. */
  readonly sequence: number;
  /** Bytes of records since the start. */
  readonly bytes: number;
}

/** How many bytes of the log stand behind a record of it: JetStream says it of the whole log alone. */
export class LogGrowth {
  #samples: Sample[] = [];

  /** The node stands here now; to be called often. */
  add(sample: Sample): void {
    if (this.#samples.at(-1)?.sequence !== sample.sequence) this.#samples.push(sample);
  }

  /** The bytes behind this record. It does not become smaller from call to call. Where this node was not there, records count alike. */
  bytesBehind(sequence: number, info: StreamInfo): number {
    const known = this.#samples.findLastIndex((sample) => sample.sequence <= sequence);
    if (known > 0) this.#samples = this.#samples.slice(known);
    const [first] = this.#samples;
    if (first === undefined) return estimate(sequence, info.lastSequence, info);
    const last = this.#samples.at(-1)!;
    const seen = last.bytes - first.bytes + (last.sequence - first.sequence) * RECORD_BYTES;
    return seen + estimate(sequence, first.sequence, info);
  }
}

/** Of the records behind `from` up to `to`. */
function estimate(from: number, to: number, info: StreamInfo): number {
  const { firstSequence, lastSequence, bytes } = info;
  const records = Math.max(0, to - Math.max(from, firstSequence - 1));
  return bytes * records / Math.max(1, lastSequence - firstSequence + 1);
}
