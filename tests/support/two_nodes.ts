import { BrokerProcess } from "./broker_process.ts";
import { NatsServer } from "./nats_server.ts";

/** Two brokers in processes of their own that are a cluster, with a real nats-server. `await using` ends all three. */
export class TwoNodes {
  private constructor(
    readonly nats: NatsServer,
    readonly brokers: readonly [BrokerProcess, BrokerProcess],
  ) {}

  /** The ports of the two. */
  get ports(): readonly [number, number] {
    const [a, b] = this.brokers;
    return [a.port, b.port];
  }

  /** Starts them; `config` is that of both brokers. */
  static async start(config?: string): Promise<TwoNodes> {
    // As the guide says it: a message of a megabyte does not fit into what NATS takes by itself.
    const nats = await NatsServer.start("max_payload: 8MB");
    const start = (node: string) => startNode(nats, node, config);
    try {
      const [a, b] = await Promise.all([start("a"), start("b")]);
      return new TwoNodes(nats, [a, b]);
    } catch (error) {
      await nats[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const broker of this.brokers) await broker[Symbol.asyncDispose]();
    await this.nats[Symbol.asyncDispose]();
  }
}

/** Starts one node, with a store where `directory` is given. */
export function startNode(
  nats: NatsServer,
  node: string,
  config?: string,
  directory?: string,
): Promise<BrokerProcess> {
  const stored = directory === undefined
    ? []
    : ["--persistence", "true", "--persistence-location", directory];
  return BrokerProcess.start({
    flags: ["--cluster", nats.url, "--cluster-node", node, ...stored],
    ...config === undefined ? {} : { config },
  });
}
