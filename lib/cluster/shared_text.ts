import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { NatsConnection } from "./nats/connection.ts";
import { NatsError } from "./nats/error.ts";
import { JetStream } from "./nats/jetstream.ts";
import { type Entry, KeyValue } from "./nats/key_value.ts";
import { type ClusterOptions, prefixOf } from "./options.ts";

/** What all nodes have, and the number of the write that put it there. */
export interface SharedVersion {
  /** What they have. */
  readonly text: string;
  /** The number of its write: greater than those before. */
  readonly revision: number;
}

/** What sharing a text needs. */
export interface SharedTextInit {
  /** What the node is told. */
  readonly options: ClusterOptions;
  /** Which text it is: letters, digits, `-` and `_`. */
  readonly key: string;
  /** Called where the text may have changed: at once when another node says so, and from time to time. */
  readonly look: () => void;
  /** How often, where nobody says anything; default: 2,000. */
  readonly lookMs?: number;
}

const LOOK_MS = 2000;
/** A server that was just leading may have given an old text. */
const READ_AGAIN_MS = 60_000;
/** Beside the text a message has its headers. */
const HEAD_BYTES = 4096;
/** Bytes of a text that was compressed: what was put there by mistake must not fill the memory. */
const MAX_TEXT_BYTES = 256 * 1024 * 1024;

/**
 * A text that all nodes have, in the cluster's bucket of values by key, compressed. A write counts only where nothing was written since the
 * writer has read; so all nodes see the same texts in the same order. It has a connection of its own.
 */
export class SharedText {
  readonly #options: ClusterOptions;
  readonly #key: string;
  readonly #subject: string;
  readonly #nats: NatsConnection;
  readonly #values: KeyValue;
  readonly #timer: ReturnType<typeof setInterval>;
  /** What was read last, and when: a long text is not read again for nothing. */
  #read: { stamp: string; atMs: number; version: SharedVersion | undefined } | undefined;

  /** It begins to connect. */
  constructor({ options, key, look, lookMs = LOOK_MS }: SharedTextInit) {
    this.#options = options;
    this.#key = key;
    this.#subject = `${prefixOf(options.name)}.shared.${key}`;
    this.#nats = new NatsConnection({
      places: options.places,
      credentials: options.credentials,
      tls: { caCerts: options.caCerts, own: options.clientCertificate },
      name: `flux-mqtt ${options.name} ${options.node} ${key}`,
      onConnect: look,
    });
    this.#nats.subscribe(this.#subject, look);
    this.#values = new KeyValue(new JetStream(this.#nats), `FLUX_${options.name}`);
    this.#timer = setInterval(look, lookMs);
  }

  /** What all nodes have; `undefined`: nothing yet. Rejects where that cannot be known. */
  async read(): Promise<SharedVersion | undefined> {
    const stamp = await this.#values.stamp();
    if (stamp === undefined) return undefined;
    const atMs = performance.now();
    const read = this.#read;
    if (read?.stamp === stamp && atMs - read.atMs < READ_AGAIN_MS) return read.version;
    const entry = await this.#values.get(this.#key);
    const version = entry && await unpacked(entry);
    this.#read = { stamp, atMs, version };
    return version;
  }

  /**
   * Puts a text there, if `after` is the number of the last write (0: there was none), and tells the other nodes; returns its own number,
   * `undefined`: another node was faster. Rejects where that cannot be known.
   */
  async write(text: string, after: number): Promise<number | undefined> {
    const bytes = await promisify(gzip)(new TextEncoder().encode(text)) as Uint8Array;
    const maxBytes = this.#nats.maxPayloadBytes - HEAD_BYTES;
    if (bytes.length > maxBytes) {
      const sizes = `${bytes.length} bytes, of ${maxBytes} by its max_payload`;
      throw new NatsError("refused", `The NATS server does not take a text of ${sizes}`);
    }
    await this.#values.ensure(this.#options.replicas);
    const revision = await this.#values.put(this.#key, bytes, after);
    if (revision !== undefined) this.#nats.publish(this.#subject, new Uint8Array(0));
    return revision;
  }

  /** Leaves. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#nats.close();
  }

  /** The same. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

async function unpacked({ value, revision }: Entry): Promise<SharedVersion> {
  const bytes = await promisify(gunzip)(value, { maxOutputLength: MAX_TEXT_BYTES }) as Uint8Array;
  return { text: new TextDecoder().decode(bytes), revision };
}
