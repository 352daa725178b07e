import { deepEqual, equal, ok } from "node:assert/strict";
import { ShareTable } from "../../lib/cluster/share_table.ts";
import { MemoryStore } from "../../lib/store/mod.ts";
import { RawClient } from "../support/raw_client.ts";
import { type Listener, NatsServer, natsTest, TestNode, until } from "./support.ts";

const FILTER = "$share/crew/job/#";

/** A member with the client of ours, which acknowledges all. */
async function join(node: TestNode, clientId: string, more = {}): Promise<Listener> {
  const member = await node.connect(clientId, more);
  await member.client.subscribe({ topicFilter: FILTER, qos: 2 });
  return member;
}

/** A member that acknowledges nothing. */
async function joinDumb(node: TestNode, clientId: string, receiveMaximum: number) {
  const properties = { receiveMaximum };
  const client = await RawClient.connect(node.port, { clientId, properties });
  await client.subscribe(FILTER, 2);
  return client;
}

const numbers = (...members: Listener[]) =>
  members.flatMap(({ got }) => got).map((line) => Number(line.split(" ")[1])).sort((a, b) => a - b);
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

async function publishAll(publisher: Listener, from: number, to: number, qos: 0 | 1 | 2) {
  for (let i = from; i < to; i++) await publisher.client.publish("job/x", `${i}`, { qos });
}

Deno.test("ShareTable chooses in proportion, whatever the distance of the draws, and the same after a restart", () => {
  const table = new ShareTable();
  table.set("s", "b", { connected: 2, kept: 0 });
  table.set("s", "a", { connected: 1, kept: 5 });
  table.set("s", "c", { connected: 0, kept: 9 });
  const again = new ShareTable();
  again.load(JSON.parse(table.text), 0);
  for (const step of [1, 2, 3, 5, 7]) {
    const counts: Record<string, number> = { a: 0, b: 0, c: 0 };
    for (let i = 1; i <= 300; i++) {
      const node = table.choose("s", i * step)!;
      equal(again.choose("s", i * step), node);
      counts[node]!++;
    }
    equal(counts.c, 0);
    ok(Math.abs(counts.a! - 100) < 15, `${step}: ${JSON.stringify(counts)}`);
  }
  equal(table.choose("t", 1), undefined);
  // A node that has started again does not know what was before.
  table.knowsSince("a", 1000);
  for (let i = 1; i < 20; i++) equal(table.choose("s", i, 999), "b");
  table.remove("b");
  equal(table.choose("s", 1), "a");
  table.remove("a");
  equal(table.choose("s", 1), "c");
});

Deno.test("ShareTable knows by which record a node has got its last member, also after a restart, until it has none", () => {
  const table = new ShareTable();
  equal(table.gainedAt("s", "a"), 0);
  table.gain("s", "a", 70);
  table.gain("s", "a", 60);
  const again = new ShareTable();
  again.load(JSON.parse(table.text), 0);
  for (const one of [table, again]) {
    equal(one.choose("s", 1), "a");
    equal(one.gainedAt("s", "a"), 70);
    one.set("s", "a", { connected: 2, kept: 0 });
    equal(one.gainedAt("s", "a"), 70);
    one.set("s", "a", { connected: 0, kept: 0 });
    deepEqual([one.gainedAt("s", "a"), one.choose("s", 1)], [0, undefined]);
  }
});

for (const qos of [0, 1, 2] as const) {
  natsTest(
    `members of a shared subscription at three nodes get each message of QoS ${qos} once together`,
    async () => {
      await using nats = await NatsServer.start();
      await using a = await TestNode.start(nats.url, "a");
      await using b = await TestNode.start(nats.url, "b", new MemoryStore());
      await using c = await TestNode.start(nats.url, "c");
      const members = [await join(a, "a1"), await join(b, "b1"), await join(b, "b2")];
      const publisher = await c.connect("publisher");
      // Of QoS 0 each node decides by what it has read of the log.
      await until("all know the members", () => {
        const texts = [a, b, c].map(({ cluster }) => cluster.level.sequence);
        return new Set(texts).size === 1;
      });
      await publishAll(publisher, 0, 60, qos);
      await until("all have come", () => numbers(...members).length >= 60);
      deepEqual(numbers(...members), upTo(60));
      for (const { got } of members) ok(got.length >= 12, `${got.length} of 60`);
      const last = members.pop()!;
      await last.client.disconnect();
      for (const { client } of [...members, publisher]) await client.disconnect();
    },
  );
}

natsTest("a dead node's undelivered messages go to members of others, once", async () => {
  await using nats = await NatsServer.start();
  await using a = await TestNode.start(nats.url, "a");
  await using c = await TestNode.start(nats.url, "c");
  const publisher = await c.connect("publisher");
  {
    await using b = await TestNode.start(nats.url, "b");
    const members = [await join(a, "a1"), await join(c, "c1")];
    using dumb = await joinDumb(b, "b1", 65_535);
    await publishAll(publisher, 0, 30, 1);
    await until("the rest has come", () => numbers(...members).length >= 15);
    ok(numbers(...members).length < 25);
    // It says nothing more.
    await b.cluster.close();
    await publishAll(publisher, 30, 45, 1);
    await until("all have come", () => numbers(...members).length >= 45);
    deepEqual(numbers(...members), upTo(45));
    await publishAll(publisher, 45, 50, 1);
    await until("all have come", () => numbers(...members).length >= 50);
    deepEqual(numbers(...members), upTo(50));
    for (const { client } of members) await client.disconnect();
    void dumb;
  }
  await publisher.client.disconnect();
});

natsTest("of QoS 2 what was on its way when its node died goes to nobody else", async () => {
  await using nats = await NatsServer.start();
  await using a = await TestNode.start(nats.url, "a");
  const publisher = await a.connect("publisher");
  {
    await using b = await TestNode.start(nats.url, "b");
    const member = await join(a, "a1");
    using dumb = await joinDumb(b, "b1", 3);
    await publishAll(publisher, 0, 20, 2);
    const sent: number[] = [];
    while (sent.length < 3) {
      const packet = await dumb.receive();
      if (packet?.type === "publish") sent.push(Number(new TextDecoder().decode(packet.payload)));
    }
    await b.cluster.close();
    const others = upTo(20).filter((number) => !sent.includes(number));
    await until("the others have come", () => member.got.length >= others.length);
    deepEqual(numbers(member), others);
    await member.client.disconnect();
  }
  await publisher.client.disconnect();
}, true);

natsTest("when a node's last member leaves, what it has not acknowledged goes on", async () => {
  await using nats = await NatsServer.start();
  await using a = await TestNode.start(nats.url, "a");
  await using b = await TestNode.start(nats.url, "b");
  const publisher = await a.connect("publisher");
  const member = await join(a, "a1");
  const other = await join(b, "b1");
  const dumb = await joinDumb(b, "b2", 5);
  await publishAll(publisher, 0, 40, 1);
  await until("the rest has come", () => numbers(member, other).length >= 30);
  await other.client.disconnect();
  dumb[Symbol.dispose]();
  await until("all have come", () => numbers(member, other).length >= 40);
  deepEqual(numbers(member, other), upTo(40));
  for (const { client } of [member, publisher]) await client.disconnect();
});

natsTest(
  "a node that was killed and is back keeps what its store has, and others get the rest",
  async () => {
    await using nats = await NatsServer.start();
    await using a = await TestNode.start(nats.url, "a");
    const store = new MemoryStore();
    const publisher = await a.connect("publisher");
    const member = await join(a, "a1");
    const session = { cleanStart: false, properties: { sessionExpiryInterval: 3600 } };
    {
      await using b = await TestNode.start(nats.url, "b", store);
      const kept = await join(b, "kept", session);
      await kept.client.disconnect();
      using dumb = await joinDumb(b, "b1", 65_535);
      await publishAll(publisher, 0, 20, 1);
      await until("some have come", () => member.got.length >= 8);
      await b.cluster.close();
      void dumb;
    }
    await publishAll(publisher, 20, 30, 1);
    await using b = await TestNode.start(nats.url, "b", store);
    const back = await b.connect("kept", session);
    equal(back.client.connack.sessionPresent, true);
    await publishAll(publisher, 30, 40, 1);
    await until("all have come", () => new Set(numbers(member, back)).size >= 40);
    deepEqual(numbers(member, back), upTo(40));
    for (const { client } of [member, back, publisher]) await client.disconnect();
  },
);
