import { DEFAULT_BROKER_OPTIONS } from "../../../lib/broker/mod.ts";
import { encodePacket } from "../../../lib/codec/mod.ts";
import { connectPacket, publishPacket, type RawClient } from "../../support/raw_client.ts";
import { type SoloAttack, type Target, userProperties, users } from "./attack.ts";

const OPTIONS = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
const LARGE_BYTES = 1_950_000;

/** Those that would fill the memory. */
export const FILLS: readonly SoloAttack[] = [
  {
    name: "properties-queued",
    what: "messages of one byte with 1.95 MB of User Properties, queued for a client that is away",
    async run(target) {
      const away = await target.enter({
        clientId: "away",
        properties: { sessionExpiryInterval: 1000 },
      });
      await away.subscribe("queued", 1);
      away.close();
      await publishLarge(target, () => "queued", false);
    },
  },
  {
    name: "properties-retained",
    what: "retained messages of one byte with 1.95 MB of User Properties",
    keptBytes: DEFAULT_BROKER_OPTIONS.maxRetainedBytes,
    run: (target) => publishLarge(target, (i) => `retained/${i % 3000}`, true),
  },
  {
    name: "never-acknowledged",
    what: "a hundred subscribers that read, and never acknowledge 1.95 MB each",
    async run(target) {
      const payload = new Uint8Array(LARGE_BYTES);
      for (let i = 0; i < 100; i++) {
        const client = await target.enter();
        await client.subscribe(`unacknowledged/${i}`, 1);
        target.drain(client);
      }
      const publisher = await target.enter();
      target.drain(publisher);
      for (let i = 0; !target.isOver; i++) {
        const topic = `unacknowledged/${i % 100}`;
        await target.until(publisher.send(publishPacket(topic, payload, 1, i % 65_535 + 1)));
        await target.pause(0);
      }
    },
  },
  {
    name: "delayed-wills",
    what: "delayed wills with 90 KB of User Properties, of sessions that stay away",
    keptBytes: DEFAULT_BROKER_OPTIONS.maxTotalQueuedBytes,
    async run(target) {
      for (let i = 0; !target.isOver; i++) {
        const client = await target.enter({
          clientId: `will-${i}`,
          properties: { sessionExpiryInterval: 10_000 },
          will: {
            topicName: "w",
            payload: new Uint8Array(1),
            qos: 0,
            retain: false,
            properties: { willDelayInterval: 10_000, ...userProperties(60_000) },
          },
        });
        client.close();
      }
    },
  },
  ...["subscribe", "unsubscribe"].map((type): SoloAttack => ({
    name: `long-${type}`,
    what:
      `a hundred clients with ${type.toUpperCase()} packets of 100,000 filters of one character`,
    async run(target) {
      const packet = manyFilters(type);
      await Promise.all(Array.from({ length: 100 }, async () => {
        const client = await target.enter();
        target.drain(client);
        for (let i = 0; i < 4 && !target.isOver; i++) await target.until(client.write(packet));
        await target.pause(1000);
      }));
    },
  })),
  {
    name: "deep-filters",
    what: "80 MB of filters of 200 levels in one session",
    async run(target) {
      const client = await target.enter();
      target.drain(client);
      let packetId = 0;
      for (let i = 0; i < 200_000 && !target.isOver;) {
        const subscriptions = Array.from({ length: 200 }, () => ({
          topicFilter: `${i++}/`.padEnd(8, "0") + "/x".repeat(198),
          qos: 0 as const,
          ...OPTIONS,
        }));
        packetId = packetId % 65_535 + 1;
        await target.until(client.send({ type: "subscribe", packetId, subscriptions }));
      }
      await target.over;
    },
  },
  {
    name: "unfinished-packets",
    what: "500 clients that never finish a packet of 2 MB",
    async run(target) {
      const bytes = encodePacket(publishPacket("a", new Uint8Array(LARGE_BYTES)), 5);
      await hold(target, 500, bytes, () => target.enter());
    },
  },
  {
    name: "long-connects",
    what: "5,000 strangers that never finish a CONNECT of 99 KB",
    async run(target) {
      const will = { topicName: "w", payload: new Uint8Array(60_000), qos: 0, retain: false };
      const connect = { ...connectPacket({ will: will as never }), userName: "u" };
      const bytes = encodePacket({ ...connect, password: new Uint8Array(39_000) }, 5);
      await hold(target, 5000, bytes, () => target.open());
    },
  },
  {
    name: "fill-sessions",
    what: "one user begins sessions until no newcomer gets one",
    config: "max_sessions 2000\npassword_file DIR/users\n",
    files: users,
    // Without user names all that come from one address are one user, good and bad.
    credentials: ["good", "good"],
    async run(target) {
      for (let i = 0; !target.isOver; i++) {
        const client = await target.enter({
          clientId: `filler-${i}`,
          userName: "alice",
          password: "alice",
          properties: { sessionExpiryInterval: 10_000 },
        });
        client.close();
      }
    },
  },
];

async function publishLarge(
  target: Target,
  topic: (i: number) => string,
  retain: boolean,
): Promise<void> {
  const client = await target.enter();
  target.drain(client);
  const properties = userProperties(LARGE_BYTES);
  for (let i = 0; i < 2180 && !target.isOver; i++) {
    const packet = publishPacket(topic(i), "x", 1, i % 65_535 + 1);
    await target.until(client.send({ ...packet, retain, properties } as never));
    // A broker that takes all at once would leave this thread no time to hear of the good client.
    await target.pause(0);
  }
  await target.over;
}

/** Sends all but the last byte over so many connections; those that are closed come again. */
async function hold(
  target: Target,
  count: number,
  bytes: Uint8Array,
  begin: () => Promise<RawClient>,
): Promise<void> {
  const one = async () => {
    while (!target.isOver) {
      const client = await begin().catch(() => undefined);
      if (client === undefined) return;
      await target.until(client.write(bytes.subarray(0, -1)).catch(() => {}));
      await target.until(client.untilEnd().catch(() => {}));
      target.leave(client);
      await target.pause(1000);
    }
  };
  await Promise.all(Array.from({ length: count }, one));
}

/** A SUBSCRIBE or UNSUBSCRIBE of 100,000 times the same filter, as many as one packet may have. */
function manyFilters(type: string): Uint8Array {
  const topicFilters = Array<string>(100_000).fill("a");
  if (type === "unsubscribe") {
    return encodePacket({ type: "unsubscribe", packetId: 1, topicFilters }, 5);
  }
  const subscriptions = topicFilters.map((topicFilter) => ({
    topicFilter,
    qos: 0 as const,
    ...OPTIONS,
  }));
  return encodePacket({ type: "subscribe", packetId: 1, subscriptions }, 5);
}
