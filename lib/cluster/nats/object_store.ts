import { createHash } from "node:crypto";
import { NatsError } from "./error.ts";
import type { JetStream, StoredMessage } from "./jetstream.ts";

/** An object of a bucket; names of the first ones are NATS's own. */
export interface ObjectInfo {
  readonly name: string;
  readonly bucket: string;
  /** The name of its chunks. */
  readonly nuid: string;
  /** Bytes. */
  readonly size: number;
  readonly chunks: number;
  /** `SHA-256=` and the digest in base64url. */
  readonly digest: string;
  /** What whoever has put it says of it. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** An object, and the number of the write that put it there. */
export interface FoundObject {
  readonly info: ObjectInfo;
  readonly revision: number;
}

/** Bytes of a chunk: NATS's own clients use as many. */
const CHUNK_BYTES = 128 * 1024;
/** Chunks that are on their way at a time. */
const WINDOW = 8;
const CHUNK_TRIES = 5;

/** Large values by name, in chunks, laid out as NATS's own object buckets: its tools can read them. */
export class ObjectStore {
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
      name: this.#stream,
      subjects: [`$O.${this.#bucket}.C.>`, `$O.${this.#bucket}.M.>`],
      num_replicas: replicas,
      max_bytes: -1,
      max_msgs_per_subject: -1,
      duplicate_window: 120e9,
      discard: "new",
      allow_rollup_hdrs: true,
    });
  }

  /** What is there under this name; `undefined`: nothing. */
  async info(name: string): Promise<FoundObject | undefined> {
    const found = await this.#jetStream.lastOf(this.#stream, this.#metaSubject(name));
    if (found === undefined) return undefined;
    const info = JSON.parse(new TextDecoder().decode(found.payload)) as ObjectInfo & {
      readonly deleted?: boolean;
    };
    return info.deleted === true ? undefined : { info, revision: found.sequence };
  }

  /**
   * Puts the chunks of an object, which nobody sees before `publish`. `nuid`: 22 or more letters and digits that nothing else in the bucket
   * has. Rejects with `NatsError`, with what the stream rejects with, and with the reason of `signal`.
   */
  async upload(
    name: string,
    nuid: string,
    readable: ReadableStream<Uint8Array>,
    metadata: ObjectInfo["metadata"],
    signal?: AbortSignal,
  ): Promise<ObjectInfo> {
    const hash = createHash("sha256");
    const subject = this.#chunkSubject(nuid);
    const pending: Promise<unknown>[] = [];
    let [size, chunks] = [0, 0];
    try {
      for await (const chunk of chunksOf(readable)) {
        signal?.throwIfAborted();
        hash.update(chunk);
        size += chunk.length;
        const stored = this.#jetStream.publish(subject, chunk);
        stored.catch(() => {});
        pending.push(stored);
        chunks++;
        if (pending.length >= WINDOW) await pending.shift();
      }
    } finally {
      // Nothing is under way when this ends: whoever takes the chunks away again finds them all.
      await Promise.allSettled(pending);
    }
    await Promise.all(pending);
    const digest = `SHA-256=${withPadding(hash.digest("base64url"))}`;
    return { name, bucket: this.#bucket, nuid, size, chunks, digest, metadata };
  }

  /** Shows an object whose chunks are there, if `after` is the revision of the one before it (0: none); `false`: it is not. */
  async publish(info: ObjectInfo, after: number): Promise<boolean> {
    const text = JSON.stringify({
      ...info,
      mtime: new Date().toISOString(),
      options: { max_chunk_size: CHUNK_BYTES },
    });
    const bytes = new TextEncoder().encode(text);
    const rollUp = [["Nats-Rollup", "sub"]] as const;
    const subject = this.#metaSubject(info.name);
    return await this.#jetStream.publishAfter(after, subject, bytes, rollUp) !== undefined;
  }

  /** Reads an object's bytes, chunk after chunk. Throws `NatsError` if it is not whole. */
  async *read({ nuid, size, digest }: ObjectInfo): AsyncIterableIterator<Uint8Array> {
    const hash = createHash("sha256");
    let next = 1;
    for (let left = size; left > 0;) {
      const chunk = await this.#chunkFrom(nuid, next);
      if (chunk === undefined) {
        throw new NatsError("refused", `Cannot read an object: its last ${left} bytes are missing`);
      }
      hash.update(chunk.payload);
      left -= chunk.payload.length;
      next = chunk.sequence + 1;
      yield chunk.payload;
    }
    if (digest !== `SHA-256=${withPadding(hash.digest("base64url"))}`) {
      throw new NatsError("refused", "Cannot read an object: its digest is another one");
    }
  }

  /** Takes an object's chunks away. */
  async deleteChunks(nuid: string): Promise<void> {
    await this.#jetStream.call(`STREAM.PURGE.${this.#stream}`, {
      filter: this.#chunkSubject(nuid),
    });
  }

  /** A server that leaves costs a moment, and not the whole object. */
  async #chunkFrom(nuid: string, sequence: number): Promise<StoredMessage | undefined> {
    for (let tries = 1;; tries++) {
      try {
        return await this.#jetStream.messageOf(this.#stream, {
          seq: sequence,
          next_by_subj: this.#chunkSubject(nuid),
        });
      } catch (error) {
        if (tries === CHUNK_TRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
  }

  get #stream(): string {
    return `OBJ_${this.#bucket}`;
  }

  #chunkSubject(nuid: string): string {
    return `$O.${this.#bucket}.C.${nuid}`;
  }

  #metaSubject(name: string): string {
    const text = new TextEncoder().encode(name).toBase64({ alphabet: "base64url" });
    return `$O.${this.#bucket}.M.${text}`;
  }
}

/** Gathers bytes into chunks of the right size; only the last one is smaller. Each is valid until the next one is asked for. */
async function* chunksOf(readable: ReadableStream<Uint8Array>): AsyncIterableIterator<Uint8Array> {
  const chunk = new Uint8Array(CHUNK_BYTES);
  let length = 0;
  for await (const bytes of readable) {
    for (let at = 0; at < bytes.length;) {
      const count = Math.min(bytes.length - at, CHUNK_BYTES - length);
      chunk.set(bytes.subarray(at, at + count), length);
      at += count;
      length += count;
      if (length < CHUNK_BYTES) continue;
      yield chunk;
      length = 0;
    }
  }
  if (length > 0) yield chunk.subarray(0, length);
}

/** NATS writes the digest as Go does, with padding. */
function withPadding(base64: string): string {
  return base64.padEnd(Math.ceil(base64.length / 4) * 4, "=");
}
