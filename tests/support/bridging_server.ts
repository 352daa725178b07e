import { bridgeIdOf } from "../../lib/cli/bridge_id.ts";
import { BridgeRunner } from "../../lib/cli/bridges.ts";
import type { AccessPort, BrokerOptions, LogPort } from "../../lib/broker/mod.ts";
import type { BridgeLevel } from "../../lib/observe/mod.ts";
import { type ListenInit, Server } from "../../lib/net/mod.ts";
import { load } from "../config/support.ts";

/** The settings that a test changes. */
export interface BridgingInit {
  readonly options?: Partial<BrokerOptions>;
  readonly access?: AccessPort;
  readonly listen?: ListenInit;
}

/** A broker in this process, with the bridges of `connection` blocks. `await using` ends both. */
export class BridgingServer {
  readonly server: Server;
  readonly port: number;
  /** Lines of the log: `message name=value`. */
  readonly log: string[] = [];
  readonly #runner: BridgeRunner;
  /** Makes this broker's name unique. */
  readonly #place = crypto.randomUUID();

  constructor(init: BridgingInit = {}) {
    const write = (message: string, fields: Readonly<Record<string, unknown>> = {}) => {
      const words = Object.entries(fields).map(([name, value]) => `${name}=${value}`);
      this.log.push([message, ...words].join(" "));
    };
    const log: LogPort = {
      debugOn: false,
      debug: () => {},
      info: write,
      warning: write,
      error: write,
    };
    this.server = new Server({
      log,
      bridgeId: bridgeIdOf(load({ file: this.#file("") })),
      ...init.options === undefined ? {} : { options: init.options },
      ...init.access === undefined ? {} : { access: init.access },
    });
    this.port = this.server.listen({ port: 0, ...init.listen });
    this.#runner = new BridgeRunner(this.server, log);
  }

  /** Replaces the configured blocks. */
  async configure(blocks: string): Promise<void> {
    await this.#runner.configure(load({ file: this.#file(blocks) }));
  }

  #file(blocks: string): string {
    return `persistence_location /nowhere/${this.#place}\n${blocks}`;
  }

  get bridges(): readonly BridgeLevel[] {
    return this.#runner.levels;
  }

  /** The bridge of that name. */
  bridge(name: string): BridgeLevel {
    const found = this.bridges.find((bridge) => bridge.name === name);
    if (found === undefined) throw new Error(`There is no bridge ${name}`);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#runner.close();
    await this.server.close();
  }
}
