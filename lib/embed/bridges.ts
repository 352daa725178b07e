import type { Bridges, BridgeStatus, BridgeTopic } from "../bridge/mod.ts";
import type { LogPort } from "../broker/mod.ts";
import type { BridgeSettings } from "../config/mod.ts";
import { hostname, nowMs, type Server } from "../net/mod.ts";

/** A `topic` rule of a bridge: all but the pattern may be left out, which is then `out`, QoS 0, without prefixes. */
export type BridgeTopicInit = Pick<BridgeTopic, "pattern"> & Partial<BridgeTopic>;

/**
 * A bridge as a `connection` block of a configuration describes it, with the same defaults and checks. The settings are those of the
 * guide's table of bridge options, under the names that stand here.
 */
export interface BridgeInit extends Partial<Omit<BridgeSettings, "topics" | "addresses">> {
  /** Names the bridge: its session in this broker is `$bridge/NAME`. */
  readonly name: string;
  /** Where the remote broker is: `HOST[:PORT]`, `mqtt://`, `mqtts://`, `ws://` or `wss://`; of several the first is the primary. */
  readonly addresses: string | readonly string[];
  /** What crosses: rules, or texts as the `topic` lines of a file have them (`"sensors/# out 1"`). */
  readonly topics: readonly (string | BridgeTopicInit)[];
}

/** A bridge that a program has begun. */
export interface BridgeHandle extends AsyncDisposable {
  /** Its name. */
  readonly name: string;
  /** Where it stands and what it has done; `undefined`: it has ended. */
  readonly status: BridgeStatus | undefined;
  /**
   * Ends it; resolves when the remote broker has been told. What waits for it stays in its session, `$bridge/NAME`, for a bridge of the
   * same name, until `deleteSession` ends that.
   */
  close(): Promise<void>;
}

/** What the bridges of a program belong to. */
interface ServerBridgesInit {
  readonly log: LogPort;
  /** {@linkcode BridgeHost.brokerId} */
  readonly brokerId: string;
}

/** The bridges of a server; their code is loaded with the first one. */
export class ServerBridges {
  readonly #server: Server;
  readonly #init: ServerBridgesInit;
  #bridges: Bridges | undefined;
  #inits: readonly BridgeInit[] = [];
  /** One change after the other. */
  #changing: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  /** There are none at first. */
  constructor(server: Server, init: ServerBridgesInit) {
    this.#server = server;
    this.#init = init;
  }

  /** Whether there is, or was, any. */
  get isUsed(): boolean {
    return this.#bridges !== undefined;
  }

  /** Where each stands. */
  get statuses(): readonly BridgeStatus[] {
    return this.#bridges?.statuses ?? [];
  }

  /** Begins one. Rejects with a `TypeError` that names everything that is wrong. */
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

  /** Tells the remote brokers, and ends all. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#changing;
    this.#inits = [];
    await this.#bridges?.close();
  }

  #change(wantedOf: (inits: readonly BridgeInit[]) => readonly BridgeInit[]): Promise<void> {
    const change = this.#changing.then(() => this.#configure(wantedOf(this.#inits)));
    this.#changing = change.catch(() => {}); // The caller has the error.
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
