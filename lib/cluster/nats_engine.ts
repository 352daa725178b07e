import type { LogPort } from "../broker/mod.ts";
import type { Engine, EngineEvents, LogEnd, LogReader, OpenInit } from "./engine.ts";
import { NatsError } from "./nats/error.ts";
import type { HeaderEntries } from "./nats/headers.ts";
import { NatsConnection } from "./nats/connection.ts";
import type { NatsMessage } from "./nats/message.ts";
import { JetStream } from "./nats/jetstream.ts";
import { type LogView, LogWatch } from "./log_watch.ts";
import { Tail, type TailEvents } from "./nats/tail.ts";
import { type OpenedLog, openLog } from "./open_log.ts";
import { type ClusterOptions, streamOf } from "./options.ts";

/** NATS with JetStream, over which the nodes of a cluster share their log. */
export class NatsEngine implements Engine {
  /** The connection. */
  readonly nats: NatsConnection;
  /** By which the log is kept. */
  readonly jetStream: JetStream;
  readonly #options: ClusterOptions;
  readonly #lines: LogPort;
  readonly #watch: LogWatch;

  /** It begins to connect. */
  constructor(
    options: ClusterOptions,
    lines: LogPort,
    { onConnect, onLost, onDenied }: EngineEvents,
  ) {
    this.#options = options;
    this.#lines = lines;
    this.nats = new NatsConnection({
      places: options.places,
      credentials: options.credentials,
      tls: { caCerts: options.caCerts, own: options.clientCertificate },
      name: `flux-mqtt ${options.name} ${options.node}`,
      onConnect: (server) => {
        onConnect(server);
        void this.#watch.look();
      },
      onLost,
      onDenied,
    });
    this.jetStream = new JetStream(this.nats);
    this.#watch = new LogWatch(this.jetStream, options, lines, () => this.nats.isConnected);
  }

  /** {@linkcode Subjects.isConnected} */
  get isConnected(): boolean {
    return this.nats.isConnected;
  }

  /** {@linkcode Subjects.maxPayloadBytes} */
  get maxPayloadBytes(): number {
    return this.nats.maxPayloadBytes;
  }

  /** {@linkcode Subjects.newInbox} */
  newInbox(): string {
    return this.nats.newInbox();
  }

  /** {@linkcode Subjects.publish} */
  publish(
    subject: string,
    payload: Uint8Array,
    options?: { readonly reply?: string; readonly headers?: HeaderEntries },
  ): boolean {
    return this.nats.publish(subject, payload, options);
  }

  /** {@linkcode Subjects.subscribe} */
  subscribe(subject: string, handle: (message: NatsMessage) => void): () => void {
    return this.nats.subscribe(subject, handle);
  }

  /** {@linkcode Subjects.settle} */
  settle(done: () => void): void {
    this.nats.settle(done);
  }

  /** {@linkcode Engine.openLog} */
  openLog(init: OpenInit): Promise<OpenedLog | undefined> {
    const { jetStream } = this;
    return openLog({ ...init, options: this.#options, log: this.#lines, jetStream });
  }

  /** {@linkcode Engine.readLog} */
  readLog(next: number, events: TailEvents): LogReader {
    return new Tail(this.nats, this.jetStream, streamOf(this.#options.name), next, {
      ...events,
      message: (...message) => {
        this.#watch.heard();
        events.message(...message);
      },
    });
  }

  /** {@linkcode Engine.endOfLog} */
  async endOfLog(): Promise<LogEnd> {
    const info = await this.jetStream.streamInfo(streamOf(this.#options.name));
    if (info === undefined) throw new NatsError("closed", "There is no log");
    return { sequence: info.lastSequence, ageMs: info.majorityAgeMs ?? 0 };
  }

  /** {@linkcode Engine.isLogAway} */
  get isLogAway(): boolean {
    return this.#watch.isAway;
  }

  /** {@linkcode Engine.logView} */
  get logView(): LogView | undefined {
    return this.#watch.view;
  }

  /** {@linkcode Engine.close} */
  close(): Promise<void> {
    this.#watch.close();
    return this.nats.close();
  }
}
