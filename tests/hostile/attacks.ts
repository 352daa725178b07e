import { encodePacket } from "../../lib/codec/mod.ts";
import { conversation, encodePackets } from "../support/conversation.ts";
import { connectPacket, publishPacket, subscribePacket } from "../support/raw_client.ts";
import type { Door } from "./doors.ts";
import type { Attacker } from "./attacker.ts";
import type { Visit } from "./visit.ts";

/** One way of behaving badly, again and again until the time is over. */
export interface Attack {
  readonly name: string;
  /** How many do it at once at one door. */
  readonly atOnce: number;
  /** Where it makes sense; default: everywhere. */
  isFor?(door: Door): boolean;
  act(attacker: Attacker): Promise<void>;
}

const SECOND_MS = 1000;
/** Between two of the quick ones, at most: without it there would be nothing but these. */
const PAUSE_MS = 100;
/** What the flood consists of: packets of this many bytes. */
const FLOOD_PACKET_BYTES = 16 * 1024;

/** What the Client Identifiers of those who never read begin with; the name of their door follows. */
export const DEAF = "deaf";

/** All of them. The names are those of the report. */
export const ATTACKS: readonly Attack[] = [
  {
    name: "a byte a second",
    atOnce: 10,
    async act(attacker) {
      const visit = await attacker.open();
      visit.listen();
      await drip(attacker, visit, attacker.firstBytes);
    },
  },
  {
    name: "CONNECT, a byte a second",
    atOnce: 5,
    isFor: ({ isSecure, isWebSocket, isProxied }) => isSecure || isWebSocket || isProxied,
    async act(attacker) {
      const visit = await attacker.enter();
      visit.listen();
      const bytes = encodePacket(connectPacket(), 5);
      await drip(attacker, visit, Uint8Array.from(bytes));
    },
  },
  {
    name: "silent handshakes",
    atOnce: 250,
    isFor: ({ isSecure }) => isSecure,
    async act(attacker) {
      const visit = await attacker.open();
      visit.listen();
      await attacker.until(visit.gone);
    },
  },
  {
    name: "cut handshakes",
    atOnce: 2,
    isFor: ({ isSecure, isWebSocket, isProxied }) => isSecure || isWebSocket || isProxied,
    async act(attacker) {
      const { random, firstBytes } = attacker;
      const visit = await attacker.open();
      await visit.write(firstBytes.subarray(0, random.int(firstBytes.length + 1)));
      if (random.bool()) await attacker.pause(random.int(PAUSE_MS));
      if (random.bool()) visit.reset();
      else visit.leave();
      await attacker.pause(random.int(PAUSE_MS));
    },
  },
  {
    name: "resets",
    atOnce: 2,
    async act(attacker) {
      const { random } = attacker;
      const visit = await attacker.enter();
      const bytes = visit.frame(conversation(random.pick([3, 4, 5])));
      const cut = random.int(bytes.length + 1);
      await visit.write(bytes.subarray(0, cut));
      if (random.bool()) await attacker.pause(random.int(PAUSE_MS));
      visit.reset();
      await attacker.pause(random.int(PAUSE_MS));
    },
  },
  {
    name: "garbage",
    atOnce: 2,
    async act(attacker) {
      const { random } = attacker;
      // Before everything, in the place of CONNECT, or behind it.
      const depth = random.int(3);
      const visit = depth === 0 ? await attacker.open() : await attacker.enter();
      visit.listen();
      // With a Keep Alive: garbage may look like the beginning of a long packet.
      const connect = connectPacket({ keepAliveSeconds: 3 });
      if (depth === 2) await visit.write(visit.frame(encodePacket(connect, 5)));
      for (let i = 0; i < 5; i++) await visit.write(random.bytes(1 + random.int(2000)));
      await attacker.pause(random.int(PAUSE_MS));
      if (random.bool()) visit.leave();
      else await attacker.until(visit.gone);
    },
  },
  {
    name: "half-closed",
    atOnce: 5,
    async act(attacker) {
      const { random } = attacker;
      const visit = random.int(3) === 0 ? await attacker.open() : await attacker.enter();
      const bytes = visit.frame(conversation(5));
      await visit.write(bytes.subarray(0, random.bool() ? bytes.length : random.int(bytes.length)));
      visit.halfClose();
      visit.listen();
      await attacker.until(visit.gone);
      await attacker.pause(SECOND_MS);
    },
  },
  {
    name: "wrong passwords",
    atOnce: 3,
    isFor: ({ name }) => name === "tcp",
    async act(attacker) {
      const visit = await attacker.enter();
      visit.listen();
      const password = attacker.random.bytes(8);
      await visit.write(encodePacket({ ...connectPacket(), userName: "alice", password }, 5));
      await attacker.until(visit.gone);
      await attacker.pause(PAUSE_MS);
    },
  },
  {
    name: "deaf, subscribed to #",
    atOnce: 1,
    async act(attacker) {
      const visit = await attacker.enter();
      visit.deafen();
      const clientId = `${DEAF}-${attacker.door.name}-${crypto.randomUUID()}`;
      const packets = [connectPacket({ clientId, keepAliveSeconds: 3 }), subscribePacket("#")];
      await visit.write(visit.frame(encodePackets(packets, 5)));
      const ping = visit.frame(encodePacket({ type: "pingreq" }, 5));
      while (!attacker.isOver && !visit.isGone) {
        await visit.write(ping);
        await attacker.pause(SECOND_MS);
      }
    },
  },
  {
    name: "flood",
    atOnce: 1,
    isFor: ({ name }) => name === "tcp" || name === "wss",
    async act(attacker) {
      const { flood } = attacker;
      const visit = await attacker.enter();
      visit.listen();
      await visit.write(visit.frame(encodePacket(connectPacket(), 5)));
      const packet = visit.frame(
        encodePacket(publishPacket("flood/x", new Uint8Array(FLOOD_PACKET_BYTES)), 5),
      );
      while (!attacker.isOver && !visit.isGone) {
        if (flood.sentBytes > flood.bytesPerMs * (performance.now() - flood.startedAtMs)) {
          await attacker.pause(10);
          continue;
        }
        flood.sentBytes += FLOOD_PACKET_BYTES;
        await visit.write(packet);
      }
      await attacker.pause(SECOND_MS);
      visit.leave();
    },
  },
];

/** A byte a second to the end of the bytes, and then nothing until the broker has had enough. */
async function drip(attacker: Attacker, visit: Visit, bytes: Uint8Array): Promise<void> {
  const frame = visit.door.isWebSocket && bytes !== attacker.firstBytes
    ? visit.frame(bytes)
    : bytes;
  for (let at = 0; at < frame.length && !attacker.isOver && !visit.isGone; at++) {
    await visit.write(frame.subarray(at, at + 1));
    await attacker.until(visit.gone, SECOND_MS);
  }
  await attacker.until(visit.gone);
}
