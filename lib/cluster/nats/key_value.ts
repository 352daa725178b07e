import type { JetStream } from "./jetstream.ts";

/** A value, and the number of the write that put it there. */
export interface Entry {
  readonly value: Uint8Array;
  readonly revision: number;
}

/** Values by key in a stream that keeps the last of each: as NATS's own KV buckets lay them out. */
export class KeyValue {
  readonly #jetStream: JetStream;
  readonly #bucket: string;

  /** `bucket`: letters, digits, `-` and `_`. */
  constructor(jetStream: JetStream, bucket: string) {
    this.#jetStream = jetStream;
    this.#bucket = bucket;
  }

  /** Makes the bucket, unless it is there. */
  async ensure(replicas: number): Promise<void> {
    await this.#jetStream.ensureStream({
      name: `KV_${this.#bucket}`,
      subjects: [`$KV.${this.#bucket}.>`],
      num_replicas: replicas,
      max_bytes: -1,
      max_msgs_per_subject: 1,
      duplicate_window: 120e9,
    });
  }

  /** Another text where something was written to the bucket since; `undefined`: there is none. */
  async stamp(): Promise<string | undefined> {
    const info = await this.#jetStream.streamInfo(`KV_${this.#bucket}`);
    return info && `${info.created} ${info.lastSequence}`;
  }

  /** The value of a key; `undefined`: it has none. */
  async get(key: string): Promise<Entry | undefined> {
    const found = await this.#jetStream.lastOf(`KV_${this.#bucket}`, this.#subject(key));
    return found === undefined ? undefined : { value: found.payload, revision: found.sequence };
  }

  /**
   * Puts a value; returns its revision. With `after` only where that is the key's revision (0: it has none yet), and `undefined` where it
   * is not.
   */
  async put(key: string, value: Uint8Array, after?: number): Promise<number | undefined> {
    const subject = this.#subject(key);
    const ack = after === undefined
      ? await this.#jetStream.publish(subject, value)
      : await this.#jetStream.publishAfter(after, subject, value);
    return ack?.sequence;
  }

  #subject(key: string): string {
    return `$KV.${this.#bucket}.${key}`;
  }
}
