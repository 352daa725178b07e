import { encodeText } from "../../lib/codec/mod.ts";
import { RawConnection } from "./raw_connection.ts";

/** Messages that are published before their acknowledgements are waited for. */
const WINDOW = 1000;
const PAYLOAD_BYTES = 100;
const SUBACK = 0x90;
/** Topics below one site. */
const DEVICES = 1000;

/** What a subscriber got, and how long it took from the subscription to the last message. */
export interface Delivered {
  readonly messages: number;
  readonly ms: number;
}

/** Publishes so many retained messages at QoS 1, each on a topic of its own, scattered over the sites. */
export async function retain(port: number, messages: number): Promise<void> {
  const connection = await RawConnection.open(port, "publisher");
  await connection.skip(4);
  const sites = Math.ceil(messages / DEVICES);
  for (let sent = 0; sent < messages; sent += WINDOW) {
    const count = Math.min(WINDOW, messages - sent);
    const parts = Array.from({ length: count }, (_, i) => {
      const number = sent + i;
      const topic = `site/${number % sites}/device/${Math.floor(number / sites)}/temp`;
      return publishPacket(encodeText(topic), 1 + i, number);
    });
    await connection.write(concat(parts));
    await connection.skip(4 * count);
  }
  await connection.close();
}

/** Subscribes at QoS 0 and counts what comes; throws where a message comes twice, or not. */
export async function receiveRetained(
  port: number,
  topicFilter: string,
  messages: number,
): Promise<Delivered> {
  const connection = await RawConnection.open(port, "subscriber", true);
  await connection.skip(4);
  const filter = encodeText(topicFilter);
  const seen = new Set<number>();
  const startMs = performance.now();
  await connection.subscribe(filter, 0);
  let from = 0;
  while (seen.size < messages) {
    const bytes = await connection.read(from);
    let at = 0;
    const view = new DataView(bytes.buffer, 0, bytes.length);
    for (;;) {
      if (at + 3 > bytes.length) break;
      const isLong = bytes[at + 1]! >= 128;
      const bodyAt = at + (isLong ? 3 : 2);
      const bodyBytes = isLong ? (bytes[at + 1]! & 127) + 128 * bytes[at + 2]! : bytes[at + 1]!;
      if (bodyAt + bodyBytes > bytes.length) break;
      if (bytes[at] !== SUBACK) {
        const number = view.getUint32(bodyAt + 2 + view.getUint16(bodyAt));
        if (seen.has(number)) throw new Error(`${number} has come twice`);
        seen.add(number);
      }
      at = bodyAt + bodyBytes;
    }
    from = connection.keep(bytes.subarray(at));
  }
  const ms = performance.now() - startMs;
  await connection.close();
  return { messages: seen.size, ms };
}

function publishPacket(topic: Uint8Array, packetId: number, number: number): Uint8Array {
  const bodyBytes = 4 + topic.length + PAYLOAD_BYTES;
  const head = bodyBytes < 128 ? [bodyBytes] : [bodyBytes & 127 | 128, bodyBytes >> 7];
  const bytes = new Uint8Array(1 + head.length + bodyBytes);
  bytes.set([0x33, ...head, 0, topic.length, ...topic, packetId >> 8, packetId & 0xff]);
  new DataView(bytes.buffer).setUint32(1 + head.length + 4 + topic.length, number);
  return bytes;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
