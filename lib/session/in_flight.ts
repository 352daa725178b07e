import type { Delivery, KeptMessage, SentDelivery } from "./message.ts";

/**
 * An outgoing QoS 1 or 2 message in flight, with its state.
 *
 * | state       | waits for                         | redelivered as      |
 * |-------------|-----------------------------------|---------------------|
 * | `published` | PUBACK (QoS 1) or PUBREC (QoS 2)  | PUBLISH with DUP    |
 * | `released`  | PUBCOMP (QoS 2)                   | PUBREL              |
 */
export interface InFlight {
  /** 1 to 65,535; no other message in flight to this client has it. */
  readonly packetId: number;
  /** The delivery in flight: QoS 1 or 2. */
  readonly delivery: Delivery;
  /** Bytes of its message, as `contentSizeBytes` counts them. */
  readonly sizeBytes: number;
  /** Only QoS 2 gets to `released`. */
  state: "published" | "released";
  /** Whether its PUBLISH was sent on the present connection: only such messages count against the Receive Maximum. */
  isSent: boolean;
  /** The one before it in the order of redelivery: `InFlightTable` sets it. */
  older: InFlight | undefined;
  /** The one behind it in the order of redelivery. */
  newer: InFlight | undefined;
}

/** A payload in `bytes`, from offset `at` on. */
export interface PayloadPlace {
  /** An array that nobody changes any more. */
  readonly bytes: Uint8Array;
  /** Where the payload begins. */
  readonly at: number;
  /** Its bytes. */
  readonly length: number;
}

/**
 * A message without properties that goes to one client and is not stored: message, delivery and state in one object, and no view
 * of the payload before somebody asks for it. Three objects and a view of 380 bytes were what most of a QoS 1 message's garbage
 * consisted of; this one has 130.
 */
export class CompactInFlight implements InFlight, Delivery, KeptMessage {
  readonly packetId: number;
  readonly topicName: string;
  readonly publisherId: string;
  readonly qos: 1 | 2;
  readonly sizeBytes: number;
  state: InFlight["state"] = "published";
  isSent = true;
  older: InFlight | undefined;
  newer: InFlight | undefined;
  storeId = 0;
  #bytes: Uint8Array;
  #at: number;
  #length: number;

  constructor(
    packetId: number,
    qos: 1 | 2,
    topicName: string,
    publisherId: string,
    payload: PayloadPlace,
  ) {
    this.packetId = packetId;
    this.qos = qos;
    this.topicName = topicName;
    this.publisherId = publisherId;
    this.sizeBytes = payload.length + topicName.length;
    this.#bytes = payload.bytes;
    this.#at = payload.at;
    this.#length = payload.length;
    this.older = this.newer = undefined;
  }

  get delivery(): Delivery {
    return this;
  }

  get message(): KeptMessage {
    return this;
  }

  get payload(): Uint8Array {
    return this.#bytes.subarray(this.#at, this.#at + this.#length);
  }

  set payload(moved: Uint8Array) {
    this.#bytes = moved;
    this.#at = 0;
    this.#length = moved.length;
  }

  get retain(): false {
    return false;
  }

  get properties(): undefined {
    return undefined;
  }

  get expiresAtMs(): number {
    return Infinity;
  }

  get subscriptionIdentifiers(): undefined {
    return undefined;
  }

  get share(): undefined {
    return undefined;
  }

  get sequence(): number {
    return 0;
  }
}

/** The same of QoS 1 for a session that is stored. The store has it by reference, and makes rows of it if it is not acknowledged soon. */
export class StoredInFlight extends CompactInFlight implements SentDelivery {
  note: unknown = undefined;
  readonly #sequence: number;

  constructor(
    packetId: number,
    sequence: number,
    topicName: string,
    publisherId: string,
    payload: PayloadPlace,
  ) {
    super(packetId, 1, topicName, publisherId, payload);
    this.#sequence = sequence;
  }

  override get sequence(): number {
    return this.#sequence;
  }

  toDelivery(): Delivery {
    const { topicName, publisherId, sequence } = this;
    return {
      message: {
        topicName,
        payload: this.payload.slice(),
        qos: 1,
        retain: false,
        properties: undefined,
        expiresAtMs: Infinity,
        publisherId,
        storeId: 0,
      },
      qos: 1,
      retain: false,
      subscriptionIdentifiers: undefined,
      share: undefined,
      sequence,
    };
  }
}
