import { BridgeCounters, type BridgeOptions, Output, TopicRules } from "../../lib/bridge/mod.ts";
import { Relay } from "../../lib/bridge/relay.ts";
import type { RemoteLimits } from "../../lib/bridge/remote_limits.ts";
import { BRIDGE_HOPS } from "../../lib/broker/mod.ts";
import {
  encodePacket,
  type Packet,
  type Properties,
  type ProtocolVersion,
  type Publish,
} from "../../lib/codec/mod.ts";
import { DEFAULT_BRIDGE_OPTIONS } from "./bridge_options.ts";
import { wholePackets } from "./whole_packets.ts";

const TOPIC = {
  pattern: "#",
  direction: "both",
  qos: 2,
  localPrefix: "",
  remotePrefix: "",
} as const;
const LIMITS: RemoteLimits = {
  version: 5,
  sessionPresent: true,
  maxQos: 2,
  retainAvailable: true,
  maxPacketSizeBytes: Infinity,
  receiveMaximum: 10,
  topicAliasMaximum: 0,
  keepAliveSeconds: 0,
  brokerId: "far",
};

/** A relay between two outputs, of which is told what each has. */
export function relayOf(limits: Partial<RemoteLimits> = {}, options: Partial<BridgeOptions> = {}) {
  const [toRemote, toLocal] = [new Output(), new Output()];
  const counters = new BridgeCounters();
  const relay = new Relay({
    options: { ...DEFAULT_BRIDGE_OPTIONS, topics: [TOPIC], ...options },
    rules: new TopicRules([TOPIC]),
    limits: { ...LIMITS, ...limits },
    brokerId: "near",
    maxPacketSizeBytes: 70_000,
    maxLocalPacketSizeBytes: 70_000,
    counters,
    toRemote,
    toLocal,
    onAnswer: () => {},
  });
  relay.mayPublish = true;
  const version = limits.version ?? 5;
  const give = (way: "fromLocal" | "fromRemote", packet: Packet) => {
    const bytes = encodePacket(packet, way === "fromLocal" ? 5 : version);
    return relay[way](bytes, 0, bytes.length);
  };
  return {
    relay,
    counters,
    give,
    there: () => taken(toRemote, version),
    here: () => taken(toLocal, 5),
  };
}

function taken(output: Output, version: ProtocolVersion): Packet[] {
  return wholePackets(output.take(undefined), version);
}

/** A message of one byte to `t`. */
export function publishOf(qos: 0 | 1 | 2, properties?: Properties): Publish {
  return {
    type: "publish",
    topicName: "t",
    payload: new TextEncoder().encode("x"),
    qos,
    retain: false,
    dup: false,
    packetId: qos === 0 ? 0 : 7,
    properties,
  };
}

/** The User Property that names the brokers that a message has passed. */
export const hops = (...passed: string[]): Properties => ({
  userProperties: [[BRIDGE_HOPS, passed.join()]],
});
