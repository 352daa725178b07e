import { deepEqual } from "node:assert/strict";
import type { Message, Subscription } from "../../lib/broker/mod.ts";
import { GivenUp } from "../../lib/cluster/given_up.ts";

function message(topicName: string, publisherId = "p"): Message {
  return {
    topicName,
    payload: new Uint8Array(0),
    qos: 1,
    retain: false,
    properties: undefined,
    expiresAtMs: Infinity,
    publisherId,
  };
}

function subscription(topicFilter: string, noLocal = false): Subscription {
  return {
    topicFilter,
    qos: 1,
    noLocal,
    retainAsPublished: false,
    retainHandling: 0,
    subscriptionIdentifier: 0,
  } as Subscription;
}

const rows: [what: string, lacking: string[], topic: string, left: Subscription[]][] = [
  ["it matches what was given up", ["c"], "b/1", []],
  ["it matches something else", [], "a/1", []],
  ["the session has another subscription for it", [], "b/1", [subscription("+/1")]],
  ["the other one is for something else", ["c"], "b/1", [subscription("a/#")]],
];
for (const [what, lacking, topic, left] of rows) {
  Deno.test(`a session lacks a message that others put into it: ${what}`, () => {
    const givenUp = new GivenUp();
    givenUp.add("c", "b/#");
    deepEqual([...givenUp.lacking(message(topic), () => left)], lacking);
  });
}

Deno.test("a subscription with No Local does not give a session what its own client publishes [MQTT-3.8.3-3]", () => {
  const givenUp = new GivenUp();
  givenUp.add("c", "b/#");
  const left = () => [subscription("b/#", true)];
  deepEqual([...givenUp.lacking(message("b/1", "c"), left)], ["c"]);
  deepEqual([...givenUp.lacking(message("b/1"), left)], []);
});

Deno.test("what the log has come to is not given up any more, nor what a session that is gone has said", () => {
  const givenUp = new GivenUp();
  for (const clientId of ["c", "d"]) givenUp.add(clientId, "b/#");
  givenUp.add("c", "b/#");
  const lacking = () => [...givenUp.lacking(message("b/1"), () => [])];
  givenUp.heard("c", "a/#");
  givenUp.heard("c", "b/#");
  deepEqual(lacking(), ["c", "d"]);
  givenUp.heard("c", "b/#");
  deepEqual(lacking(), ["d"]);
  givenUp.forget("d");
  deepEqual(lacking(), []);
});
