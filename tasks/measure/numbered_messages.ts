import { Buffer } from "node:buffer";
import { RawConnection } from "./raw_connection.ts";

/** Messages that are published before their acknowledgements are waited for. */
const WINDOW = 1000;
const PAYLOAD_BYTES = 100;
const PUBLISH_QOS1 = 0x32;
const RETAIN = 1;

/** A message of 100 bytes. */
export interface NumberedMessage {
  readonly topic: Uint8Array;
  /** Its payload begins with this, in 32 bits. */
  readonly number: number;
}

/** Publishes so many messages at QoS 1; `messageOf` makes each of its place among them. */
export async function publishNumbered(
  port: number,
  messages: number,
  isRetained: boolean,
  messageOf: (place: number) => NumberedMessage,
): Promise<void> {
  const connection = await RawConnection.open(port, "publisher");
  await connection.skip(4);
  for (let sent = 0; sent < messages; sent += WINDOW) {
    const count = Math.min(WINDOW, messages - sent);
    const packets = Array.from(
      { length: count },
      (_, i) => publishPacket(messageOf(sent + i), 1 + i, isRetained),
    );
    await connection.write(Buffer.concat(packets));
    await connection.skip(4 * count);
  }
  await connection.close();
}

function publishPacket(
  { topic, number }: NumberedMessage,
  packetId: number,
  isRetained: boolean,
): Uint8Array {
  const bodyBytes = 4 + topic.length + PAYLOAD_BYTES;
  const length = bodyBytes < 128 ? [bodyBytes] : [bodyBytes & 127 | 128, bodyBytes >> 7];
  const bytes = new Uint8Array(1 + length.length + bodyBytes);
  const first = PUBLISH_QOS1 | (isRetained ? RETAIN : 0);
  bytes.set([first, ...length, 0, topic.length, ...topic, packetId >> 8, packetId & 0xff]);
  new DataView(bytes.buffer).setUint32(bytes.length - PAYLOAD_BYTES, number);
  return bytes;
}
