import { BrokerProcess, type BrokerProcessInit } from "./broker_process.ts";
import { NatsServer } from "./nats_server.ts";

/** How long a node may take to accept connections: it waits for the others' server. */
const START_LIMIT_MS = 30_000;

/** How to start the brokers of a test; as a function, of each of them. */
export type BrokersInit = BrokerProcessInit | (() => BrokerProcessInit);

/** The brokers of a test, whose clients publish to the one and subscribe at the other: nodes of a cluster, or the same broker twice. */
export interface Brokers extends AsyncDisposable {
  readonly here: BrokerProcess;
  readonly there: BrokerProcess;
}

/** Two brokers in processes of their own that are a cluster, with a real nats-server. `await using` ends all three. */
export class TwoNodes implements Brokers {
  private constructor(
    readonly nats: NatsServer,
    readonly here: BrokerProcess,
    readonly there: BrokerProcess,
  ) {}

  /** The ports of the two. */
  get ports(): readonly [number, number] {
    return [this.here.port, this.there.port];
  }

  static async start(init: BrokersInit = {}): Promise<TwoNodes> {
    // As the guide says it: a message of a megabyte does not fit into what NATS takes by itself.
    const nats = await NatsServer.start("max_payload: 8MB");
    const start = (node: string) => startProcess(nats, node, initOf(init));
    try {
      return new TwoNodes(nats, ...await Promise.all([start("a"), start("b")]));
    } catch (error) {
      await nats[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const broker of [this.here, this.there]) await broker[Symbol.asyncDispose]();
    await this.nats[Symbol.asyncDispose]();
  }
}

/** How to start the next of them. */
export function initOf(init: BrokersInit): BrokerProcessInit {
  return typeof init === "function" ? init() : init;
}

function startProcess(
  nats: NatsServer,
  node: string,
  init: BrokerProcessInit,
): Promise<BrokerProcess> {
  return BrokerProcess.start({
    startLimitMs: START_LIMIT_MS,
    ...init,
    flags: ["--cluster", nats.url, "--cluster-node", node, ...init.flags ?? []],
  });
}

/** Starts one node, with a store where `directory` is given. */
export function startNode(
  nats: NatsServer,
  node: string,
  config?: string,
  directory?: string,
): Promise<BrokerProcess> {
  return startProcess(nats, node, {
    ...config === undefined ? {} : { config },
    ...directory === undefined
      ? {}
      : { flags: ["--persistence", "true", "--persistence-location", directory] },
  });
}
