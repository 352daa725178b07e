import type { BridgeHomes, Bridges } from "../bridge/mod.ts";
import type { ClusterPort, LogPort } from "../broker/mod.ts";
import type { Config } from "../config/mod.ts";
import { nowMs, type Server } from "../net/mod.ts";
import type { BridgeLevel } from "../observe/mod.ts";
import { bridgeIdOf } from "./bridge_id.ts";

/** The node of a cluster, for its bridges. */
interface BridgeNode {
  readonly bridges: BridgeHomes;
  readonly port: Pick<ClusterPort, "bridgeId">;
}

/** Runs the bridges of a broker. The room `bridge` is loaded with the first `connection` block. */
export class BridgeRunner {
  readonly #server: Server;
  readonly #log: LogPort;
  readonly #node: BridgeNode | undefined;
  #room: typeof import("../bridge/mod.ts") | undefined;
  #bridges: Bridges | undefined;
  #configuring: Promise<void> = Promise.resolve();
  #isClosed = false;

  /** No bridge starts before `configure`. `node`: absent without a cluster. */
  constructor(server: Server, log: LogPort, node?: BridgeNode) {
    this.#server = server;
    this.#node = node;
    this.#log = log;
  }

  /** The state and the counters of each bridge. */
  get levels(): readonly BridgeLevel[] {
    return this.#bridges?.statuses.map(({ counters, ...status }) => {
      const { messagesOut, messagesIn, bytesOut, bytesIn, connects, failures, dropped } = counters;
      const session = this.#room?.bridgeSessionOf(this.#server.broker, status.localClientId);
      const waiting = session?.waiting ?? 0;
      const done = { messagesOut, messagesIn, bytesOut, bytesIn, connects, failures, dropped };
      return { ...status, waiting, ...done };
    }) ?? [];
  }

  /** Applies the bridges of a configuration. Calls run one after the other. */
  configure(config: Config): Promise<void> {
    return this.#configuring = this.#configuring.then(() => this.#configure(config));
  }

  /** Disconnects from the remote brokers and ends. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#configuring;
    await this.#bridges?.close();
  }

  async #configure(config: Config): Promise<void> {
    const wanted = [...config.bridges, ...config.otherBridges];
    if (this.#isClosed || wanted.length === 0 && this.#bridges === undefined) return;
    if (this.#bridges === undefined) {
      this.#room = await import("../bridge/mod.ts");
      const { Bridges, hostOf } = this.#room;
      const node = this.#node;
      const homes = node === undefined ? {} : { homes: node.bridges };
      const brokerId = node?.port.bridgeId ?? bridgeIdOf(config);
      const init = { brokerId, log: this.#log, nowMs, ...homes };
      this.#bridges = new Bridges(hostOf(this.#server, init));
    }
    void this.#bridges.configure(wanted.map(({ options }) => options));
  }
}
