import type { ClientIdentity } from "../broker/mod.ts";

/** Access control of one kind: one for all listeners, or by the listeners' names; one that is not named has none. */
export type ForListeners<Kind> = Kind | ReadonlyMap<string, Kind>;

/** The access control of one kind that a client's listener has. */
export class ByListener<Kind extends object> {
  /** Each of them, once. */
  readonly all: readonly Kind[];
  readonly #ofAll: Kind | undefined;
  readonly #named: ReadonlyMap<string, Kind>;

  /** `undefined`: no listener has it. */
  constructor(given: ForListeners<Kind> | undefined) {
    const isNamed = given instanceof Map;
    this.#ofAll = isNamed ? undefined : given as Kind | undefined;
    this.#named = isNamed ? given : new Map();
    this.all = [...new Set([...this.#named.values(), ...this.#ofAll ? [this.#ofAll] : []])];
  }

  /** What this client's listener has; `undefined`: nothing. */
  at({ listener }: Pick<ClientIdentity, "listener">): Kind | undefined {
    return this.#ofAll ?? this.#named.get(listener);
  }
}
