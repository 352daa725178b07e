import { BridgeDriver } from "./driver.ts";
import type { BridgeHost } from "./host.ts";
import { BRIDGE_CLIENT_PREFIX } from "../broker/mod.ts";
import { type BridgeOptions, localClientIdOf } from "./options.ts";
import type { BridgeStatus } from "./state.ts";
import { goes, remoteFilter } from "./topic_rules.ts";

/** All bridges of a broker. */
export class Bridges {
  readonly #host: BridgeHost;
  #drivers = new Map<string, BridgeDriver>();

  /** No bridge begins before `configure`. */
  constructor(host: BridgeHost) {
    this.#host = host;
  }

  /** The status of each bridge. */
  get statuses(): readonly BridgeStatus[] {
    return [...this.#drivers.values()].map(({ machine }) => machine.status);
  }

  /** Sessions of bridges that are no longer configured, with the number of their waiting messages. */
  get orphans(): readonly { readonly clientId: string; readonly waiting: number }[] {
    const wanted = new Set(
      [...this.#drivers.values()].map(({ machine }) => localClientIdOf(machine.options)),
    );
    return this.#host.sessionsOf(BRIDGE_CLIENT_PREFIX)
      .filter((clientId) => !wanted.has(clientId))
      .map((clientId) => ({ clientId, waiting: this.#host.session(clientId)?.waiting ?? 0 }));
  }

  /**
   * Applies a configuration: new bridges begin, removed ones end, changed ones begin anew, and the others are not affected. Resolves when
   * the bridges that end have told their remote brokers.
   */
  configure(wanted: readonly BridgeOptions[]): Promise<void> {
    const ending: Promise<void>[] = [];
    const drivers = new Map<string, BridgeDriver>();
    for (const options of wanted) {
      const before = this.#drivers.get(options.name);
      this.#drivers.delete(options.name);
      if (before !== undefined && isSame(before.machine.options, options)) {
        drivers.set(options.name, before);
        continue;
      }
      if (before !== undefined) ending.push(before.stop());
      drivers.set(options.name, this.#begin(options, before));
    }
    for (const gone of this.#drivers.values()) {
      this.#host.log.info("Bridge ends: it is no longer configured", {
        bridge: gone.machine.options.name,
      });
      ending.push(gone.stop());
    }
    this.#drivers = drivers;
    this.#sayOrphans();
    return Promise.all(ending).then(() => {});
  }

  /** Ends all bridges; resolves when the remote brokers have been told. */
  async close(): Promise<void> {
    await Promise.all([...this.#drivers.values()].map((driver) => driver.stop()));
    this.#drivers.clear();
  }

  #begin(options: BridgeOptions, before: BridgeDriver | undefined): BridgeDriver {
    const former = before?.machine.options.topics.filter((topic) => goes(topic, "in")) ?? [];
    const driver = new BridgeDriver(options, this.#host, former.map(remoteFilter));
    driver.start();
    return driver;
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
