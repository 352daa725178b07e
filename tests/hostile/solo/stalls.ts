import { encodePacket } from "../../../lib/codec/mod.ts";
import { publishPacket, type RawClient } from "../../support/raw_client.ts";
import { type SoloAttack, type Target, users } from "./attack.ts";

const OPTIONS = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;

/** Those that would make everybody wait. */
export const STALLS: readonly SoloAttack[] = [
  {
    name: "plus-filters",
    what: "all 65,536 filters of 16 levels that are a or +, and PUBLISH to the topic of them all",
    async run(target) {
      const client = await target.enter();
      target.drain(client);
      const filters = Array.from(
        { length: 65_536 },
        (_, i) => Array.from({ length: 16 }, (_, bit) => i >> bit & 1 ? "+" : "a").join("/"),
      );
      await subscribeAll(target, client, filters);
      await flood(target, Array(16).fill("a").join("/"), 1653);
    },
  },
  {
    name: "share-groups",
    what: "50,000 shared subscriptions of one topic, each of a group of its own",
    async run(target) {
      const client = await target.enter();
      target.drain(client);
      const filters = Array.from({ length: 50_000 }, (_, i) => `$share/g${i}/shared`);
      await subscribeAll(target, client, filters);
      await flood(target, "shared", 1000);
    },
  },
  {
    name: "retained-walks",
    what:
      "50 clients with thousands of filters +/+/y, over 4,900 retained topics of two levels more",
    // Thousands of clients that have hung up have sent millions of filters, and the broker sees that only behind them.
    lateMs: 300_000,
    async run(target) {
      const publisher = await target.enter();
      target.drain(publisher);
      for (let i = 0; i < 4900 && !target.isOver; i++) {
        const packet = publishPacket(`${i % 70}/${Math.floor(i / 70)}/x`, "x", 1, i + 1);
        await publisher.send({ ...packet, retain: true } as never);
      }
      const filters = Array.from({ length: 20_000 }, (_, i) => `+/+/y${i}`);
      await Promise.all(Array.from({ length: 50 }, async () => {
        const client = await target.enter();
        target.drain(client);
        await subscribeAll(target, client, filters);
      }));
    },
  },
  {
    name: "acl-subscribe",
    what: "SUBSCRIBE of 100,000 filters against an ACL of 300 lines",
    config: "acl_file DIR/acl\n",
    files: () =>
      Promise.resolve({
        acl: "topic readwrite good/#\n" +
          Array.from({ length: 300 }, (_, i) => `topic read a/${i}/+/b/#\n`).join(""),
      }),
    async run(target) {
      const client = await target.enter();
      target.drain(client);
      const filters = Array.from({ length: 100_000 }, (_, i) => `+/${i}/#`);
      await subscribeAll(target, client, filters);
    },
  },
  {
    name: "retained-expiry",
    what: "50,000 retained messages that expire at one moment",
    async run(target) {
      const client = await target.enter();
      target.drain(client);
      const endMs = Date.now() + 10_000;
      for (let i = 0; i < 50_000 && !target.isOver; i++) {
        const seconds = Math.max(1, Math.ceil((endMs - Date.now()) / 1000));
        const properties = { messageExpiryInterval: seconds };
        const packet = publishPacket(`expires/${i}`, "x");
        await client.send({ ...packet, retain: true, properties } as never);
      }
      await target.pause(Math.max(0, endMs - Date.now()) + 1000);
    },
  },
  {
    name: "properties-fanout",
    what: "2 MB of User Properties to a hundred receivers with Topic Aliases",
    async run(target) {
      for (let i = 0; i < 100; i++) {
        const client = await target.enter({ properties: { topicAliasMaximum: 10 } });
        await client.subscribe("fanout");
        target.drain(client);
      }
      const properties = {
        userProperties: Array.from({ length: 100_000 }, (): [string, string] => ["name", "value"]),
      };
      const client = await target.enter();
      const bytes = encodePacket({ ...publishPacket("fanout", "x"), properties } as never, 5);
      while (!target.isOver) {
        await target.until(client.write(bytes));
        await target.pause(200);
      }
    },
  },
  {
    name: "wrong-passwords",
    what: "600 log-ins at once with different wrong passwords, all hung up",
    config: "password_file DIR/users\n",
    files: users,
    credentials: ["good", "good"],
    async run(target) {
      await Promise.all(Array.from({ length: 600 }, async (_, i) => {
        const client = await target.knock({ userName: `user${i}`, password: `guess ${i}` });
        client.close();
      }));
      await target.pause(500);
    },
  },
  {
    name: "stale-password",
    what: "a device with a stale password behind the address of all others",
    config: "password_file DIR/users\n",
    files: users,
    credentials: ["good", "good"],
    async run(target) {
      const client = await target.knock({ userName: "alice", password: "stale" });
      await target.until(client.untilEnd());
      client.close();
      await target.pause(20);
    },
  },
  {
    name: "user-properties-frames",
    what: "PUBLISH full of the smallest User Properties, one after the other",
    async run(target) {
      const properties = {
        userProperties: Array.from({ length: 300_000 }, (): [string, string] => ["", ""]),
      };
      const client = await target.enter();
      const bytes = encodePacket({ ...publishPacket("a", ""), properties } as never, 5);
      while (!target.isOver) await target.until(client.write(bytes));
    },
  },
];

async function subscribeAll(
  target: Target,
  client: RawClient,
  filters: readonly string[],
): Promise<void> {
  const AT_ONCE = 5000;
  for (let at = 0, id = 1; at < filters.length && !target.isOver; at += AT_ONCE, id++) {
    const subscriptions = filters.slice(at, at + AT_ONCE).map((topicFilter) => ({
      topicFilter,
      qos: 0 as const,
      ...OPTIONS,
    }));
    await target.until(client.send({ type: "subscribe", packetId: id, subscriptions }));
  }
}

async function flood(target: Target, topicName: string, count: number): Promise<void> {
  const client = await target.enter();
  target.drain(client);
  for (let i = 0; i < count && !target.isOver; i++) {
    await target.until(client.send(publishPacket(topicName, "x")));
  }
  await target.until(client.send({ type: "pingreq" }));
  await target.pause(1000);
  client.close();
}
