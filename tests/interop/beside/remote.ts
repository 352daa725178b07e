import {
  decodePacket,
  encodePacket,
  frameLength,
  type Packet,
  type ProtocolVersion,
} from "../../../lib/codec/mod.ts";
import { readBytes } from "../../support/notation.ts";

/** How long a bridge may take for what it is waited for: mosquitto's comes again after a while that it chooses. */
const LIMIT_MS = 40_000;

/** The far end of a bridge: it answers everything, and writes down what the bridge sends. */
export class Remote {
  /** What has come, a line for each packet, or for each filter of it. */
  readonly heard: string[] = [];
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #version: ProtocolVersion;
  readonly #serving: Promise<void>;
  #conn: Deno.TcpConn | undefined;
  #hasSession = false;
  #onHeard = Promise.withResolvers<void>();
  /** Who comes is sent away. */
  isAway = false;
  /** Packets of these types are not answered. */
  readonly silentTo = new Set<Packet["type"]>();

  constructor(version: ProtocolVersion) {
    this.#version = version;
    this.#serving = this.#serve();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** Waits until so many lines satisfy the pattern. */
  async until(pattern: RegExp, count = 1): Promise<void> {
    const end = performance.now() + LIMIT_MS;
    while (this.heard.filter((line) => pattern.test(line)).length < count) {
      const left = end - performance.now();
      if (left <= 0) throw new Error(`No ${pattern} in\n${this.heard.join("\n")}`);
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<void>((resolve) => timer = setTimeout(resolve, left));
      await Promise.race([this.#onHeard.promise, late]).finally(() => clearTimeout(timer));
    }
  }

  /** Sends a packet, as `tests/support/notation.ts` has it. */
  async send(text: string): Promise<void> {
    await this.#write(readBytes(text, this.#version));
  }

  /** Cuts the connection; the bridge comes again. */
  drop(): void {
    this.#conn?.close();
    this.#conn = undefined;
  }

  async #serve(): Promise<void> {
    for await (const conn of this.#listener) {
      if (this.isAway) {
        conn.close();
        this.#hear("attempt");
        continue;
      }
      this.#conn = conn;
      await this.#read(conn);
      this.#hear("closed");
      if (this.#conn === conn) this.drop();
    }
  }

  async #read(conn: Deno.TcpConn): Promise<void> {
    let buffer = new Uint8Array();
    const chunk = new Uint8Array(64 * 1024);
    for (;;) {
      const length = frameLength(buffer, 0, buffer.length, 0x0fffffff);
      if (length > 0 && length <= buffer.length) {
        const packet = decodePacket(buffer.slice(0, length), 0, length, this.#version);
        buffer = buffer.slice(length);
        await this.#answer(packet);
        continue;
      }
      const count = await conn.read(chunk).catch(() => null);
      if (count === null) return;
      buffer = Uint8Array.from([...buffer, ...chunk.subarray(0, count)]);
    }
  }

  async #answer(packet: Packet): Promise<void> {
    for (const line of linesOf(packet)) this.#hear(line);
    if (this.silentTo.has(packet.type)) return;
    const answer = answerTo(packet, this.#hasSession);
    if (packet.type === "connect") this.#hasSession = !packet.cleanStart;
    if (answer !== undefined) await this.#write(encodePacket(answer, this.#version));
  }

  async #write(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length;) at += await this.#conn!.write(bytes.subarray(at));
    } catch {
      // The bridge has closed; reading finds out.
    }
  }

  #hear(line: string): void {
    this.heard.push(line);
    const { resolve } = this.#onHeard;
    this.#onHeard = Promise.withResolvers();
    resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.drop();
    await this.#serving;
  }
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

function linesOf(packet: Packet): string[] {
  switch (packet.type) {
    case "connect": {
      const { cleanStart, will, userName = "", keepAliveSeconds, clientId } = packet;
      const last = will === undefined
        ? "none"
        : `${will.topicName} ${text(will.payload)} qos=${will.qos} retain=${will.retain}`;
      return [
        `CONNECT ${clientId} clean=${cleanStart} keepAlive=${keepAliveSeconds} user=${userName} will=${last}`,
      ];
    }
    case "subscribe":
      return packet.subscriptions.map(({ topicFilter, qos, noLocal, retainAsPublished }) =>
        `SUBSCRIBE ${topicFilter} qos=${qos} noLocal=${noLocal} retainAsPublished=${retainAsPublished}`
      );
    case "unsubscribe":
      return packet.topicFilters.map((filter) => `UNSUBSCRIBE ${filter}`);
    case "publish": {
      const { topicName, payload, qos, retain, dup } = packet;
      return [`PUBLISH ${topicName} ${text(payload)} qos=${qos} retain=${retain} dup=${dup}`];
    }
    case "puback":
    case "pubrec":
    case "pubrel":
    case "pubcomp":
      return [`${packet.type.toUpperCase()} ${packet.packetId}`];
    case "pingreq":
      return [];
    default:
      return [packet.type.toUpperCase()];
  }
}

function answerTo(packet: Packet, hasSession: boolean): Packet | undefined {
  const properties = {};
  switch (packet.type) {
    case "connect":
      return {
        type: "connack",
        sessionPresent: hasSession && !packet.cleanStart,
        reasonCode: 0,
        properties,
      };
    case "subscribe": {
      const reasonCodes = packet.subscriptions.map(({ qos }) => qos);
      return { type: "suback", packetId: packet.packetId, reasonCodes, properties };
    }
    case "unsubscribe": {
      const reasonCodes = packet.topicFilters.map(() => 0);
      return { type: "unsuback", packetId: packet.packetId, reasonCodes, properties };
    }
    case "pingreq":
      return { type: "pingresp" };
    case "publish": {
      if (packet.qos === 0) return undefined;
      const type = packet.qos === 1 ? "puback" : "pubrec";
      return { type, packetId: packet.packetId, reasonCode: 0, properties };
    }
    case "pubrec":
    case "pubrel": {
      const type = packet.type === "pubrec" ? "pubrel" : "pubcomp";
      return { type, packetId: packet.packetId, reasonCode: 0, properties };
    }
    default:
      return undefined;
  }
}
