import { type Puback, type Publish, type Pubrec, ReasonCode } from "../../codec/mod.ts";
import type { InFlightStore } from "./in_flight_store.ts";

/** A message whose acknowledgement is due. */
interface Pending {
  readonly message: Publish;
  /** What the application said to it; `undefined`: nothing yet. */
  reasonCode: ReasonCode | undefined;
}

/**
 * Receiver side of QoS 1 and 2: which messages are new, and in which order they are acknowledged.
 *
 * A message waits here from its PUBLISH until the application has acknowledged it and all before it: acknowledgements leave in the order of
 * the PUBLISH packets. [MQTT-4.6.0-2] [MQTT-4.6.0-3] From the acknowledgement to PUBREL the Packet Identifier of a QoS 2 message is held.
 *
 * | event                        | new               | waits for the application | held              |
 * |------------------------------|-------------------|---------------------------|-------------------|
 * | PUBLISH                      | deliver, wait     | a repeat: nothing         | PUBREC again      |
 * | the application acknowledges | -                 | PUBACK, or hold, PUBREC   | -                 |
 * | PUBREL                       | PUBCOMP with 0x92 | PUBCOMP with 0x92         | let go, PUBCOMP   |
 * | a connection goes on         | -                 | waits for its PUBLISH     | -                 |
 */
export class Incoming {
  readonly #store: InFlightStore;
  readonly #held: Set<number>;
  /** Of this connection, in the order of their PUBLISH. */
  readonly #pending = new Map<number, Pending>();
  /** Delivered on an earlier connection: the broker sends them again, and only then they can be acknowledged. */
  readonly #carried = new Map<number, Pending>();
  /** Packet Identifiers that came on this connection and are not over: by PUBACK, a PUBREC that refuses, or PUBCOMP. */
  readonly #open = new Set<number>();

  constructor(store: InFlightStore) {
    this.#store = store;
    this.#held = new Set(store.incoming());
  }

  /** Messages that the application has not acknowledged. */
  get pendingCount(): number {
    return this.#pending.size + this.#carried.size;
  }

  /** Messages on this connection that the broker counts against our Receive Maximum. */
  get openCount(): number {
    return this.#open.size;
  }

  /** A connection begins. */
  begin(isResumed: boolean): void {
    this.#open.clear();
    if (isResumed) {
      for (const [packetId, pending] of this.#pending) this.#carried.set(packetId, pending);
      this.#pending.clear();
      return;
    }
    this.#pending.clear();
    this.#carried.clear();
    for (const packetId of this.#held) this.#store.drop(packetId);
    this.#held.clear();
  }

  /** A PUBLISH of QoS 1 or 2: whether the application is to have it. Where not, `flush` may have something to say all the same. */
  accept(message: Publish): boolean {
    const { packetId, dup } = message;
    this.#open.add(packetId);
    if (this.#pending.has(packetId)) return false;
    const carried = this.#carried.get(packetId);
    this.#carried.delete(packetId);
    if (this.#held.has(packetId) && message.qos === 2) { // [MQTT-4.3.3-10]
      this.#pending.set(packetId, { message, reasonCode: ReasonCode.Success });
      return false;
    }
    // Without DUP it is another message, whatever had its Packet Identifier.
    if (carried !== undefined && dup) {
      this.#pending.set(packetId, carried);
      return false;
    }
    this.#pending.set(packetId, { message, reasonCode: undefined });
    return true;
  }

  /** The application has it, or refuses it; `false`: nobody waits for that any more. */
  acknowledge(message: Publish, reasonCode: ReasonCode): boolean {
    const { packetId, qos } = message;
    const pending = [this.#pending.get(packetId), this.#carried.get(packetId)]
      .find((entry) => entry?.message === message);
    if (pending === undefined || pending.reasonCode !== undefined) return false;
    pending.reasonCode = reasonCode;
    if (qos === 2 && reasonCode < 0x80) {
      this.#held.add(packetId);
      this.#store.hold(packetId);
    }
    return true;
  }

  /** Takes out the acknowledgements that may leave now, in order. */
  *flush(): Generator<Puback | Pubrec> {
    for (const [packetId, { message, reasonCode }] of this.#pending) {
      if (reasonCode === undefined) return;
      this.#pending.delete(packetId);
      if (message.qos === 1 || reasonCode >= 0x80) this.#open.delete(packetId);
      yield { type: message.qos === 1 ? "puback" : "pubrec", packetId, reasonCode };
    }
  }

  /** PUBREL: the Reason Code of the PUBCOMP. [MQTT-4.3.3-11] */
  release(packetId: number): ReasonCode {
    if (!this.#pending.has(packetId)) this.#open.delete(packetId);
    if (!this.#held.delete(packetId)) return ReasonCode.PacketIdentifierNotFound;
    this.#store.drop(packetId);
    return ReasonCode.Success;
  }
}
