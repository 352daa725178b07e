import { MqttClient } from "../../lib/client/mod.ts";
import type { BrokerProcess } from "../support/broker_process.ts";

/** How the broker is. */
export interface Vitals {
  readonly residentBytes: number;
  readonly descriptors: number;
  /** Some of the `$SYS` topics, by what follows `$SYS/broker/`. */
  readonly levels: Readonly<Record<string, number>>;
}

/** Those that tell what the broker holds for its clients: they have to come back to what they were. */
export const LEVELS = [
  "clients/connected",
  "clients/total",
  "subscriptions/count",
  "buffered/bytes",
] as const;
/** How often the peak is looked for. */
const LOOK_MS = 250;

/** Looks at the broker from outside: at its process, and with a client of its own that stays. */
export class Watcher {
  readonly #broker: BrokerProcess;
  readonly #client: MqttClient;
  readonly #values: Map<string, number>;
  readonly #timer: ReturnType<typeof setInterval>;
  #peak: { residentBytes: number; descriptors: number } = { residentBytes: 0, descriptors: 0 };

  static async start(broker: BrokerProcess): Promise<Watcher> {
    const values = new Map<string, number>();
    const text = new TextDecoder();
    const client = await MqttClient.connect({
      hostname: "127.0.0.1",
      port: broker.port,
      keepAliveSeconds: 5,
      onMessage: ({ topicName, payload }) => {
        values.set(topicName.slice("$SYS/broker/".length), Number(text.decode(payload)));
      },
    });
    const options = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
    await client.subscribe([{ topicFilter: "$SYS/broker/#", qos: 0, ...options }]);
    return new Watcher(broker, client, values);
  }

  private constructor(broker: BrokerProcess, client: MqttClient, values: Map<string, number>) {
    this.#broker = broker;
    this.#client = client;
    this.#values = values;
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  /** A counter that is no level. */
  value(topic: string): number {
    return this.#values.get(topic) ?? 0;
  }

  async read(): Promise<Vitals> {
    const levels = Object.fromEntries(LEVELS.map((name) => [name, this.value(name)]));
    const descriptors = this.#broker.descriptorCount();
    return { residentBytes: await this.#residentBytes(), descriptors, levels };
  }

  /** The highest since this was last asked. */
  takePeak(): { readonly residentBytes: number; readonly descriptors: number } {
    const peak = this.#peak;
    this.#peak = { residentBytes: 0, descriptors: 0 };
    return peak;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#client.disconnect();
  }

  async #look(): Promise<void> {
    const peak = this.#peak;
    peak.descriptors = Math.max(peak.descriptors, this.#broker.descriptorCount());
    peak.residentBytes = Math.max(peak.residentBytes, await this.#residentBytes());
  }

  async #residentBytes(): Promise<number> {
    return await this.#broker.residentBytes() ?? NaN;
  }
}
