import { deepEqual, equal } from "node:assert/strict";
import type { RetainedMessage, Store } from "../../lib/broker/mod.ts";
import { MqttClient } from "../../lib/client/mod.ts";
import { BrokerProcess } from "../support/broker_process.ts";
import { aMessage, committed } from "./contract_support.ts";
import { inDirectory, open, storeTest } from "./sqlite_support.ts";

/** A retained message that notes that it was stored. */
function retained(topicName: string, payload: Uint8Array) {
  const { storeId: _, ...message } = aMessage({ topicName, payload, retain: true });
  const noted = { ...message, storePlace: 0, isStored: false, wasStored: () => {} };
  noted.wasStored = () => void (noted.isStored = true);
  return noted satisfies RetainedMessage;
}

function payloadsOf(store: Store, ...topics: string[]): Promise<(string | undefined)[]> {
  const text = (payload?: Uint8Array) => payload && new TextDecoder().decode(payload);
  return new Promise((resolve) =>
    store.readRetained!(topics, (payloads) => resolve(payloads.map(text)))
  );
}

const bytes = (text: string) => new TextEncoder().encode(text);

storeTest("a retained payload is read as it was committed last", async (directory) => {
  const { store, close } = open(directory);
  const long = "é".repeat(200_000);
  const [first, second] = [retained("a", bytes("1")), retained("häuser/✓", bytes(long))];
  store.putRetained(first);
  store.putRetained(second);
  deepEqual(await payloadsOf(store, "a"), [undefined]);
  deepEqual([first.isStored, second.isStored], [false, false]);
  await committed(store);
  deepEqual([first.isStored, second.isStored], [true, true]);
  deepEqual(await payloadsOf(store, "häuser/✓", "none", "a"), [long, undefined, "1"]);
  const third = retained("a", bytes("3"));
  store.putRetained(third, first);
  deepEqual(await payloadsOf(store, "a"), ["1"]);
  equal(third.isStored, false);
  await committed(store);
  equal(third.isStored, true);
  deepEqual(await payloadsOf(store, "a"), ["3"]);
  store.deleteRetained(third);
  await committed(store);
  deepEqual(await payloadsOf(store, "a", "häuser/✓"), [undefined, long]);
  await close();
});

storeTest("of a large batch each retained message is stored with its part", async (directory) => {
  const { store, close } = open(directory);
  const all = Array.from({ length: 4500 }, (_, i) => retained(`t/${i}`, bytes(`${i}`)));
  for (const message of all) store.putRetained(message);
  await committed(store);
  equal(all.findIndex(({ isStored }) => !isStored), -1);
  deepEqual(await payloadsOf(store, "t/0", "t/4499"), ["0", "4499"]);
  await close();
});

storeTest(
  "a retained message that is replaced before the commit is never said to be stored",
  async (directory) => {
    const { store, close } = open(directory);
    const [first, second] = [retained("a", bytes("1")), retained("a", bytes("2"))];
    store.putRetained(first);
    store.putRetained(second, first);
    await committed(store);
    deepEqual([first.isStored, second.isStored], [false, true]);
    await close();
  },
);

/** Gets so many retained messages by a new subscription, by topic. */
async function all(port: number, count: number): Promise<Map<string, string>> {
  const client = await MqttClient.connect(`mqtt://127.0.0.1:${port}`, { cleanStart: true });
  const messages = client.messages();
  await client.subscribe({ topicFilter: "t/#", qos: 1 });
  const found = new Map<string, string>();
  for await (const { topicName, payload } of messages) {
    found.set(topicName, new TextDecoder().decode(payload));
    if (found.size === count) break;
  }
  await client.disconnect();
  return found;
}

Deno.test("large and small retained messages come from memory and from the disk, before and after `kill -9`", async () => {
  await inDirectory(async (directory) => {
    const flags = ["--persistence", "--persistence-location", `${directory}/store`];
    const expected = new Map<string, string>();
    for (let i = 0; i < 300; i++) expected.set(`t/${i}`, `${i}`.repeat(i % 2 === 0 ? 2000 : 3));
    const first = await BrokerProcess.start({ flags });
    const publisher = await MqttClient.connect(`mqtt://127.0.0.1:${first.port}`, {});
    const init = { qos: 1, retain: true } as const;
    await Promise.all(
      [...expected].map(([topic, payload]) => publisher.publish(topic, payload, init)),
    );
    deepEqual(sorted(await all(first.port, expected.size)), sorted(expected));
    await first.kill();
    await using second = await BrokerProcess.start({ flags });
    deepEqual(sorted(await all(second.port, expected.size)), sorted(expected));
  });
});

function sorted(messages: Map<string, string>): [string, string][] {
  return [...messages].sort(([a], [b]) => a < b ? -1 : 1);
}
