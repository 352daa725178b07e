import { encodeText } from "../../lib/codec/mod.ts";
import { publishNumbered } from "./numbered_messages.ts";
import { RawConnection } from "./raw_connection.ts";

const PUBACK = 0x40;

/** Makes the sessions, each subscribed to a topic of its own, and leaves. */
export async function makeSessions(port: number, sessions: number): Promise<void> {
  for (let i = 0; i < sessions; i++) {
    const connection = await RawConnection.open(port, `session-${i}`);
    const filter = encodeText(`queue/${i}`);
    await connection.skip(4);
    await connection.subscribe(filter, 1);
    await connection.skip(5);
    await connection.close();
  }
}

/** Publishes so many messages at QoS 1 to the sessions in turn; each says which of its session's it is. */
export async function fillQueues(port: number, sessions: number, messages: number): Promise<void> {
  const topics = Array.from({ length: sessions }, (_, i) => encodeText(`queue/${i}`));
  await publishNumbered(port, messages, false, (place) => ({
    topic: topics[place % sessions]!,
    number: Math.floor(place / sessions),
  }));
}

/** Comes as each of the sessions and takes what waits, `messages` in all; throws where something is missing or out of order. */
export async function drainQueues(port: number, sessions: number, messages: number): Promise<void> {
  const each = (i: number) => Math.floor(messages / sessions) + (i < messages % sessions ? 1 : 0);
  // All come in before any of them reads: a CONNECT that waits for this program to have time comes too late.
  const connections: RawConnection[] = [];
  for (let i = 0; i < sessions; i++) {
    connections.push(await RawConnection.open(port, `session-${i}`));
  }
  await Promise.all(connections.map((one, i) => drainOne(one, `session-${i}`, each(i))));
}

async function drainOne(
  connection: RawConnection,
  clientId: string,
  messages: number,
): Promise<void> {
  const acks = new Uint8Array(64 * 1024);
  let next = 0;
  let from = 0;
  let isFirst = true;
  while (next < messages) {
    const bytes = await connection.read(from);
    let at = 0;
    if (isFirst && bytes.length >= 4) {
      isFirst = false;
      at = 4; // CONNACK
    }
    let acked = 0;
    for (;;) {
      const end = at + 2 + bytes[at + 1]!;
      // All packets are shorter than 128 bytes behind their head.
      if (at + 2 > bytes.length || end > bytes.length) break;
      const idAt = at + 4 + bytes[at + 3]!;
      const number = new DataView(bytes.buffer, idAt + 2, 4).getUint32(0);
      if (number !== next++) {
        throw new Error(`${clientId} got ${number} in the place of ${next - 1}`);
      }
      acks.set([PUBACK, 2, bytes[idAt]!, bytes[idAt + 1]!], acked);
      acked += 4;
      at = end;
    }
    from = connection.keep(bytes.subarray(at));
    if (acked > 0) await connection.write(acks.subarray(0, acked));
  }
  await connection.close();
}
