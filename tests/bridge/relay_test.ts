import { deepEqual, equal, throws } from "node:assert/strict";
import type { Properties, Publish } from "../../lib/codec/mod.ts";
import { hops, publishOf, relayOf } from "../support/bridge_relay.ts";

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
