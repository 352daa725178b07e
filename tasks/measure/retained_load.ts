import { encodeText } from "../../lib/codec/mod.ts";
import { publishNumbered } from "./numbered_messages.ts";
import { RawConnection } from "./raw_connection.ts";

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
  const sites = Math.ceil(messages / DEVICES);
  await publishNumbered(port, messages, true, (number) => {
    const topic = `site/${number % sites}/device/${Math.floor(number / sites)}/temp`;
    return { topic: encodeText(topic), number };
  });
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
