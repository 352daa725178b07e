import {
  decodePacket,
  frameLength,
  MqttError,
  type Packet,
  type ProtocolVersion,
} from "../../../lib/codec/mod.ts";
import { fieldsOf, readBytes, showFields } from "../../support/notation.ts";

/** How long a broker that says nothing to a first packet is waited for. No case is about that, so it costs time where something is wrong. */
const SILENCE_MS = 5000;
/** How long it may take to answer a ping. */
const ANSWER_LIMIT_MS = 10_000;
const PINGREQ = Uint8Array.of(0xc0, 0);

/** Properties of CONNACK that tell of a broker's limits, which differ. */
const LIMITS = new Set([
  "receiveMaximum",
  "topicAliasMaximum",
  "maximumPacketSize",
  "reasonString",
]);

/** One connection to a broker. */
class Talker {
  isOpen = true;
  isConnected = false;
  readonly #conn: Deno.TcpConn;
  readonly #version: ProtocolVersion;
  #buffer = new Uint8Array();
  /** The read that is under way; one that was given up goes on. */
  #reading: Promise<number | null> | undefined;
  readonly #chunk = new Uint8Array(128 * 1024);

  constructor(conn: Deno.TcpConn, version: ProtocolVersion) {
    this.#conn = conn;
    this.#version = version;
    conn.setNoDelay(true);
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
    } catch {
      // The broker has closed; reading finds out.
    }
  }

  /** What has come: after a ping's answer nothing more does. */
  async settle(): Promise<string[]> {
    if (!this.isOpen) return [];
    const heard: string[] = [];
    if (this.isConnected) await this.write(PINGREQ);
    for (;;) {
      const packet = await this.#next(this.isConnected ? ANSWER_LIMIT_MS : SILENCE_MS);
      if (packet === "silent") return this.isConnected ? [...heard, "no answer to a ping"] : heard;
      this.isOpen = packet !== "closed";
      if (!this.isOpen) return [...heard, "closed"];
      if (typeof packet !== "string" && packet.type === "pingresp" && this.isConnected) {
        return heard;
      }
      heard.push(typeof packet === "string" ? packet : shown(packet));
      if (typeof packet !== "string" && packet.type === "connack" && packet.reasonCode === 0) {
        this.isConnected = true;
        await this.write(PINGREQ);
      }
    }
  }

  /** The next packet; in words: "closed", "silent", or what is wrong with it. */
  async #next(limitMs: number): Promise<Packet | string> {
    for (;;) {
      const length = frameLength(this.#buffer, 0, this.#buffer.length, 0x0fffffff);
      if (length > 0 && length <= this.#buffer.length) {
        const bytes = this.#buffer.slice(0, length);
        this.#buffer = this.#buffer.slice(length);
        return decoded(bytes, this.#version);
      }
      this.#reading ??= this.#conn.read(this.#chunk).catch(() => null);
      const count = await within(limitMs, this.#reading);
      if (count === "late") return "silent";
      this.#reading = undefined;
      if (count === null) return "closed";
      const longer = new Uint8Array(this.#buffer.length + count);
      longer.set(this.#buffer);
      longer.set(this.#chunk.subarray(0, count), this.#buffer.length);
      this.#buffer = longer;
    }
  }

  close(): void {
    this.isOpen = false;
    try {
      this.#conn.close();
    } catch {
      // It is closed.
    }
  }
}

async function within<T>(limitMs: number, awaited: Promise<T>): Promise<T | "late"> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<"late">((resolve) => timer = setTimeout(() => resolve("late"), limitMs));
  return await Promise.race([awaited, late]).finally(() => clearTimeout(timer));
}

/** mosquitto sends packets that break the rules of MQTT: this says which rule. */
function decoded(bytes: Uint8Array, version: ProtocolVersion): Packet | string {
  try {
    return decodePacket(bytes, 0, bytes.length, version);
  } catch (error) {
    if (error instanceof MqttError) return `against the rules: ${error.message}`;
    throw error;
  }
}

/** `frame 30 …` is a packet of that first byte and body, whose length is computed; all else is as `readBytes` has it. */
function bytesOf(text: string, version: ProtocolVersion): Uint8Array {
  const [, first, body] = /^frame ([\da-f]{2})(.*)$/.exec(text) ?? [];
  if (first === undefined) return readBytes(text, version);
  const bytes = readBytes(`hex ${body}`, version);
  if (bytes.length > 127) throw new Error(`Cannot frame ${bytes.length} bytes`);
  return Uint8Array.of(Number.parseInt(first, 16), bytes.length, ...bytes);
}

/** A packet in one line, without what every broker chooses for itself. */
function shown(packet: Packet): string {
  const { type, ...rest } = fieldsOf(packet);
  // mosquitto writes properties in another order.
  const names = Object.keys(rest).filter((name) => !LIMITS.has(name)).sort();
  const fields = Object.fromEntries(names.map((name) => [name, rest[name]]));
  if (fields.assignedClientIdentifier !== undefined) fields.assignedClientIdentifier = "some";
  return showFields({ type, ...fields });
}

/** Where a script is played. */
export interface Place {
  /** The port that a new connection goes to: by its name, and by how many there were before. */
  portOf(name: string, index: number): number;
  /** Waits for what a ping does not wait for. */
  pass?(): Promise<void>;
}

/** The listeners of one broker: a connection goes to the first, or to that whose number ends its name (`a2`). */
export function listeners(ports: readonly number[]): Place {
  return { portOf: (name) => ports[Number(/\d*$/.exec(name)![0] || 1) - 1]! };
}

/**
 * Plays a script, and returns what was said to it. A line is `a> PACKET`, as `tests/support/notation.ts` has packets, or `a x`, which
 * closes the connection without a word. A new name is a new connection. After each line, everything is awaited that follows from it.
 */
export async function talk(
  place: Place,
  script: string,
  version: ProtocolVersion,
): Promise<string[]> {
  const talkers = new Map<string, Talker>();
  const said: string[] = [];
  try {
    for (
      const line of script.split("\n").map((line) => line.trim()).filter((line) => line !== "")
    ) {
      const [, name = "", act = "", text = ""] = /^(\w+)(>| x)\s*(.*)$/.exec(line) ?? [];
      if (name === "") throw new Error(`No line of a script: ${line}`);
      if (act === " x") talkers.get(name)!.close();
      else {
        if (!talkers.has(name)) {
          const port = place.portOf(name, talkers.size);
          const conn = await Deno.connect({ hostname: "127.0.0.1", port });
          talkers.set(name, new Talker(conn, version));
        }
        const parts = text.split(" & ").map((part) => bytesOf(part, version));
        await talkers.get(name)!.write(Uint8Array.from(parts.flatMap((bytes) => [...bytes])));
      }
      said.push(line.length > 100 ? `${line.slice(0, 100)}…` : line);
      const order = [name, ...[...talkers.keys()].filter((other) => other !== name)];
      const heardBy = new Map(order.map((each): [string, string[]] => [each, []]));
      const settle = async (each: string) =>
        heardBy.get(each)!.push(...await talkers.get(each)!.settle());
      // A broker may hear the first pings before it sees that somebody has closed, but not the second ones.
      for (let rounds = act === " x" ? 2 : 1; rounds > 0; rounds--) {
        if (place.pass !== undefined) {
          // What it waits for follows from packets that were read.
          await settle(name);
          await place.pass();
        }
        for (const each of order) await settle(each);
      }
      for (const [each, all] of heardBy) for (const heard of all) said.push(`  ${each}< ${heard}`);
    }
    return said;
  } finally {
    for (const talker of talkers.values()) talker.close();
  }
}

/**
 * A broker of which everything is awaited that follows when it is on the disk: a client's message is acknowledged when all before it is there.
 * At this broker an acknowledgement waits for that, and no ping does.
 */
export class DurablePlace implements Place {
  readonly #port: number;
  readonly #talker: Talker;

  private constructor(port: number, talker: Talker) {
    this.#port = port;
    this.#talker = talker;
  }

  static async open(port: number): Promise<DurablePlace> {
    const talker = new Talker(await Deno.connect({ hostname: "127.0.0.1", port }), 4);
    await talker.write(bytesOf("CONNECT clientId=barrier cleanStart keepAlive=60", 4));
    await talker.settle();
    return new DurablePlace(port, talker);
  }

  portOf(): number {
    return this.#port;
  }

  async pass(): Promise<void> {
    await this.#talker.write(bytesOf('PUBLISH the/barrier qos=1 id=1 retain "x"', 4));
    while ((await this.#talker.settle()).length === 0);
  }

  [Symbol.dispose](): void {
    this.#talker.close();
  }
}
