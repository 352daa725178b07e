import type { ClientIdentity } from "../broker/mod.ts";

/** Access control of one kind: for all listeners, or by the listener's name. A listener that is not in the map has none. */
export type ForListeners<Kind> = Kind | ReadonlyMap<string, Kind>;

/** Finds the access control of a client's listener. */
export class ByListener<Kind extends object> {
  /** Each of them, once. */
  readonly all: readonly Kind[];
  readonly #ofAll: Kind | undefined;
  readonly #named: ReadonlyMap<string, Kind>;
  readonly #standIn: string;

  /** `undefined`: no listener has it. `standIn`: the listener whose access control holds where one is not there. */
  constructor(given: ForListeners<Kind> | undefined, standIn = "") {
    this.#standIn = standIn;
    const isNamed = given instanceof Map;
    this.#ofAll = isNamed ? undefined : given as Kind | undefined;
    this.#named = isNamed ? given : new Map();
    this.all = [...new Set([...this.#named.values(), ...this.#ofAll ? [this.#ofAll] : []])];
  }

  /** The access control of this client's listener; `undefined`: it has none. */
  at({ listener }: Pick<ClientIdentity, "listener">): Kind | undefined {
    return this.#ofAll ?? this.#named.get(listener) ?? this.#named.get(this.#standIn);
  }
}
