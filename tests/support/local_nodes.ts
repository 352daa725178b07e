import type { BrokerOptions, ListenerOptions } from "../../lib/broker/mod.ts";
import { type ClusterHandle, openCluster, Server } from "../../lib/mod.ts";
import { type ListenInit, loadTls, SILENT, type TlsInit } from "../../lib/net/mod.ts";

/** What both nodes are told; the rest is as by default. */
export interface LocalNodesInit {
  readonly options?: Partial<BrokerOptions>;
  readonly listener?: Partial<ListenerOptions>;
}

/** A broker in this process that is a node of a cluster, on a free port. */
export class LocalNode {
  readonly server: Server;
  readonly port: number;
  readonly #cluster: ClusterHandle;

  private constructor(server: Server, port: number, cluster: ClusterHandle) {
    this.server = server;
    this.port = port;
    this.#cluster = cluster;
  }

  static async start(
    servers: string,
    name: string,
    node: string,
    { options, listener }: LocalNodesInit,
  ): Promise<LocalNode> {
    const cluster = await openCluster({ servers, name, node });
    const server = new Server({
      ...cluster.init,
      ...options === undefined ? {} : { options },
    });
    await cluster.join(server);
    const port = server.listen({ port: 0, ...listener === undefined ? {} : { options: listener } });
    return new LocalNode(server, port, cluster);
  }

  get broker(): Server["broker"] {
    return this.server.broker;
  }

  /** Opens another listener, on a free port, with anonymous clients allowed. */
  async listen(init: ListenInit, tls?: TlsInit): Promise<number> {
    const secure = tls === undefined ? {} : { tls: await loadTls(tls, SILENT) };
    return this.server.listen({ ...init, ...secure });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
    await this.#cluster.close();
  }
}

/** Two brokers in this process that are a cluster of their own at a nats-server, which others may use too. `await using` ends both. */
export class LocalNodes {
  readonly nodes: readonly [LocalNode, LocalNode];

  private constructor(nodes: readonly [LocalNode, LocalNode]) {
    this.nodes = nodes;
  }

  static async start(natsUrl: string, init: LocalNodesInit = {}): Promise<LocalNodes> {
    const name = `test-${crypto.randomUUID()}`;
    const a = await LocalNode.start(natsUrl, name, "a", init);
    try {
      return new LocalNodes([a, await LocalNode.start(natsUrl, name, "b", init)]);
    } catch (error) {
      await a[Symbol.asyncDispose]();
      throw error;
    }
  }

  get ports(): readonly [number, number] {
    const [a, b] = this.nodes;
    return [a.port, b.port];
  }

  /** Opens one more listener at each, for anonymous clients. Returns the ports. */
  async listen(): Promise<readonly [number, number]> {
    const [a, b] = this.nodes;
    return [await a.listen({ port: 0 }), await b.listen({ port: 0 })];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.nodes) await node[Symbol.asyncDispose]();
  }
}
