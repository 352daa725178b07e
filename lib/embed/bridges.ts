import type { Bridges, BridgeStatus, BridgeTopic } from "../bridge/mod.ts";
import type { LogPort } from "../broker/mod.ts";
import type { BridgeSettings } from "../config/mod.ts";
import { hostname, nowMs, type Server } from "../net/mod.ts";

/** A `topic` rule of a bridge. Only the pattern is required; the defaults are direction `out`, QoS 0 and no prefixes. */
export type BridgeTopicInit = Pick<BridgeTopic, "pattern"> & Partial<BridgeTopic>;

/**
 * A bridge as a `connection` block of the configuration describes it, with the same defaults and checks. The guide's table of bridge
 * options explains the settings under these names.
 */
export interface BridgeInit extends Partial<Omit<BridgeSettings, "topics" | "addresses" | "node">> {
  /** The name of the bridge; its session in this broker is `$bridge/NAME`. */
  readonly name: string;
  /** The remote broker: `HOST[:PORT]`, `mqtt://`, `mqtts://`, `ws://` or `wss://`. Of several addresses the first is the primary one. */
  readonly addresses: string | readonly string[];
  /** Selects the messages that cross: rules, or texts like the `topic` lines of a file (`"sensors/# out 1"`). */
  readonly topics: readonly (string | BridgeTopicInit)[];
}

/** A bridge that the program has begun. */
export interface BridgeHandle extends AsyncDisposable {
  /** The name of the bridge. */
  readonly name: string;
  /** Its state and counters; `undefined` after it has ended. */
  readonly status: BridgeStatus | undefined;
  /**
   * Ends the bridge; resolves when the remote broker has been told. Messages that wait for it stay in its session, `$bridge/NAME`, for a
   * later bridge of the same name, until `deleteSession` ends that session.
   */
  close(): Promise<void>;
}

/** What the bridges of a server share. */
interface ServerBridgesInit {
  readonly log: LogPort;
  /** {@linkcode BridgeHost.brokerId} */
  readonly brokerId: string;
}

/** The bridges of a server. Their code is loaded with the first one. */
export class ServerBridges {
  readonly #server: Server;
  readonly #init: ServerBridgesInit;
  #bridges: Bridges | undefined;
  #inits: readonly BridgeInit[] = [];
  /** Makes each change wait for the one before. */
  #changing: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  /** Creates the list, which is empty at first. */
  constructor(server: Server, init: ServerBridgesInit) {
    this.#server = server;
    this.#init = init;
  }

  /** Whether any bridge has been begun. */
  get isUsed(): boolean {
    return this.#bridges !== undefined;
  }

  /** The state of each bridge. */
  get statuses(): readonly BridgeStatus[] {
    return this.#bridges?.statuses ?? [];
  }

  /** Begins a bridge. Rejects with a `TypeError` that lists everything that is wrong. */
  async add(init: BridgeInit): Promise<BridgeHandle> {
    await this.#change((inits) => [...inits, init]);
    const { name } = init;
    const statusOf = () =>
      this.#inits.includes(init) ? this.statuses.find((one) => one.name === name) : undefined;
    const close = () => this.#change((inits) => inits.filter((other) => other !== init));
    return {
      name,
      get status() {
        return statusOf();
      },
      close,
      [Symbol.asyncDispose]: close,
    };
  }

  /** Ends all bridges and tells the remote brokers. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#changing;
    this.#inits = [];
    await this.#bridges?.close();
  }

  #change(wantedOf: (inits: readonly BridgeInit[]) => readonly BridgeInit[]): Promise<void> {
    const change = this.#changing.then(() => this.#configure(wantedOf(this.#inits)));
    this.#changing = change.catch(() => {}); // The caller gets the error.
    return change;
  }

  async #configure(inits: readonly BridgeInit[]): Promise<void> {
    if (this.#isClosed) {
      if (inits.length <= this.#inits.length) return;
      throw new TypeError("Cannot begin a bridge: the server is closed");
    }
    const [{ bridgesOf }, { Bridges, hostOf }] = await Promise.all([
      import("../config/mod.ts"),
      import("../bridge/mod.ts"),
    ]);
    const blocks = inits.map((init) => ({ ...init }));
    const result = bridgesOf(blocks, hostname());
    if (!result.isValid) {
      throw new TypeError(`Cannot begin a bridge: ${result.problems.join("; ")}`);
    }
    this.#bridges ??= new Bridges(hostOf(this.#server, { ...this.#init, nowMs }));
    this.#inits = inits;
    await this.#bridges.configure(result.bridges);
  }
}
