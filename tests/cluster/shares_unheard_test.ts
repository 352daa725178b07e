import { deepEqual } from "node:assert/strict";
import type { SessionChange } from "../../lib/broker/mod.ts";
import { hostOf } from "../../lib/cluster/mod.ts";
import { ShareSessions } from "../../lib/cluster/share_sessions.ts";
import { keepShares } from "../../lib/cluster/stored_shares.ts";
import { MemoryStore } from "../../lib/store/mod.ts";
import { RawClient, subscribePacket } from "../support/raw_client.ts";
import { NatsServer, natsTest, TestNode, until } from "./support.ts";

const FILTER = "$share/crew/job/#";
const COUNT = 20;

/** A client with a session that outlives its connection. */
const kept = (clientId: string) => ({
  clientId,
  cleanStart: false,
  properties: { sessionExpiryInterval: 3600 },
});
/** Nobody is taken for dead. */
const patient = { deadAfterMs: 60_000 };

natsTest(
  "a shared subscription that the log does not have is none: its node begins again, and agrees with others about who has members",
  async () => {
    await using nats = await NatsServer.start();
    await using a = await TestNode.start(nats.url, "a", undefined, patient);
    const store = new MemoryStore();
    {
      await using b = await TestNode.start(nats.url, "b", store, patient);
      using member = await RawClient.connect(b.port, kept("member"));
      await member.subscribe(FILTER, 1);
      using late = await RawClient.connect(b.port, kept("late"));
      await nats.kill();
      await late.send(subscribePacket(FILTER, 1));
      await until(
        "the broker has it",
        () => [...hostOf(b.server).subscriptionsOf("late")].length === 1,
      );
    }
    await nats.restart();
    await until("the log is back", () => a.cluster.isReady);
    // It comes to another node, which has never heard of that.
    using _late = await RawClient.connect(a.port, kept("late"));
    await using b = await TestNode.start(nats.url, "b", store, patient);
    const publisher = await a.connect("publisher");
    for (let i = 0; i < COUNT; i++) await publisher.client.publish("job/x", `${i}`, { qos: 1 });
    const { cleanStart, properties } = kept("member");
    const again = await b.connect("member", { cleanStart, properties });
    await until("all have come", () => again.got.length >= COUNT);
    deepEqual(again.got, Array.from({ length: COUNT }, (_, i) => `job/x ${i}`));
    await again.client.disconnect();
    await publisher.client.disconnect();
  },
);

const options = {
  qos: 1,
  noLocal: false,
  retainAsPublished: false,
  retainHandling: 0,
  subscriptionIdentifier: 0,
} as const;
const session = {
  kind: "session",
  clientId: "m",
  expirySeconds: 9,
  expiresAtMs: Infinity,
  owner: undefined,
} as const;
const subscriptions = [{ topicFilter: "$share/new/x", ...options }, {
  topicFilter: "x",
  ...options,
}];

Deno.test("ShareSessions: a client arrives with all its subscriptions, and has no others", () => {
  const sessions = new ShareSessions();
  sessions.add("m", [{ topicFilter: "$share/old/x" }, { topicFilter: "$share/both/x" }]);
  sessions.add("other", [{ topicFilter: "$share/both/x" }]);
  deepEqual(sessions.changed({ ...session }), []);
  deepEqual([...sessions.of("m")], ["$share/old/x", "$share/both/x"]);
  deepEqual(sessions.changed({ ...session, subscriptions }), ["$share/old/x"]);
  deepEqual([...sessions.of("m")], ["$share/new/x"]);
});

const stored: [change: SessionChange, writes: string[]][] = [
  [{ ...session }, []],
  [{ ...session, subscriptions }, ["delete $share/old/x", "put $share/new/x"]],
  [{ kind: "subscribed", clientId: "m", subscription: subscriptions[0]! }, ["put $share/new/x"]],
  [{ kind: "subscribed", clientId: "m", subscription: subscriptions[1]! }, []],
  [{ kind: "unsubscribed", clientId: "m", topicFilter: "$share/old/x" }, ["delete $share/old/x"]],
  [{ kind: "unsubscribed", clientId: "m", topicFilter: "x" }, []],
  [{ kind: "ended", clientId: "m" }, ["delete $share/old/x"]],
];
for (const [change, writes] of stored) {
  Deno.test(`keepShares(): ${JSON.stringify(change)} stores ${writes.join(", ") || "nothing"}`, () => {
    const written: string[] = [];
    keepShares(
      {
        putSubscription: (_, { topicFilter }) => void written.push(`put ${topicFilter}`),
        deleteSubscription: (_, topicFilter) => void written.push(`delete ${topicFilter}`),
      },
      change,
      ["$share/old/x"],
    );
    deepEqual(written, writes);
  });
}
