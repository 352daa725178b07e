import type { BrokerOptions, ListenerOptions } from "../../lib/broker/mod.ts";
import { openCluster, Server } from "../../lib/mod.ts";

/** A broker in this process that is a node of a cluster. */
interface LocalNode extends AsyncDisposable {
  readonly server: Server;
  readonly port: number;
}

/** Two brokers in this process that are a cluster of their own at a nats-server, which others may use too. `await using` ends both. */
export class LocalNodes {
  readonly #nodes: readonly [LocalNode, LocalNode];

  private constructor(nodes: readonly [LocalNode, LocalNode]) {
    this.#nodes = nodes;
  }

  /** Starts them, on free ports. */
  static async start(
    natsUrl: string,
    options: Partial<BrokerOptions> = {},
    listener: Partial<ListenerOptions> = {},
  ): Promise<LocalNodes> {
    const name = `test-${crypto.randomUUID()}`;
    const a = await startNode(natsUrl, name, "a", options, listener);
    try {
      return new LocalNodes([a, await startNode(natsUrl, name, "b", options, listener)]);
    } catch (error) {
      await a[Symbol.asyncDispose]();
      throw error;
    }
  }

  get servers(): readonly [Server, Server] {
    const [a, b] = this.#nodes;
    return [a.server, b.server];
  }

  get ports(): readonly [number, number] {
    const [a, b] = this.#nodes;
    return [a.port, b.port];
  }

  /** Opens one more listener at each, for anonymous clients. Returns the ports. */
  listen(): readonly [number, number] {
    const [a, b] = this.servers;
    return [a.listen({ port: 0 }), b.listen({ port: 0 })];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.#nodes) await node[Symbol.asyncDispose]();
  }
}

async function startNode(
  servers: string,
  name: string,
  node: string,
  options: Partial<BrokerOptions>,
  listener: Partial<ListenerOptions>,
): Promise<LocalNode> {
  const cluster = await openCluster({ servers, name, node });
  const server = new Server({ ...cluster.init, options });
  await cluster.join(server);
  const port = server.listen({ port: 0, options: listener });
  const close = async () => {
    await server.close();
    await cluster.close();
  };
  return { server, port, [Symbol.asyncDispose]: close };
}
