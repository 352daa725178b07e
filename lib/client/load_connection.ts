import {
  decodePublish,
  encodeAckInto,
  encodePacket,
  encodePublishInto,
  encodeText,
  FirstByte,
  frameLength,
  type Publish,
  publishSize,
  type Qos,
  withRoom,
} from "../codec/mod.ts";
import { ClientError, refusal } from "./protocol/client_error.ts";
import { CONNECT_TIMEOUT_MS } from "./init.ts";
import type { Place } from "./place.ts";
import { type ClientStream, writeAll } from "./stream.ts";
import { open } from "./transport.ts";

/** The packet types for which `open` waits. */
const [CONNACK, SUBACK] = [2, 9];
/** Buffers start small, because a program may have thousands of connections; those of a busy connection grow. */
const BUFFER_BYTES = 4 * 1024;
/** A read buffer grows up to this while single reads fill it; beyond it only for a packet that does not fit. */
const BUSY_BYTES = 256 * 1024;

/**
 * A connection of 3.1.1 for measuring a broker: it makes no promise and no object for a message, and one write for many. It does not
 * record what it sent; its owner does.
 */
export class LoadConnection {
  /** Called for each message; the payload is valid during the call. */
  onPublish: (payload: Uint8Array) => void = () => {};
  /** QoS 1 and 2 messages that the broker has not acknowledged to the end. */
  inFlight = 0;
  readonly #conn: ClientStream;
  #out = new Uint8Array(BUFFER_BYTES);
  #outLength = 0;
  #isWriting = false;
  #packetId = 0;
  #isClosed = false;
  /** When the broker has answered the last packet of `open`. */
  readonly #ready = Promise.withResolvers<void>();

  private constructor(conn: ClientStream) {
    this.#conn = conn;
  }

  /**
   * Connects, and subscribes where a filter is given; resolves when the broker has answered. `keepsSession`: the broker is to keep it,
   * until the same client connects without.
   */
  static async open(
    place: Place,
    clientId: string,
    subscription?: { readonly topicFilter: string; readonly qos: Qos },
    keepsSession = false,
  ): Promise<LoadConnection> {
    const conn = await open(place, CONNECT_TIMEOUT_MS);
    const connection = new LoadConnection(conn);
    connection.#run(subscription === undefined ? CONNACK : SUBACK);
    await writeAll(
      conn,
      encodePacket({
        type: "connect",
        protocolVersion: 4,
        cleanStart: !keepsSession,
        keepAliveSeconds: 0,
        clientId,
      }, 4),
    );
    if (subscription !== undefined) {
      const options = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
      const subscriptions = [{ ...subscription, ...options }];
      await writeAll(conn, encodePacket({ type: "subscribe", packetId: 1, subscriptions }, 4));
    }
    await connection.#ready.promise;
    return connection;
  }

  /** Whether it has ended, by us or by the broker. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Bytes that are not written yet. */
  get pendingBytes(): number {
    return this.#outLength;
  }

  /** Gathers a PUBLISH; `flush` sends what has gathered. */
  publish(topicName: string, topicNameBytes: Uint8Array, payload: Uint8Array, qos: Qos): void {
    if (qos > 0) {
      this.#packetId = this.#packetId % 65_535 + 1;
      this.inFlight++;
    }
    const packet: Publish = {
      type: "publish",
      topicName,
      payload,
      qos,
      retain: false,
      dup: false,
      packetId: qos > 0 ? this.#packetId : 0,
      properties: undefined,
    };
    this.#reserve(publishSize(packet, 4, topicNameBytes));
    this.#outLength = encodePublishInto(packet, 4, this.#out, this.#outLength, topicNameBytes);
  }

  /** Sends what has gathered, one write at a time. */
  flush(): void {
    if (this.#isWriting || this.#outLength === 0 || this.#isClosed) return;
    this.#isWriting = true;
    const bytes = this.#out.slice(0, this.#outLength);
    this.#outLength = 0;
    writeAll(this.#conn, bytes).then(() => {
      this.#isWriting = false;
      this.flush();
    }, () => this.close());
  }

  /** Closes it without a DISCONNECT. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#ready.reject(new ClientError("closed", "The broker closed the connection"));
    this.#conn.close();
  }

  async #run(readyType: number): Promise<void> {
    let buffer = new Uint8Array(BUFFER_BYTES);
    let end = 0;
    try {
      for (;;) {
        const count = await this.#conn.read(buffer.subarray(end));
        if (count === null) return this.close();
        end += count;
        const isFull = end === buffer.length;
        let start = 0;
        for (;;) {
          const length = frameLength(buffer, start, end, 0x0fffffff);
          if (length === 0 || start + length > end) break;
          const type = buffer[start]! >> 4;
          if (type === CONNACK && buffer[start + 3] !== 0) {
            this.#ready.reject(refusal(4, buffer[start + 3]!, undefined));
          } else if (type === readyType) this.#ready.resolve();
          this.#handle(type, buffer, start, start + length);
          start += length;
        }
        if (isFull && (start === 0 || buffer.length < BUSY_BYTES)) {
          const grown = new Uint8Array(buffer.length * 2);
          grown.set(buffer.subarray(start, end));
          buffer = grown;
        } else buffer.copyWithin(0, start, end);
        end -= start;
        this.flush();
      }
    } catch {
      this.close(); // It was closed here, or by the broker; the owner sees what is missing.
    }
  }

  #handle(type: number, bytes: Uint8Array, start: number, end: number): void {
    if (type === 3) {
      const { payload, qos, packetId } = decodePublish(bytes, start, end, 4);
      if (qos > 0) this.#acknowledge(qos === 1 ? FirstByte.Puback : FirstByte.Pubrec, packetId);
      return this.onPublish(payload);
    }
    const packetId = bytes[start + 2]! << 8 | bytes[start + 3]!;
    if (type === FirstByte.Puback >> 4 || type === FirstByte.Pubcomp >> 4) this.inFlight--;
    else if (type === FirstByte.Pubrec >> 4) this.#acknowledge(FirstByte.Pubrel, packetId);
    else if (type === FirstByte.Pubrel >> 4) this.#acknowledge(FirstByte.Pubcomp, packetId);
  }

  #acknowledge(firstByte: number, packetId: number): void {
    this.#reserve(4);
    this.#outLength = encodeAckInto(firstByte, packetId, this.#out, this.#outLength);
  }

  #reserve(sizeBytes: number): void {
    this.#out = withRoom(this.#out, this.#outLength, sizeBytes);
  }
}

/** A Topic Name with its bytes, encoded once. */
export function loadTopic(name: string): { readonly name: string; readonly bytes: Uint8Array } {
  return { name, bytes: encodeText(name) };
}
