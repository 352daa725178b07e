import { FlightBook } from "./flight_book.ts";
import { CompactInFlight, type InFlight, type PayloadPlace, StoredInFlight } from "./in_flight.ts";
import { InFlightTable } from "./in_flight_table.ts";
import {
  contentSizeBytes,
  type Delivery,
  MESSAGE_OVERHEAD_BYTES,
  type SentDelivery,
} from "./message.ts";

/** What an acknowledgement refers to: a message in flight, no message with that Packet Identifier, or a message in another state. */
export type AckOutcome = InFlight | "unknown" | "unexpected";

const MAX_PACKET_ID = 65_535;

/** With more messages in flight than this, free Packet Identifiers are kept in a list, because a search would be slow. */
const CROWDED = 49_152;
const UNCROWDED = 32_768;

/** One empty table for all sessions with nothing in flight: most have nothing, and none of their own. */
const NOTHING = new InFlightTable();
const NONE_TO_RESEND: InFlight[] = [];
/** Of senders that no broker counts. */
const NO_BOOK = new FlightBook();

/**
 * Sender side of QoS 1 and 2: the messages in flight to one client.
 *
 * | event            | nothing in flight | QoS 1 published | QoS 2 published | QoS 2 released |
 * |------------------|-------------------|-----------------|-----------------|----------------|
 * | PUBACK           | unknown           | done            | unexpected      | unexpected     |
 * | PUBREC success   | unknown           | unexpected      | released        | released       |
 * | PUBREC refusal   | unknown           | unexpected      | done            | done           |
 * | PUBCOMP          | unknown           | unexpected      | unexpected      | done           |
 *
 * Order is that of insertion: it is the order of redelivery. [MQTT-4.6.0-1]
 */
export class Sender {
  #inFlight = NOTHING;
  #lastPacketId = 0;
  /** All free Packet Identifiers, the next one last; only while more than `CROWDED` are in use. */
  #free: number[] | undefined;
  #sent = 0;
  #bytes = 0;
  #resend = NONE_TO_RESEND;
  #maxMessages = MAX_PACKET_ID;
  #maxBytes = 0;
  #book = NO_BOOK;

  /** Messages in flight, sent on this connection or not. */
  get size(): number {
    return this.#inFlight.size;
  }

  /** Bytes of payload, topic and properties of the messages in flight. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether the client's Receive Maximum and our own limits leave room for one more message, of no size. */
  get hasQuota(): boolean {
    return this.hasQuotaFor(0);
  }

  /**
   * Whether the client's Receive Maximum and our own limits leave room for one more message, with this content in bytes. [MQTT-3.3.4-9]
   */
  hasQuotaFor(contentBytes: number): boolean {
    return this.#sent < this.#maxMessages && this.#inFlight.size < MAX_PACKET_ID &&
      (this.#maxBytes === 0 || this.#bytes < this.#maxBytes) &&
      this.#book.hasRoomFor(MESSAGE_OVERHEAD_BYTES + contentBytes, this.countedBytes);
  }

  /** Bytes of the messages in flight, as they count against the limit for all clients: content and overhead. */
  get countedBytes(): number {
    return this.#bytes + this.#inFlight.size * MESSAGE_OVERHEAD_BYTES;
  }

  /** From here on all that is in flight counts in this book, and in no other; without a book nowhere. */
  countIn(book: FlightBook = NO_BOOK): void {
    this.#book.bytes -= this.countedBytes;
    this.#book = book;
    book.bytes += this.countedBytes;
  }

  /** Starts a delivery under a Packet Identifier that is not in use. [MQTT-2.2.1-4] */
  start(delivery: Delivery): InFlight {
    const inFlight = this.#inFlightOf(this.#freePacketId(), delivery, "published", true);
    this.#started(inFlight);
    return inFlight;
  }

  /** Starts a delivery without properties that is not stored, of this message. */
  startCompact(
    qos: 1 | 2,
    topicName: string,
    publisherId: string,
    payload: PayloadPlace,
  ): InFlight {
    const packetId = this.#freePacketId();
    const inFlight = new CompactInFlight(packetId, qos, topicName, publisherId, payload);
    this.#started(inFlight);
    return inFlight;
  }

  /** Starts a delivery of QoS 1 without properties under this number of the store, of this message. */
  startStored(
    sequence: number,
    topicName: string,
    publisherId: string,
    payload: PayloadPlace,
  ): SentDelivery & InFlight {
    const packetId = this.#freePacketId();
    const inFlight = new StoredInFlight(packetId, sequence, topicName, publisherId, payload);
    this.#started(inFlight);
    return inFlight;
  }

  /** Restores a message in flight from the store. The order of the calls is the order of redelivery. */
  restore(packetId: number, delivery: Delivery, state: InFlight["state"]): void {
    const inFlight = this.#inFlightOf(packetId, delivery, state, false);
    this.#ownTable();
    this.#add(inFlight);
    this.#free = undefined;
    if (packetId > this.#lastPacketId) this.#lastPacketId = packetId;
  }

  /** Ends a QoS 1 exchange, whatever the Reason Code. */
  puback(packetId: number): AckOutcome {
    const inFlight = this.#inFlight.get(packetId);
    if (inFlight === undefined) return "unknown";
    if (inFlight.delivery.qos !== 1) return "unexpected";
    return this.#finish(inFlight);
  }

  /** `refused`: its Reason Code is 0x80 or more, which ends the exchange. [MQTT-4.3.3-4] */
  pubrec(packetId: number, refused: boolean): AckOutcome {
    const inFlight = this.#inFlight.get(packetId);
    if (inFlight === undefined) return "unknown";
    if (inFlight.delivery.qos !== 2) return "unexpected";
    if (refused) return this.#finish(inFlight);
    if (inFlight.state === "published") {
      inFlight.state = "released";
      // PUBREL packets are redelivered in the order of the PUBREC packets, so it goes to the end. [MQTT-4.6.0-4]
      this.#inFlight.moveToEnd(inFlight);
    }
    return inFlight;
  }

  /** Ends a QoS 2 exchange, whatever the Reason Code. */
  pubcomp(packetId: number): AckOutcome {
    const inFlight = this.#inFlight.get(packetId);
    if (inFlight === undefined) return "unknown";
    if (inFlight.state !== "released") return "unexpected";
    return this.#finish(inFlight);
  }

  /**
   * A connection begins with these limits (0 bytes means no limit). Nothing counts as sent on it yet, and everything in flight is to be
   * sent again: see {@linkcode nextResend}. Only here: nothing is repeated while a connection lasts. [MQTT-4.4.0-1]
   */
  resume(maxMessages: number, maxBytes: number): void {
    this.#maxMessages = Math.min(maxMessages === 0 ? MAX_PACKET_ID : maxMessages, MAX_PACKET_ID);
    this.#maxBytes = maxBytes;
    this.#sent = 0;
    this.#resend = this.#inFlight.size === 0 ? NONE_TO_RESEND : [...this.#inFlight.values()];
    for (const inFlight of this.#resend) inFlight.isSent = false;
    this.#resend.reverse();
  }

  /** Whether messages from before this connection still have to be sent again: new messages wait behind them. */
  get isResending(): boolean {
    return this.#resend.length > 0;
  }

  /** The next message to send again, while the quota lasts; a PUBREL needs no quota. */
  nextResend(): InFlight | undefined {
    for (;;) {
      const next = this.#resend.at(-1);
      if (next === undefined) return undefined;
      if (this.#inFlight.get(next.packetId) !== next) {
        this.#resend.pop(); // The message was acknowledged meanwhile.
        continue;
      }
      if (next.state === "published") {
        if (this.#sent >= this.#maxMessages) return undefined;
        next.isSent = true;
        this.#sent++;
      }
      this.#resend.pop();
      return next;
    }
  }

  /** Removes a message that could not be sent. */
  discard(inFlight: InFlight): void {
    if (this.#inFlight.get(inFlight.packetId) === inFlight) this.#finish(inFlight);
  }

  /** The message in flight with this Packet Identifier. */
  find(packetId: number): InFlight | undefined {
    return this.#inFlight.get(packetId);
  }

  /** All messages in flight, in the order of redelivery. */
  values(): IterableIterator<InFlight> {
    return this.#inFlight.values();
  }

  #ownTable(): InFlightTable {
    if (this.#inFlight === NOTHING) this.#inFlight = new InFlightTable();
    return this.#inFlight;
  }

  #inFlightOf(
    packetId: number,
    delivery: Delivery,
    state: InFlight["state"],
    isSent: boolean,
  ): InFlight {
    const sizeBytes = contentSizeBytes(delivery.message);
    return { packetId, delivery, sizeBytes, state, isSent, older: undefined, newer: undefined };
  }

  #started(inFlight: InFlight): void {
    this.#add(inFlight);
    this.#sent++;
  }

  #add(inFlight: InFlight): void {
    this.#inFlight.add(inFlight);
    this.#bytes += inFlight.sizeBytes;
    this.#book.bytes += inFlight.sizeBytes + MESSAGE_OVERHEAD_BYTES;
  }

  #finish(inFlight: InFlight): InFlight {
    this.#inFlight.delete(inFlight);
    this.#free?.push(inFlight.packetId);
    if (inFlight.isSent) this.#sent--;
    this.#bytes -= inFlight.sizeBytes;
    this.#book.bytes -= inFlight.sizeBytes + MESSAGE_OVERHEAD_BYTES;
    return inFlight;
  }

  /**
   * Finds a free Packet Identifier at constant cost. A plain search would be long for each message to a client that keeps most of them in
   * use.
   */
  #freePacketId(): number {
    const { size } = this.#inFlight;
    this.#ownTable().makeRoom();
    if (this.#free === undefined && size > CROWDED) this.#free = this.#listFree();
    else if (size < UNCROWDED) this.#free = undefined;
    let packetId = this.#free?.pop() ?? 0;
    if (packetId === 0) {
      packetId = this.#lastPacketId;
      do packetId = nextPacketId(packetId); while (!this.#inFlight.isFree(packetId));
    }
    this.#lastPacketId = packetId;
    return packetId;
  }

  #listFree(): number[] {
    const free: number[] = [];
    let packetId = this.#lastPacketId;
    for (let i = 0; i < MAX_PACKET_ID; i++) {
      packetId = nextPacketId(packetId);
      if (this.#inFlight.isFree(packetId)) free.push(packetId);
    }
    return free.reverse();
  }
}

function nextPacketId(packetId: number): number {
  return packetId === MAX_PACKET_ID ? 1 : packetId + 1;
}
