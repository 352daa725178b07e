import type { Publish } from "../../codec/mod.ts";

/** A message of QoS 1 or 2 on its way to the broker. */
export interface OutgoingInFlight {
  /** As it goes out, without DUP; its Packet Identifier is that of the exchange. */
  readonly publish: Publish;
  /** The broker has it: PUBREC came, and PUBCOMP is missing. Only QoS 2. */
  readonly isReleased: boolean;
}

/**
 * What a session must not forget between connections, and, where it is kept on disk, not in a crash either.
 *
 * All but `commit` return at once. A client writes nothing to the network before what it changed is committed: where the store keeps
 * its promise, a PUBREC tells the broker the truth, and a Packet Identifier is not used twice.
 */
export interface InFlightStore {
  /** What is on its way, oldest first: that is the order in which it goes out again. */
  outgoing(): Iterable<OutgoingInFlight>;
  /** A message gets on its way. Its payload belongs to the store. */
  add(publish: Publish): void;
  /** PUBREC came. */
  release(packetId: number): void;
  /** It is done, or refused. */
  remove(packetId: number): void;
  /** Packet Identifiers of QoS 2 messages that we have, and whose PUBREL is missing. */
  incoming(): Iterable<number>;
  /** We have a QoS 2 message. */
  hold(packetId: number): void;
  /** PUBREL came. */
  drop(packetId: number): void;
  /** Resolves when all of the above lasts; absent where it does at once. `undefined`: there is nothing to wait for. */
  commit?(): Promise<void> | undefined;
}

/** A store that lasts as long as the program. */
export class MemoryInFlightStore implements InFlightStore {
  readonly #outgoing = new Map<number, OutgoingInFlight>();
  readonly #incoming = new Set<number>();

  /** {@linkcode InFlightStore.outgoing} */
  outgoing(): Iterable<OutgoingInFlight> {
    return this.#outgoing.values();
  }

  /** {@linkcode InFlightStore.add} */
  add(publish: Publish): void {
    this.#outgoing.set(publish.packetId, { publish, isReleased: false });
  }

  /** {@linkcode InFlightStore.release} */
  release(packetId: number): void {
    const found = this.#outgoing.get(packetId);
    if (found !== undefined) this.#outgoing.set(packetId, { ...found, isReleased: true });
  }

  /** {@linkcode InFlightStore.remove} */
  remove(packetId: number): void {
    this.#outgoing.delete(packetId);
  }

  /** {@linkcode InFlightStore.incoming} */
  incoming(): Iterable<number> {
    return this.#incoming;
  }

  /** {@linkcode InFlightStore.hold} */
  hold(packetId: number): void {
    this.#incoming.add(packetId);
  }

  /** {@linkcode InFlightStore.drop} */
  drop(packetId: number): void {
    this.#incoming.delete(packetId);
  }
}
