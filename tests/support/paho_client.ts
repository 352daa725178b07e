import type { Qos } from "../../lib/codec/mod.ts";
import {
  type ClientInit,
  type ClientMessage,
  Inbox,
  type InteropClient,
  type PublishInit,
  type SubscribeInit,
} from "./interop_client.ts";
import { Lines } from "./lines.ts";

const SCRIPT = new URL("paho_client.py", import.meta.url).pathname;

/** A line of the script's output; its further fields depend on the event. */
interface Event {
  readonly client: number;
  readonly event: "connack" | "suback" | "unsuback" | "published" | "message" | "disconnect";
  readonly reasonCode: number;
  readonly sessionPresent: boolean;
}

type Send = (command: Record<string, unknown>) => Promise<void>;

/** Python with paho, in a process of its own, and its clients. `await using` ends it. */
export class Paho {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reading: Promise<void>;
  readonly #clients: PahoClient[] = [];

  constructor(python: string) {
    this.#process = new Deno.Command(python, {
      args: [SCRIPT],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    const lines = new Lines(this.#process.stdout, (line) => {
      const event = JSON.parse(line) as Event;
      this.#clients[event.client]!.handle(event);
    });
    this.#reading = lines.ended;
  }

  /** Connects one more client. */
  async connect(init: ClientInit): Promise<InteropClient> {
    const number = this.#clients.length;
    const client = new PahoClient((command) => this.#send({ client: number, ...command }));
    this.#clients.push(client);
    const { port, clientId, protocolVersion, cleanStart = true, will = null } = init;
    const expiry = init.sessionExpiryInterval ?? null;
    await client.connect({ port, clientId, protocolVersion, cleanStart, expiry, will });
    return client;
  }

  async #send(command: Record<string, unknown>): Promise<void> {
    await this.#input.write(new TextEncoder().encode(JSON.stringify(command) + "\n"));
  }

  /** Closes the script's input, which ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {}); // It may be closed already.
    await this.#process.status;
    await this.#reading;
  }
}

class PahoClient implements InteropClient {
  readonly inbox = new Inbox();
  readonly ended: Promise<number | undefined>;
  sessionPresent = false;
  readonly #send: Send;
  /** Callbacks that wait for each answer, in order. */
  readonly #waiting = new Map<Event["event"], ((event: Event) => void)[]>();
  readonly #aliases = new Map<string, number>();

  constructor(send: Send) {
    this.#send = send;
    this.ended = this.#answer("disconnect").then(({ reasonCode }) =>
      reasonCode === 0 ? undefined : reasonCode
    );
  }

  async connect(command: Record<string, unknown>): Promise<void> {
    const { reasonCode, sessionPresent } = await this.#do("connack", { do: "connect", ...command });
    if (reasonCode !== 0) throw new Error(`paho is refused with ${reasonCode}`);
    this.sessionPresent = sessionPresent;
  }

  async subscribe(topicFilter: string, qos: Qos, init: SubscribeInit = {}): Promise<number> {
    const command = { do: "subscribe", topicFilter, qos, init };
    return (await this.#do("suback", command)).reasonCode;
  }

  async unsubscribe(topicFilter: string): Promise<void> {
    await this.#do("unsuback", { do: "unsubscribe", topicFilter });
  }

  async publish(
    topic: string,
    payload: string | Uint8Array,
    { qos = 0, retain = false, properties = {}, usesAlias = false }: PublishInit = {},
  ): Promise<void> {
    const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
    let name = topic;
    let alias = {};
    if (usesAlias) {
      const known = this.#aliases.get(topic);
      alias = { topicAlias: known ?? this.#aliases.size + 1 };
      if (known === undefined) this.#aliases.set(topic, this.#aliases.size + 1);
      else name = "";
    }
    await this.#do("published", {
      do: "publish",
      topic: name,
      payload: bytes.toBase64(),
      qos,
      retain,
      properties: { ...properties, ...alias },
    });
  }

  async disconnect(): Promise<void> {
    await this.#send({ do: "disconnect" });
    await this.ended;
  }

  async drop(): Promise<void> {
    await this.#send({ do: "drop" });
    await this.ended;
  }

  async #do(answer: Event["event"], command: Record<string, unknown>): Promise<Event> {
    const answered = this.#answer(answer);
    await this.#send(command);
    return answered;
  }

  #answer(event: Event["event"]): Promise<Event> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(event);
      if (waiting === undefined) this.#waiting.set(event, [resolve]);
      else waiting.push(resolve);
    });
  }

  handle(event: Event): void {
    if (event.event !== "message") return this.#waiting.get(event.event)?.shift()?.(event);
    const message = event as unknown as ClientMessage & { readonly payload: string };
    this.inbox.push({
      ...message,
      payload: Uint8Array.fromBase64(message.payload),
    });
  }
}
