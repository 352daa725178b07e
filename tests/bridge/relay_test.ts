import { deepEqual, equal, throws } from "node:assert/strict";
import { BridgeCounters, type BridgeOptions, Output, TopicRules } from "../../lib/bridge/mod.ts";
import { Relay } from "../../lib/bridge/relay.ts";
import type { RemoteLimits } from "../../lib/bridge/remote_limits.ts";
import {
  decodePacket,
  encodePacket,
  frameLength,
  type Packet,
  type Properties,
  type ProtocolVersion,
  type Publish,
} from "../../lib/codec/mod.ts";
import { BRIDGE_HOPS } from "../../lib/broker/mod.ts";
import { DEFAULT_BRIDGE_OPTIONS } from "../support/bridge_options.ts";

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
function relayOf(limits: Partial<RemoteLimits> = {}, options: Partial<BridgeOptions> = {}) {
  const [toRemote, toLocal] = [new Output(), new Output()];
  const counters = new BridgeCounters();
  const relay = new Relay({
    options: { ...DEFAULT_BRIDGE_OPTIONS, topics: [TOPIC], ...options },
    rules: new TopicRules([TOPIC]),
    limits: { ...LIMITS, ...limits },
    brokerId: "near",
    maxPacketSizeBytes: 1000,
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
  const bytes = output.take(undefined);
  const packets: Packet[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = frameLength(bytes, at, bytes.length, Infinity);
    packets.push(decodePacket(bytes, at, at + length, version));
    at += length;
  }
  return packets;
}

function publishOf(qos: 0 | 1 | 2, properties?: Properties): Publish {
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

const hops = (...passed: string[]): Properties => ({
  userProperties: [[BRIDGE_HOPS, passed.join()]],
});

Deno.test("A relay lets no PUBLISH and no PUBREL out before its subscriptions are made", () => {
  const { relay, give, there } = relayOf();
  relay.mayPublish = false;
  equal(give("fromLocal", publishOf(1)), 0);
  equal(give("fromLocal", { type: "pubrel", packetId: 7, reasonCode: 0 }), 0);
  deepEqual(there(), []);
});

Deno.test("An acknowledgement goes to the other side under its Packet Identifier, and that is when a message counts", () => {
  const { give, there, here, counters } = relayOf();
  give("fromLocal", publishOf(1));
  const [sent] = there() as [Publish];
  deepEqual([sent.packetId, sent.qos, sent.properties], [7, 1, hops("near")]);
  deepEqual(here(), []);
  give("fromRemote", { type: "puback", packetId: 7, reasonCode: 0 });
  deepEqual(here(), [{ type: "puback", packetId: 7, reasonCode: 0 }]);
  equal(counters.acknowledged, 1);
});

const refused: [what: string, passed: string[], reason: string][] = [
  ["that was there before", ["far"], "came_from_there"],
  ["that was here before", ["other", "near"], "ring"],
  ["that has passed too many brokers", ["a", "b", "c"], "too_many_hops"],
];
for (const [what, passed, reason] of refused) {
  Deno.test(`A message ${what} does not go out, is acknowledged here and counted`, () => {
    const { give, there, here, counters } = relayOf({}, { maxHops: 3 });
    give("fromLocal", publishOf(1, hops(...passed)));
    deepEqual(there(), []);
    deepEqual(here(), [{ type: "puback", packetId: 7, reasonCode: 0 }]);
    deepEqual([...counters.dropped], [[reason, 1]]);
  });
}

Deno.test("A message that was here before does not come in, and the remote broker need not keep it", () => {
  const { give, there, here } = relayOf();
  give("fromRemote", publishOf(2, hops("near")));
  deepEqual(here(), []);
  deepEqual(there(), [{ type: "pubrec", packetId: 7, reasonCode: 0 }]);
});

Deno.test("A remote broker of QoS 1 gets QoS 2 as QoS 1, and here the whole exchange happens", () => {
  const { give, there, here } = relayOf({ maxQos: 1 });
  give("fromLocal", publishOf(2));
  equal((there() as [Publish])[0].qos, 1);
  give("fromRemote", { type: "puback", packetId: 7, reasonCode: 0 });
  deepEqual(here(), [{ type: "pubrec", packetId: 7, reasonCode: 0 }]);
  give("fromLocal", { type: "pubrel", packetId: 7, reasonCode: 0 });
  deepEqual(here(), [{ type: "pubcomp", packetId: 7, reasonCode: 0 }]);
  deepEqual(there(), []);
});

Deno.test("A remote broker without room ends the connection, and the message stays; another refusal ends the message", () => {
  const { give, here, counters } = relayOf();
  give("fromLocal", publishOf(1));
  throws(() => give("fromRemote", { type: "puback", packetId: 7, reasonCode: 0x97 }), /no room/);
  deepEqual(here(), []);
  give("fromRemote", { type: "puback", packetId: 7, reasonCode: 0x87 });
  equal(here().length, 1);
  equal([...counters.dropped.values()][0], 1);
});

Deno.test("Subscription Identifiers stay where they mean something; other properties cross, and none before 5.0", () => {
  const properties: Properties = { contentType: "text", subscriptionIdentifiers: [3] };
  const five = relayOf();
  five.give("fromLocal", publishOf(0, properties));
  const [sent] = five.there() as [Publish];
  equal(sent.properties?.contentType, "text");
  equal(sent.properties?.subscriptionIdentifiers, undefined);
  const four = relayOf({ version: 4 });
  four.give("fromLocal", publishOf(0, properties));
  equal((four.there() as [Publish])[0].properties, undefined);
});

Deno.test("The second message of a topic has the Topic Alias of the first in the place of its name", () => {
  const { give, there } = relayOf({ topicAliasMaximum: 1 });
  give("fromLocal", publishOf(0));
  give("fromLocal", publishOf(0));
  const sent = there() as [Publish, Publish];
  deepEqual(sent.map(({ topicName, properties }) => [topicName, properties?.topicAlias]), [
    ["t", 1],
    ["", 1],
  ]);
});
