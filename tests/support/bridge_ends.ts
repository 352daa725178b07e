import { MqttClient, type ReceivedMessage } from "../../lib/client/mod.ts";
import type { Qos } from "../../lib/codec/mod.ts";
import { BrokerProcess, type BrokerProcessInit } from "./broker_process.ts";

/** A broker that may be killed and restarted with the same port and the same store. `await using` ends it. */
export class FluxBroker {
  readonly #init: BrokerProcessInit;
  readonly #directory: string;
  #process: BrokerProcess | undefined;

  private constructor(
    readonly port: number,
    config: string,
    directory: string,
    transport: BrokerProcessInit["transport"],
  ) {
    this.#directory = directory;
    const lines = [
      `listener ${port} 127.0.0.1`,
      "allow_anonymous true",
      `persistence_location ${directory}`,
      config,
    ];
    this.#init = {
      config: lines.join("\n") + "\n",
      isPortOwn: true,
      ...transport === undefined ? {} : { transport },
    };
  }

  /** Starts a broker; `config` has further lines. */
  static async start(
    port: number,
    config: string,
    transport?: BrokerProcessInit["transport"],
  ): Promise<FluxBroker> {
    const directory = await Deno.makeTempDir({ prefix: "flux-bridge-" });
    const broker = new FluxBroker(port, config, directory, transport);
    await broker.start();
    return broker;
  }

  /** Starts or restarts it. */
  async start(): Promise<void> {
    this.#process = await BrokerProcess.start(this.#init);
  }

  /** The running process. */
  get process(): BrokerProcess {
    return this.#process!;
  }

  /** Ends it with SIGKILL. */
  async kill(): Promise<void> {
    await this.#process?.kill();
    this.#process = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.[Symbol.asyncDispose]();
    await Deno.remove(this.#directory, { recursive: true }).catch(() => {});
  }
}

/** A subscriber that reconnects when its broker restarts; it records messages in order. */
export class Collector {
  #client!: MqttClient;
  /** Payloads as text. */
  readonly got: string[] = [];
  /** Their topics. */
  readonly topics: string[] = [];
  /** Whether each had RETAIN. */
  readonly retained: boolean[] = [];

  /** Subscribes, and resolves when that is granted. */
  static async start(port: number, topicFilter: string, qos: Qos = 2): Promise<Collector> {
    const collector = new Collector();
    const client = collector.#client = await MqttClient.connect({
      hostname: "127.0.0.1",
      port,
      clientId: `collector-${crypto.randomUUID()}`,
      cleanStart: false,
      properties: { sessionExpiryInterval: 3600 },
      reconnect: { minDelayMs: 50, maxDelayMs: 200 },
      onMessage: (message) => collector.#take(message),
    });
    await client.subscribe({ topicFilter, qos, retainAsPublished: true });
    return collector;
  }

  /** Waits until `isSo` holds for the payloads; throws with them on timeout. */
  async until(isSo: (got: readonly string[]) => boolean, limitMs = 10_000): Promise<void> {
    await until(
      () => isSo(this.got),
      limitMs,
      () => `got ${this.got.length}: ${this.got.slice(-5)}`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.abort();
    await this.#client.closed;
  }

  #take({ topicName, payload, retain }: ReceivedMessage): void {
    this.topics.push(topicName);
    this.got.push(new TextDecoder().decode(payload));
    this.retained.push(retain);
  }
}

/** Publishes these in order, across restarts of the broker, until all are acknowledged. */
export async function publishAll(
  port: number,
  topicName: string,
  payloads: readonly string[],
  qos: Qos,
): Promise<void> {
  const client = await MqttClient.connect({
    hostname: "127.0.0.1",
    port,
    clientId: `publisher-${crypto.randomUUID()}`,
    cleanStart: false,
    properties: { sessionExpiryInterval: 3600 },
    reconnect: { minDelayMs: 50, maxDelayMs: 200, initially: true },
  });
  await Promise.all(payloads.map((payload) => client.publish(topicName, payload, { qos })));
  await client.disconnect();
}

/** Polls until the condition holds. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  limitMs = 10_000,
  explain: () => string = () => String(holds),
): Promise<void> {
  const startMs = performance.now();
  while (!await holds()) {
    if (performance.now() - startMs > limitMs) {
      throw new Error(`Not so after ${limitMs} ms: ${explain()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
