import type { BridgeHost, Bridges, LocalSession } from "../bridge/mod.ts";
import type { LogPort } from "../broker/mod.ts";
import type { Config } from "../config/mod.ts";
import { nowMs, type Server } from "../net/mod.ts";
import type { BridgeLevel } from "../observe/mod.ts";
import { bridgeIdOf } from "./bridge_id.ts";

/** The bridges of a broker; their room is loaded with the first `connection` block. */
export class BridgeRunner {
  readonly #server: Server;
  readonly #log: LogPort;
  #bridges: Bridges | undefined;
  #configuring: Promise<void> = Promise.resolve();
  #isClosed = false;

  /** None begins before `configure`. */
  constructor(server: Server, log: LogPort) {
    this.#server = server;
    this.#log = log;
  }

  /** Where each stands, and what it has done. */
  get levels(): readonly BridgeLevel[] {
    return this.#bridges?.statuses.map(({ counters, ...status }) => {
      const { messagesOut, messagesIn, bytesOut, bytesIn, connects, failures, dropped } = counters;
      const waiting = sessionOf(this.#server, status.localClientId)?.waiting ?? 0;
      const done = { messagesOut, messagesIn, bytesOut, bytesIn, connects, failures, dropped };
      return { ...status, waiting, ...done };
    }) ?? [];
  }

  /** These are to be from now on; one call after the other. */
  configure(config: Config): Promise<void> {
    return this.#configuring = this.#configuring.then(() => this.#configure(config));
  }

  /** Tells the remote brokers, and ends. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#configuring;
    await this.#bridges?.close();
  }

  async #configure(config: Config): Promise<void> {
    if (this.#isClosed || config.bridges.length === 0 && this.#bridges === undefined) return;
    if (this.#bridges === undefined) {
      const { Bridges } = await import("../bridge/mod.ts");
      this.#bridges = new Bridges(this.#host(config));
    }
    this.#bridges.configure(config.bridges.map(({ options }) => options));
  }

  #host(config: Config): BridgeHost {
    const server = this.#server;
    const { broker, hub } = server;
    return {
      adopt: (stream, options) => server.adopt(stream, { remoteAddress: "bridge" }, options),
      session: (clientId) => sessionOf(server, clientId),
      sessionsOf: (prefix) => [...broker.clients.keys()].filter((id) => id.startsWith(prefix)),
      publish: (topicName, text) => {
        const payload = new TextEncoder().encode(text);
        hub.publish({ topicName, payload, qos: 1, retain: true });
      },
      nowMs,
      brokerId: bridgeIdOf(config),
      maxPacketSizeBytes: () => broker.options.maxPacketSizeBytes,
      maxInflightMessages: () => broker.options.maxInflightMessages,
      log: this.#log,
    };
  }
}

function sessionOf({ broker }: Server, clientId: string): LocalSession | undefined {
  const client = broker.clients.get(clientId);
  if (client === undefined) return undefined;
  const { subscriptions, queue, sender } = client.session;
  return { topicFilters: [...subscriptions.keys()], waiting: queue.length + sender.size };
}
