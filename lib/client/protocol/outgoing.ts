import type { Publish } from "../../codec/mod.ts";
import type { InFlightStore } from "./in_flight_store.ts";

/** A message on its way. */
interface InFlight {
  readonly publish: Publish;
  isReleased: boolean;
  /** Its PUBLISH left on this connection, or its PUBREL. */
  isSent: boolean;
}

const MAX_PACKET_ID = 65_535;

/** Sender side of QoS 1 and 2: Packet Identifiers, what is on its way, and what has to be sent again after a connection was lost. */
export class Outgoing {
  readonly #store: InFlightStore;
  /** In the order of their PUBLISH, which is that of sending them again. [MQTT-4.6.0-1] */
  readonly #inFlight = new Map<number, InFlight>();
  /** Packet Identifiers of SUBSCRIBE and UNSUBSCRIBE without an answer. */
  readonly #asked = new Set<number>();
  /** What is left to be sent again, the next one last. */
  #resend: InFlight[] = [];
  #isRepeat = false;
  #lastPacketId = 0;

  constructor(store: InFlightStore) {
    this.#store = store;
    for (const { publish, isReleased } of store.outgoing()) {
      this.#inFlight.set(publish.packetId, { publish, isReleased, isSent: false });
      this.#lastPacketId = publish.packetId;
    }
  }

  /** Messages on their way. */
  get size(): number {
    return this.#inFlight.size;
  }

  /** Whether what was sent on earlier connections goes first. */
  get isResending(): boolean {
    return this.#resend.length > 0;
  }

  /** Whether there is a Packet Identifier left. */
  get hasPacketId(): boolean {
    return this.#inFlight.size + this.#asked.size < MAX_PACKET_ID;
  }

  /** A Packet Identifier that is not in use. [MQTT-2.2.1-4] */
  freePacketId(): number {
    do this.#lastPacketId = this.#lastPacketId % MAX_PACKET_ID + 1; while (
      this.#inFlight.has(this.#lastPacketId) || this.#asked.has(this.#lastPacketId)
    );
    return this.#lastPacketId;
  }

  /** A message has left. */
  add(publish: Publish): void {
    this.#inFlight.set(publish.packetId, { publish, isReleased: false, isSent: true });
    this.#store.add(publish);
  }

  /** A SUBSCRIBE or UNSUBSCRIBE has left. */
  ask(packetId: number): void {
    this.#asked.add(packetId);
  }

  /** It was answered; `false`: nobody asked. */
  answered(packetId: number): boolean {
    return this.#asked.delete(packetId);
  }

  /**
   * A connection begins; returns the Packet Identifiers of PUBREL to send at once. On a session that the broker has lost all is new:
   * `finished` hears of messages that the broker had, for it has forgotten their Packet Identifiers.
   */
  begin(isResumed: boolean, finished: (packetId: number) => void): readonly number[] {
    this.#asked.clear();
    this.#isRepeat = isResumed;
    const released: number[] = [];
    const unsent: InFlight[] = [];
    for (const [packetId, inFlight] of [...this.#inFlight]) {
      inFlight.isSent = inFlight.isReleased;
      if (!inFlight.isReleased) unsent.push(inFlight);
      else if (isResumed) released.push(packetId);
      else {
        this.#remove(packetId);
        finished(packetId);
      }
    }
    this.#resend = unsent.reverse();
    return released;
  }

  /** The next PUBLISH to send again: the caller has quota for it, and `send` may throw. */
  sendAgain(send: (publish: Publish) => void): void {
    const next = this.#resend.pop()!;
    if (this.#inFlight.get(next.publish.packetId) !== next || next.isReleased) return;
    send(this.#isRepeat ? { ...next.publish, dup: true } : next.publish); // [MQTT-3.3.1-1]
    next.isSent = true;
  }

  /** PUBACK, or PUBREC with a refusal, or PUBCOMP: whether it ends what is on its way. */
  settle(packetId: number, type: "puback" | "pubrec" | "pubcomp"): boolean {
    const found = this.#inFlight.get(packetId);
    if (found === undefined || !found.isSent) return false;
    const isExpected = type === "puback"
      ? found.publish.qos === 1
      : found.publish.qos === 2 && (type === "pubrec" || found.isReleased);
    if (isExpected) this.#remove(packetId);
    return isExpected;
  }

  /** PUBREC: whether PUBREL is the answer to it; where not, nothing of that Packet Identifier is on its way. */
  release(packetId: number): boolean {
    const found = this.#inFlight.get(packetId);
    if (found === undefined || found.publish.qos !== 2) return false;
    if (!found.isReleased) this.#store.release(packetId);
    found.isReleased = true;
    return true;
  }

  /** It cannot be sent any more. */
  discard(packetId: number): void {
    this.#remove(packetId);
  }

  #remove(packetId: number): void {
    this.#inFlight.delete(packetId);
    this.#store.remove(packetId);
  }
}
