import type { Publisher } from "../../session/mod.ts";
import type { ClientIdentity } from "../ground/ports.ts";

/** Publishers at other nodes of a cluster that are remembered; then they begin anew. */
const MAX_DISTANT = 10_000;

/** Who has published what is retained: one shared object for all messages of a publisher. */
export class Publishers {
  readonly #known = new WeakMap<ClientIdentity, Publisher>();
  /** By Client Identifier: those of whom only the cluster's log tells. */
  readonly #distant = new Map<string, Publisher>();

  /**
   * The publisher to remember; none for the broker itself, for a bridge of it, which may publish everything, and for a restored session, whose
   * user is unknown.
   */
  of(identity: ClientIdentity | undefined): Publisher | undefined {
    if (identity === undefined || identity.isBridge === true || identity.listener === "") {
      return undefined;
    }
    let publisher = this.#known.get(identity);
    if (publisher === undefined) {
      // Copies only the names: the identity may refer to a certificate and a grant.
      const { clientId, userName, listener } = identity;
      publisher = { clientId, userName, listener };
      this.#known.set(identity, publisher);
    }
    return publisher;
  }

  /** The same publisher, as the object that there is of it. */
  shared(given: Publisher): Publisher {
    const { clientId, userName, listener } = given;
    const known = this.#distant.get(clientId);
    if (known?.userName === userName && known?.listener === listener) return known;
    if (this.#distant.size >= MAX_DISTANT) this.#distant.clear();
    this.#distant.set(clientId, given);
    return given;
  }
}
