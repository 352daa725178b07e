import { type ClientOptions, MqttClient } from "../../lib/client/mod.ts";
import { ClusterNode, hostOf } from "../../lib/cluster/mod.ts";
import { parseNatsPlaces } from "../../lib/config/mod.ts";
import type { BrokerOptions, EventListener, LogPort } from "../../lib/broker/mod.ts";
import { nowMs, Server } from "../../lib/net/mod.ts";
import type { MemoryStore } from "../../lib/store/mod.ts";
import { NatsServer, natsTest, until } from "../support/nats_server.ts";

export { NatsServer, natsTest, until };

/** What a node has logged, warnings and errors. */
export class Lines implements LogPort {
  readonly debugOn = false;
  readonly lines: string[] = [];
  debug(): void {}
  info(): void {}
  warning(message: string, fields?: Readonly<Record<string, unknown>>): void {
    this.lines.push(`warning: ${message} ${JSON.stringify(fields ?? {})}`);
  }
  error(message: string, fields?: Readonly<Record<string, unknown>>): void {
    this.lines.push(`error: ${message} ${JSON.stringify(fields ?? {})}`);
  }
}

/** A client, and what has come to it. */
export interface Listener {
  readonly client: MqttClient;
  readonly got: string[];
  /** What of that came with DUP: a client that remembers its session knows it again by its Packet Identifier. */
  readonly repeated: ReadonlySet<string>;
}

/** Options of the broker, and of its node. */
interface NodeOptions extends Partial<BrokerOptions> {
  readonly replicas?: number;
  readonly deadAfterMs?: number;
}

/** A broker that is a node of a cluster, in this process. */
export class TestNode {
  private constructor(
    readonly server: Server,
    readonly cluster: ClusterNode,
    readonly port: number,
    readonly log: Lines,
    readonly store: MemoryStore | undefined,
  ) {}

  /** Joins the cluster; with a store what that has is there again. */
  static async start(
    url: string,
    node: string,
    store?: MemoryStore,
    { replicas = 1, deadAfterMs = 3000, ...options }: NodeOptions = {},
    ...listeners: EventListener<"clusterChanged">[]
  ): Promise<TestNode> {
    const log = new Lines();
    const state = store?.load();
    const cluster = new ClusterNode({
      options: {
        places: parseNatsPlaces(url),
        credentials: { kind: "none" },
        caCerts: [],
        name: "test",
        node,
        replicas,
        maxLogBytes: 64 * 1024 * 1024,
        isolationTimeoutMs: 1500,
      },
      log,
      store,
      position: state?.position,
      nowMs,
      deadAfterMs,
      wholeLogWaitMs: 600,
    });
    const server = new Server({ log, options, store: cluster.store, cluster: cluster.port });
    if (state !== undefined) server.restore(state);
    for (const listener of listeners) server.broker.on("clusterChanged", listener);
    await cluster.join(hostOf(server));
    return new TestNode(server, cluster, server.listen({}), log, store);
  }

  /** A client of it, with what comes to it as `topic payload`. */
  async connect(
    clientId: string,
    more: ClientOptions & { readonly port?: number } = {},
  ): Promise<Listener> {
    const got: string[] = [];
    const repeated = new Set<string>();
    const client = await MqttClient.connect({
      hostname: "127.0.0.1",
      port: this.port,
      clientId,
      ...more,
      onMessage: ({ topicName, payload, retain, dup }) => {
        const line = `${retain ? "retained " : ""}${topicName} ${
          new TextDecoder().decode(payload)
        }`;
        got.push(line);
        if (dup) repeated.add(line);
      },
    });
    return { client, got, repeated };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
    await this.cluster.close();
  }
}
