import type { NatsConnection } from "./connection.ts";
import { NatsError } from "./error.ts";
import type { HeaderEntries } from "./headers.ts";
import { ackOf, infoOf, jsonOf, type PublishAck, type StreamInfo } from "./jetstream_answers.ts";

/** What a stream is to be; names are JetStream's own. */
export interface StreamConfig {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly num_replicas: number;
  /** Bytes; -1: no limit. */
  readonly max_bytes: number;
  /** -1: no limit. */
  readonly max_msgs_per_subject: number;
  /** Nanoseconds in which a message of the same `Nats-Msg-Id` is not stored again. */
  readonly duplicate_window: number;
  /** What a full stream does; default: `old`. */
  readonly discard?: "old" | "new";
  /** Whether a message may take the place of all before it on its subject. */
  readonly allow_rollup_hdrs?: boolean;
}

/** Which message of a stream is asked for; names are JetStream's own. */
export interface MessageQuery {
  /** The last one of this subject. */
  readonly last_by_subj?: string;
  /** The first one from this number on. */
  readonly seq?: number;
  /** Of these the first one of this subject. */
  readonly next_by_subj?: string;
}

/** A message of a stream. */
export interface StoredMessage {
  /** Its number. */
  readonly sequence: number;
  readonly payload: Uint8Array;
}

const API_MS = 5000;
const NOTHING = new Uint8Array(0);
const NOT_FOUND = 10059;
const NAME_IN_USE = 10058;
const NO_MESSAGE = 10037;
/** `Nats-Expected-Last-Subject-Sequence` did not hold. */
const WRONG_LAST_SEQUENCE = 10071;

/** JetStream, by its API of messages. */
export class JetStream {
  readonly #nats: NatsConnection;

  /** `nats` stays the caller's. */
  constructor(nats: NatsConnection) {
    this.#nats = nats;
  }

  /** Where the stream stands; `undefined`: there is none of this name. */
  async streamInfo(name: string): Promise<StreamInfo | undefined> {
    try {
      return infoOf(await this.call(`STREAM.INFO.${name}`));
    } catch (error) {
      if (error instanceof NatsError && error.code === NOT_FOUND) return undefined;
      throw error;
    }
  }

  /** Makes the stream, unless there is one of this name, which stays as it is. */
  async ensureStream(config: StreamConfig): Promise<StreamInfo> {
    const found = await this.streamInfo(config.name);
    if (found !== undefined) return found;
    const whole = { retention: "limits", storage: "file", discard: "old", ...config };
    try {
      return infoOf(await this.call(`STREAM.CREATE.${config.name}`, whole));
    } catch (error) {
      // Another node was faster.
      if (!(error instanceof NatsError) || error.code !== NAME_IN_USE) throw error;
      const other = await this.streamInfo(config.name);
      if (other === undefined) throw error;
      return other;
    }
  }

  /** Stores a message, and resolves when a majority has it. Rejects with `NatsError`. */
  async publish(
    subject: string,
    payload: Uint8Array,
    headers?: HeaderEntries,
  ): Promise<PublishAck> {
    const options = { timeoutMs: API_MS, ...headers === undefined ? {} : { headers } };
    return ackOf(await this.#nats.request(subject, payload, options));
  }

  /**
   * Publishes only if `after` is the sequence of the subject's last message (0: it has none); `undefined`: it is not. Rejects as `publish`.
   */
  async publishAfter(
    after: number,
    subject: string,
    payload: Uint8Array,
    headers: HeaderEntries = [],
  ): Promise<PublishAck | undefined> {
    const expected = ["Nats-Expected-Last-Subject-Sequence", String(after)] as const;
    try {
      return await this.publish(subject, payload, [...headers, expected]);
    } catch (error) {
      if (error instanceof NatsError && error.code === WRONG_LAST_SEQUENCE) return undefined;
      throw error;
    }
  }

  /**
   * The last message of a subject; `undefined`: there is none, or no such stream. Rejects with `NatsError`. A server (2.9.10) that is asked
   * for a message of a stream that is just being made crashes; so the stream is asked first whether it has any.
   */
  async lastOf(stream: string, subject: string): Promise<StoredMessage | undefined> {
    const info = await this.streamInfo(stream);
    if (info === undefined || info.messages === 0) return undefined;
    return await this.messageOf(stream, { last_by_subj: subject });
  }

  /** One message of a stream; `undefined`: there is none, or no such stream. Rejects with `NatsError`. */
  async messageOf(stream: string, query: MessageQuery): Promise<StoredMessage | undefined> {
    try {
      const answer = await this.call(`STREAM.MSG.GET.${stream}`, query);
      const { seq, data = "" } = (answer["message"] ?? {}) as { seq?: number; data?: string };
      if (typeof seq !== "number" || typeof data !== "string") {
        throw new NatsError("protocol", "Cannot read what JetStream has answered: no message");
      }
      return { sequence: seq, payload: Uint8Array.fromBase64(data) };
    } catch (error) {
      const isThere = !(error instanceof NatsError) ||
        ![NO_MESSAGE, NOT_FOUND].includes(error.code);
      if (isThere) throw error;
      return undefined;
    }
  }

  /** Deletes the messages of a stream before this number. */
  async purgeBefore(stream: string, sequence: number): Promise<void> {
    await this.call(`STREAM.PURGE.${stream}`, { seq: sequence });
  }

  /** Calls a method of the API; returns its answer. Rejects with `NatsError`. */
  async call(method: string, body?: unknown): Promise<Record<string, unknown>> {
    const payload = body === undefined ? NOTHING : new TextEncoder().encode(JSON.stringify(body));
    const answer = await this.#nats.request(`$JS.API.${method}`, payload, { timeoutMs: API_MS });
    return jsonOf(answer);
  }
}
