/**
 * The core of a bridge: it turns packets of one connection into packets of the other, and stores nothing.
 *
 * One side is this broker, where the bridge is a client with a durable session; the other is the remote broker, where it is a client too. A
 * PUBLISH from one side leaves on the other with the same Packet Identifier, and its PUBACK, PUBREC, PUBREL and PUBCOMP return the same
 * way. So the state of a delivery is the state of the local session alone: its queue, messages in flight, released ones, and those received
 * but not yet released, stored and committed as for any client. A message leaves the disk with the remote acknowledgement, because the
 * relay passes that to the session. The remote broker gets its acknowledgement when this broker has committed. After a crash both sides
 * repeat under their old identifiers, as QoS 2 needs it. The window is the Receive Maximum of the remote broker, because the local CONNECT
 * carries it.
 *
 * The relay's own state is only needed for the connection: Topic Aliases, and which messages went out with a lower QoS.
 *
 * @module
 */
import {
  decodePacket,
  encodeAckInto,
  encodeInto,
  FirstByte,
  frameLength,
  NameCache,
  type Packet,
  packetSize,
  type ProtocolVersion,
  ReasonCode,
  reasonCodeName,
} from "../codec/mod.ts";
import { bridgeHop, encodeHops, hopsIn, MAX_HOPS_LENGTH, withHop } from "./hops.ts";
import type { Output } from "./output.ts";
import type { BridgeOptions } from "./options.ts";
import { PublishView } from "./publish_view.ts";
import type { RemoteLimits } from "./remote_limits.ts";
import { type BridgeCounters, BridgeFault } from "./state.ts";
import type { TopicRules } from "./topic_rules.ts";

/** The parts of a relay. */
export interface RelayInit {
  readonly options: BridgeOptions;
  readonly rules: TopicRules;
  readonly limits: RemoteLimits;
  /** This broker's name in hops. */
  readonly brokerId: string;
  /** The most bytes of a packet from either side. */
  readonly maxPacketSizeBytes: number;
  /** Bytes of a packet that this broker takes. */
  readonly maxLocalPacketSizeBytes: number;
  readonly counters: BridgeCounters;
  readonly toRemote: Output;
  readonly toLocal: Output;
  /** Gets the packets that are not relayed, such as SUBACK, UNSUBACK, CONNACK or PINGRESP. */
  readonly onAnswer: (side: "local" | "remote", packet: Packet) => void;
}

const NONE = new Uint8Array(0);
const PUBLISH = FirstByte.Publish >> 4;
/** The MQTT version on the local side. */
const LOCAL: ProtocolVersion = 5;

/** Passes packets between the local session and the remote broker, for as long as both connections last. */
export class Relay {
  /**
   * Whether PUBLISH packets may go out: not before all subscriptions are acknowledged, because they could use the same Packet Identifiers.
   */
  mayPublish = false;
  /** PUBLISH packets that may go out until the next allowance; `Infinity` for no limit. */
  allowance = Infinity;
  readonly #init: RelayInit;
  readonly #view = new PublishView();
  readonly #names = new NameCache(256);
  /** By Topic Name: its Topic Alias followed by the properties of a message without hops. */
  readonly #aliases = new Map<string, Uint8Array>();
  readonly #maxAliases: number;
  /** QoS 2 messages that went out at QoS 1, by Packet Identifier. */
  readonly #lowered = new Set<number>();
  /** The remote broker's name in hops. */
  readonly #there: string;
  /** The properties added to a message without hops: on its way out, and on its way in. */
  readonly #firstOut: Uint8Array;
  readonly #firstIn: Uint8Array;
  readonly #maxPacketBytes: number;

  /** Both sides must be connected, or about to be. */
  constructor(init: RelayInit) {
    const { options, limits, brokerId, maxPacketSizeBytes } = init;
    this.#init = init;
    this.#maxAliases = Math.min(options.maxTopicAlias, limits.topicAliasMaximum);
    this.#there = limits.brokerId ?? bridgeHop(brokerId, options.name);
    this.#firstOut = encodeHops(brokerId);
    this.#firstIn = encodeHops(this.#there);
    this.#maxPacketBytes = maxPacketSizeBytes;
  }

  /** Passes on packets from this broker; returns the offset of the first unhandled byte. Throws `BridgeFault` and `MqttError`. */
  fromLocal(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    for (;;) {
      // No check of the size: packets from this broker are about as long as those its clients sent, apart from topics and properties.
      const length = frameLength(bytes, at, end, Infinity);
      if (length === 0 || at + length > end) return at;
      if (!this.#fromLocal(bytes, at, at + length)) return at;
      at += length;
    }
  }

  /** Passes on packets from the remote broker, in the same way. */
  fromRemote(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    for (;;) {
      const length = frameLength(bytes, at, end, this.#maxPacketBytes);
      if (length === 0 || at + length > end) return at;
      this.#fromRemote(bytes, at, at + length);
      at += length;
    }
  }

  /** Returns false if the packet has to wait, and all packets after it. */
  #fromLocal(bytes: Uint8Array, start: number, end: number): boolean {
    const type = bytes[start]! >> 4;
    if (type === PUBLISH) {
      if (!this.mayPublish || this.allowance < 1) return false;
      this.#publishOut(bytes, start, end);
      return true;
    }
    if (type === FirstByte.Pubrel >> 4 && !this.mayPublish) return false;
    if (isAck(type)) {
      this.#ackOut(type, uint16(bytes, idAt(bytes, start)), reasonOf(bytes, start, end));
      return true;
    }
    this.#init.onAnswer("local", decodePacket(bytes, start, end, LOCAL));
    return true;
  }

  #fromRemote(bytes: Uint8Array, start: number, end: number): void {
    const type = bytes[start]! >> 4;
    if (type === PUBLISH) return this.#publishIn(bytes, start, end);
    const { version } = this.#init.limits;
    if (isAck(type)) {
      if (end - start < 4) throw new BridgeFault("protocol_error", "An acknowledgement of nothing");
      const reasonCode = version === 5 ? reasonOf(bytes, start, end) : 0;
      return this.#ackIn(type, uint16(bytes, idAt(bytes, start)), reasonCode);
    }
    this.#init.onAnswer("remote", decodePacket(bytes, start, end, version));
  }

  /** Sends a message of this broker to the remote one. */
  #publishOut(bytes: Uint8Array, start: number, end: number): void {
    const { rules, limits, options, counters, toRemote } = this.#init;
    const view = this.#view;
    view.read(bytes, start, end, true, this.#names);
    const topic = rules.toRemote(view.topicName);
    if (topic === null) return this.#dropOut("no_rule");
    const refusal = this.#hopsRefusal(view.hops);
    if (refusal !== undefined) return this.#dropOut(refusal);
    const qos = Math.min(view.qos, limits.maxQos);
    const retain = view.retain && options.outgoingRetain && limits.retainAvailable;
    const firstByte = FirstByte.Publish | (view.dup && qos > 0 ? 8 : 0) | qos << 1 |
      (retain ? 1 : 0);
    if (end - start + topic.bytes.length + 64 > limits.maxPacketSizeBytes) {
      if (this.#sizeOut(topic.bytes, qos) > limits.maxPacketSizeBytes) {
        return this.#dropOut("packet_too_large");
      }
    }
    this.allowance--;
    const withProperties = limits.version === 5;
    const hops = withProperties ? this.#hopsOut(view.hops) : NONE;
    if (this.#maxAliases > 0) this.#writeAliased(firstByte, topic.name, topic.bytes, hops);
    else view.write(toRemote, firstByte, topic.bytes, withProperties, hops);
    counters.messagesOut++;
    if (qos === view.qos) return;
    if (qos === 0) this.#ackLocally(ReasonCode.Success);
    else this.#lowered.add(view.packetId);
  }

  #sizeOut(topic: Uint8Array, qos: number): number {
    const { limits } = this.#init;
    const added = limits.version === 5 ? this.#hopsOut(this.#view.hops) : NONE;
    const firstByte = FirstByte.Publish | qos << 1;
    return this.#view.sizeBytes(firstByte, topic.length, limits.version === 5, added.length);
  }

  /** Writes a message with a Topic Alias. The first topics get an alias each, which replaces the Topic Name from then on. */
  #writeAliased(firstByte: number, name: string, topic: Uint8Array, hops: Uint8Array): void {
    const { toRemote } = this.#init;
    let added = this.#aliases.get(name);
    const isKnown = added !== undefined;
    if (added === undefined) {
      const alias = this.#aliases.size + 1;
      if (alias > this.#maxAliases) {
        this.#view.write(toRemote, firstByte, topic, true, hops);
        return;
      }
      added = withAlias(alias, this.#firstOut);
      this.#aliases.set(name, added);
    }
    if (hops !== this.#firstOut) added = withAlias(added[1]! << 8 | added[2]!, hops);
    this.#view.write(toRemote, firstByte, isKnown ? NONE : topic, true, added);
  }

  #hopsRefusal(hops: string): string | undefined {
    const { options: { maxHops }, brokerId } = this.#init;
    if (hops === "" || maxHops === 0) return undefined;
    if (hops.length > MAX_HOPS_LENGTH) return "too_many_hops";
    const passed = hopsIn(hops);
    if (passed.includes(this.#there)) return "came_from_there";
    if (passed.includes(brokerId)) return "ring";
    return passed.length >= maxHops ? "too_many_hops" : undefined;
  }

  #hopsOut(hops: string): Uint8Array {
    const { options, brokerId } = this.#init;
    if (options.maxHops === 0) return hops === "" ? NONE : encodeHops(hops);
    return hops === "" ? this.#firstOut : encodeHops(withHop(hops, brokerId));
  }

  /** Drops an outgoing message, and acknowledges it to the local session. */
  #dropOut(reason: string): void {
    this.#init.counters.drop(reason);
    this.#ackLocally(ReasonCode.Success);
  }

  #ackLocally(reasonCode: ReasonCode): void {
    const { qos, packetId } = this.#view;
    if (qos === 0) return;
    this.#put("local", qos === 1 ? FirstByte.Puback : FirstByte.Pubrec, packetId, reasonCode);
  }

  /** Passes a message of the remote broker to this one. */
  #publishIn(bytes: Uint8Array, start: number, end: number): void {
    const { rules, limits, counters, toLocal, brokerId, maxLocalPacketSizeBytes } = this.#init;
    const view = this.#view;
    view.read(bytes, start, end, limits.version === 5, this.#names);
    if (view.topicName === "") {
      throw new BridgeFault("protocol_error", "A Topic Alias, of which none was allowed");
    }
    const topic = rules.toLocal(view.topicName);
    if (topic === null) return this.#dropIn("no_rule");
    if (view.hops.length > MAX_HOPS_LENGTH) return this.#dropIn("too_many_hops");
    if (view.hops !== "" && hopsIn(view.hops).includes(brokerId)) return this.#dropIn("ring");
    const hops = this.#hopsIn(view.hops);
    // It grows by our prefix and by its hops: what this broker would refuse would come again with each connection.
    if (end - start + topic.bytes.length + hops.length + 8 > maxLocalPacketSizeBytes) {
      const sizeBytes = view.sizeBytes(bytes[start]!, topic.bytes.length, true, hops.length);
      if (sizeBytes > maxLocalPacketSizeBytes) return this.#dropIn("packet_too_large");
    }
    view.write(toLocal, bytes[start]!, topic.bytes, true, hops);
    counters.messagesIn++;
  }

  #hopsIn(hops: string): Uint8Array {
    if (this.#init.options.maxHops === 0) return hops === "" ? NONE : encodeHops(hops);
    if (hops === "") return this.#firstIn;
    // A broker that adds no name of its own is assumed to come after the last one listed.
    const isThere = hopsIn(hops).includes(this.#there);
    return encodeHops(isThere ? hops : withHop(hops, this.#there));
  }

  /** Drops an incoming message, and acknowledges it to the remote broker. */
  #dropIn(reason: string): void {
    this.#init.counters.drop(reason);
    const { qos, packetId } = this.#view;
    if (qos === 0) return;
    const firstByte = qos === 1 ? FirstByte.Puback : FirstByte.Pubrec;
    this.#put("remote", firstByte, packetId, ReasonCode.Success);
  }

  /** Passes on an acknowledgement of the local session: of an incoming message, or the next step of an outgoing one. */
  #ackOut(type: number, packetId: number, reasonCode: number): void {
    const { limits, counters } = this.#init;
    if (type === FirstByte.Pubrel >> 4) {
      if (limits.maxQos === 2) return this.#put("remote", FirstByte.Pubrel, packetId, reasonCode);
      return this.#put("local", FirstByte.Pubcomp, packetId, ReasonCode.Success);
    }
    if (reasonCode === ReasonCode.QuotaExceeded) {
      const message = "This broker has no room for a message of the remote one";
      throw new BridgeFault("local_refused", message);
    }
    if (reasonCode >= 0x80 && type !== FirstByte.Pubcomp >> 4) counters.drop("refused_here");
    this.#put("remote", type << 4, packetId, reasonCode);
  }

  /** Passes on an acknowledgement of the remote broker: of an outgoing message, or the next step of an incoming one. */
  #ackIn(type: number, packetId: number, reasonCode: number): void {
    const { counters } = this.#init;
    if (type === FirstByte.Pubrel >> 4) {
      return this.#put("local", FirstByte.Pubrel, packetId, reasonCode);
    }
    if (reasonCode >= 0x80 && type !== FirstByte.Pubcomp >> 4) {
      if (reasonCode === ReasonCode.QuotaExceeded) {
        // The message must stay in the session: acknowledged with this code it would be deleted, and lost.
        throw new BridgeFault("quota", "The remote broker has no room for a message (0x97)");
      }
      counters.drop(`refused: ${reasonCodeName(reasonCode)}`);
    } else if (type !== FirstByte.Pubrec >> 4) counters.acknowledged++;
    const isLowered = type === FirstByte.Puback >> 4 && this.#lowered.delete(packetId);
    this.#put("local", isLowered ? FirstByte.Pubrec : type << 4, packetId, reasonCode);
  }

  #put(side: "local" | "remote", firstByte: number, packetId: number, reasonCode: number): void {
    const { toLocal, toRemote, limits } = this.#init;
    const output = side === "local" ? toLocal : toRemote;
    const version = side === "local" ? LOCAL : limits.version;
    if (reasonCode === 0 || version < 5) {
      const at = output.reserve(4);
      encodeAckInto(firstByte, packetId, output.bytes, at);
      return;
    }
    const at = output.reserve(5);
    output.bytes.set([firstByte, 3, packetId >> 8, packetId & 0xff, reasonCode], at);
  }
}

/** Puts a Topic Alias in front of properties. */
function withAlias(alias: number, properties: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(3 + properties.length);
  bytes.set([0x23, alias >> 8, alias & 0xff]);
  bytes.set(properties, 3);
  return bytes;
}

/** Puts a packet other than PUBLISH into an output. */
export function putPacket(output: Output, packet: Packet, version: ProtocolVersion): void {
  const at = output.reserve(packetSize(packet, version));
  encodeInto(packet, version, output.bytes, at);
}

/** Whether the type is PUBACK, PUBREC, PUBREL or PUBCOMP. */
function isAck(type: number): boolean {
  return type >= FirstByte.Puback >> 4 && type <= FirstByte.Pubcomp >> 4;
}

/** The offset of an acknowledgement's Packet Identifier. The Remaining Length may be encoded in more bytes than necessary. */
function idAt(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (bytes[at]! >= 0x80) at++;
  return at + 1;
}

function reasonOf(bytes: Uint8Array, start: number, end: number): number {
  const at = idAt(bytes, start) + 2;
  return at < end ? bytes[at]! : 0;
}

function uint16(bytes: Uint8Array, at: number): number {
  return bytes[at]! << 8 | bytes[at + 1]!;
}
