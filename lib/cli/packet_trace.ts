import type { ClientPorts, ClientStream } from "../client/mod.ts";
import { decodePacket, frameLength, type Packet, type ProtocolVersion } from "../codec/mod.ts";
import { print } from "./output.ts";

const MAX_PACKET_SIZE_BYTES = 0x0fff_ffff;

/** Ports that also print a line for each packet, as mosquitto's clients do with `-d`. */
export function tracedPorts(
  ports: ClientPorts,
  clientId: string | undefined,
  version: ProtocolVersion,
): ClientPorts {
  const name = clientId ?? "(null)";
  return {
    nowMs: () => ports.nowMs(),
    random: () => ports.random(),
    setTimer: (delayMs, run) => ports.setTimer(delayMs, run),
    open: async (...args) => traced(await ports.open(...args), name, version),
  };
}

function traced(below: ClientStream, name: string, version: ProtocolVersion): ClientStream {
  const sent = new Packets(version);
  const received = new Packets(version);
  return {
    async read(buffer) {
      const count = await below.read(buffer);
      if (count === null) return null;
      for (const packet of received.take(buffer.subarray(0, count))) {
        print(`Client ${name} received ${receivedLine(packet)}\n`);
        if (packet.type !== "suback") continue;
        print(`Subscribed (mid: ${packet.packetId}): ${packet.reasonCodes.join(", ")}\n`);
      }
      return count;
    },
    async write(bytes) {
      const count = await below.write(bytes);
      for (const packet of sent.take(bytes.subarray(0, count))) {
        for (const line of sentLines(packet)) print(`Client ${name} sending ${line}\n`);
      }
      return count;
    },
    close: () => below.close(),
  };
}

/** Finds the packets in a stream that is cut anywhere. */
class Packets {
  readonly #version: ProtocolVersion;
  #rest = new Uint8Array();

  constructor(version: ProtocolVersion) {
    this.#version = version;
  }

  take(bytes: Uint8Array): Packet[] {
    const all = new Uint8Array(this.#rest.length + bytes.length);
    all.set(this.#rest);
    all.set(bytes, this.#rest.length);
    const packets: Packet[] = [];
    let at = 0;
    try {
      for (;;) {
        const length = frameLength(all, at, all.length, MAX_PACKET_SIZE_BYTES);
        if (length === 0 || at + length > all.length) break;
        packets.push(decodePacket(all, at, at + length, this.#version));
        at += length;
      }
    } catch {
      at = all.length; // The client itself reports the fault.
    }
    this.#rest = all.slice(at);
    return packets;
  }
}

function sentLines(packet: Packet): readonly string[] {
  switch (packet.type) {
    case "publish":
      return [publishLine(packet)];
    case "subscribe":
      return packet.subscriptions.map((request) => {
        const options = request.qos | Number(request.noLocal) << 2 |
          Number(request.retainAsPublished) << 3 | request.retainHandling << 4;
        const hex = (options & ~3).toString(16).padStart(2, "0");
        return `SUBSCRIBE (Mid: ${packet.packetId}, Topic: ${request.topicFilter}, ` +
          `QoS: ${request.qos}, Options: 0x${hex})`;
      });
    case "unsubscribe":
      return packet.topicFilters.map((topicFilter) =>
        `UNSUBSCRIBE (Mid: ${packet.packetId}, Topic: ${topicFilter})`
      );
    case "puback":
    case "pubrec":
    case "pubcomp":
      return [`${packet.type.toUpperCase()} (m${packet.packetId}, rc${packet.reasonCode})`];
    case "pubrel":
      return [`PUBREL (m${packet.packetId})`];
    default:
      return [packet.type.toUpperCase()];
  }
}

function receivedLine(packet: Packet): string {
  const type = packet.type.toUpperCase();
  switch (packet.type) {
    case "publish":
      return publishLine(packet);
    case "connack":
    case "disconnect":
      return `${type} (${packet.reasonCode})`;
    case "puback":
    case "pubcomp":
      return `${type} (Mid: ${packet.packetId}, RC:${packet.reasonCode})`;
    case "pubrec":
    case "pubrel":
      return `${type} (Mid: ${packet.packetId})`;
    default:
      return type;
  }
}

function publishLine(packet: Extract<Packet, { readonly type: "publish" }>): string {
  const { dup, qos, retain, packetId, topicName, payload } = packet;
  return `PUBLISH (d${Number(dup)}, q${qos}, r${Number(retain)}, m${packetId}, ` +
    `'${topicName}', ... (${payload.length} bytes))`;
}
