import { BridgeDriver } from "./driver.ts";
import type { BridgeHost } from "./host.ts";
import { BRIDGE_CLIENT_PREFIX } from "../broker/mod.ts";
import { type BridgeOptions, localClientIdOf } from "./options.ts";
import { RovingBridge } from "./roving_bridge.ts";
import type { BridgeStatus } from "./state.ts";
import { goes, remoteFilter } from "./topic_rules.ts";

/** All bridges of a broker. */
export class Bridges {
  readonly #host: BridgeHost;
  #bridges = new Map<string, BridgeDriver | RovingBridge>();

  /** No bridge begins before `configure`. */
  constructor(host: BridgeHost) {
    this.#host = host;
  }

  /** The status of each bridge. */
  get statuses(): readonly BridgeStatus[] {
    const { homes: { node = "" } = {} } = this.#host;
    return [...this.#bridges.values()].map((bridge) =>
      bridge instanceof RovingBridge ? bridge.status : { ...bridge.status, node }
    );
  }

  /**
   * Sessions of bridges that are no longer configured, with the number of their waiting messages. A session that belongs to another node of
   * the cluster is that node's affair.
   */
  get orphans(): readonly { readonly clientId: string; readonly waiting: number }[] {
    const wanted = new Set(
      [...this.#bridges.values()].map(({ options }) => localClientIdOf(options)),
    );
    const { homes } = this.#host;
    return this.#host.sessionsOf(BRIDGE_CLIENT_PREFIX)
      .filter((clientId) => !wanted.has(clientId))
      .filter((clientId) => [undefined, homes?.node].includes(homes?.homeOf(clientId)))
      .map((clientId) => ({ clientId, waiting: this.#host.session(clientId)?.waiting ?? 0 }));
  }

  /**
   * Applies a configuration: new bridges begin, removed ones end, changed ones begin anew, and the others are not affected. Resolves when
   * the bridges that end have told their remote brokers.
   */
  configure(wanted: readonly BridgeOptions[]): Promise<void> {
    const ending: Promise<void>[] = [];
    const bridges = new Map<string, BridgeDriver | RovingBridge>();
    const begun: (BridgeDriver | RovingBridge)[] = [];
    for (const options of wanted) {
      const before = this.#bridges.get(options.name);
      this.#bridges.delete(options.name);
      if (before !== undefined && isSame(before.options, options)) {
        bridges.set(options.name, before);
        continue;
      }
      if (before !== undefined) ending.push(before.stop());
      const bridge = this.#make(options, before);
      if (bridge === undefined) continue;
      bridges.set(options.name, bridge);
      begun.push(bridge);
    }
    for (const gone of this.#bridges.values()) {
      this.#host.log.info("Bridge ends: it is no longer configured", {
        bridge: gone.options.name,
      });
      ending.push(gone.stop());
    }
    this.#bridges = bridges;
    this.#offer();
    for (const bridge of begun) bridge.start();
    this.#sayOrphans();
    return Promise.all(ending).then(() => {});
  }

  /** Ends all bridges; resolves when the remote brokers have been told. */
  async close(): Promise<void> {
    await Promise.all([...this.#bridges.values()].map((bridge) => bridge.stop()));
    this.#bridges.clear();
    this.#host.homes?.leave();
  }

  /** `undefined`: it is another node's affair alone. */
  #make(
    options: BridgeOptions,
    before: BridgeDriver | RovingBridge | undefined,
  ): BridgeDriver | RovingBridge | undefined {
    const former = before?.options.topics.filter((topic) => goes(topic, "in")) ?? [];
    const filters = former.map(remoteFilter);
    const { homes } = this.#host;
    if (homes === undefined) return new BridgeDriver(options, this.#host, filters);
    if (!options.localCleanSession) return new RovingBridge(options, this.#host, homes, filters);
    // Nothing of it outlives its connection, so there is nothing to move: it is where the configuration says.
    if (!options.nodes.includes(homes.node)) return undefined;
    return new BridgeDriver(options, this.#host, filters);
  }

  /** Other nodes hear which bridges this one may have. */
  #offer(): void {
    const { homes } = this.#host;
    if (homes === undefined) return;
    const roving = [...this.#bridges.values()].filter((bridge) => bridge instanceof RovingBridge);
    homes.offer(
      roving.filter(({ mayBeHere }) => mayBeHere).map(({ options }) => localClientIdOf(options)),
    );
  }

  #sayOrphans(): void {
    for (const { clientId, waiting } of this.orphans) {
      this.#host.log.warning("A bridge that is no longer configured has left its session", {
        clientId,
        waiting,
        toDelete: `DELETE /api/v1/clients/${encodeURIComponent(clientId)}`,
      });
    }
  }
}

/** Compares as JSON, but distinguishes `Infinity` and `undefined` from what JSON writes for them. */
function isSame(a: BridgeOptions, b: BridgeOptions): boolean {
  const text = (options: BridgeOptions) =>
    JSON.stringify(options, (_, value) => value === Infinity ? "Infinity" : value);
  return text(a) === text(b);
}
