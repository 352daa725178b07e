import { deepEqual, equal } from "node:assert/strict";
import type { RetainedMessage, Store, StoredRetained } from "../../lib/broker/mod.ts";
import { MqttClient } from "../../lib/client/mod.ts";
import { BrokerProcess } from "../support/broker_process.ts";
import { contentSizeBytes } from "../../lib/session/mod.ts";
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
  const text = (read?: StoredRetained) => read && new TextDecoder().decode(read.payload);
  return new Promise((resolve) =>
    store.readRetained!(topics, (messages) => resolve(messages.map(text)))
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

storeTest("messages are read whole, in any order, and many at a time", async (directory) => {
  const { store, close } = open(directory);
  const publisher = { clientId: "p", userName: "u", listener: "l" };
  const all = Array.from({ length: 500 }, (_, i) => {
    // SQLite and JavaScript sort these differently.
    const name = i < 450 ? `${i}` : `${i % 2 === 0 ? "\u{1f600}" : "\uff01"}${i}`;
    const message = retained(`t/${name}`, bytes(`${i}`));
    const properties = { userProperties: [["n", `${i}`]] as [string, string][] };
    return i % 2 === 0 ? { ...message, qos: 1 as const, properties, publisher } : message;
  });
  for (const message of all) store.putRetained(message);
  await committed(store);
  const read = (topics: string[]) =>
    new Promise<readonly (StoredRetained | undefined)[]>((resolve) =>
      store.readRetained!(topics, resolve)
    );
  const names = all.map(({ topicName }) => topicName).sort();
  const orders: [what: string, topics: string[]][] = [
    ["all in order", names],
    ["some in order", names.filter((_, i) => i % 50 === 0)],
    ["in no order", names.toReversed()],
    ["with some that are missing", names.flatMap((name) => [name, `${name}/none`])],
  ];
  for (const [what, topics] of orders) {
    const messages = await read(topics);
    topics.forEach((topic, i) => {
      const expected = all.find(({ topicName }) => topicName === topic);
      const found = messages[i];
      equal(found?.topicName, expected?.topicName, what);
      if (expected === undefined) return;
      deepEqual(new Uint8Array(found!.payload), expected.payload, what);
      equal(found!.qos, expected.qos, what);
      deepEqual(found!.properties?.userProperties, expected.properties?.userProperties, what);
      deepEqual(found!.publisher, "publisher" in expected ? publisher : undefined, what);
    });
  }
  await close();
});

/** Messages whose packets differ in all that their sizes are counted from; their names come last. */
function specialOnes(): RetainedMessage[] {
  const properties = {
    contentType: "text/plain",
    userProperties: Array.from({ length: 20 }, (_, i) => [`k${i}`, "v"] as [string, string]),
  };
  return ([0, 1, 2] as const).flatMap((qos) =>
    [1, 100, 115, 120, 125, 16_000].flatMap((length) => {
      const payload = new Uint8Array(length);
      const name = `v/${qos}/${length}`;
      return [
        { ...retained(name, payload), qos },
        { ...retained(`${name}/h\u00e4user/\u{1f600}`, payload), qos },
        { ...retained(`${name}/properties`, payload), qos, properties },
      ];
    })
  ).concat([16_385, 2_097_140].map((length) => retained(`v/${length}`, new Uint8Array(length))));
}

storeTest(
  "of many retained messages most are left in the file, but not those that expire",
  async (directory) => {
    const first = open(directory);
    const count = 45_000;
    const expiresAtMs = Date.now() + 3_600_000;
    for (let i = 0; i < count; i++) {
      const message = retained(`t/${i}`, bytes(`payload ${i}`));
      first.store.putRetained(i % 1000 === 999 ? { ...message, expiresAtMs } : message);
    }
    const special = specialOnes();
    for (const message of special) first.store.putRetained(message);
    await committed(first.store);
    await first.close();
    const { store, state, close } = open(directory);
    const whole = [...state.retained];
    const left = [...state.retainedNames!];
    const names = left.flatMap(({ topicNames }) => topicNames);
    equal(names.length > 1000, true, `${names.length} are left in the file`);
    const all = count + special.length;
    equal(new Set([...names, ...whole.map(({ topicName }) => topicName)]).size, all);
    equal(names.length + whole.length, all);
    equal(whole.filter((message) => message.expiresAtMs === expiresAtMs).length, count / 1000);
    deepEqual(await payloadsOf(store, names[0]!), [names[0]!.replace("t/", "payload ")]);
    const sizes = left.flatMap(({ sizesBytes }) => sizesBytes);
    equal(sizes[0], `${names[0]}${names[0]!.replace("t/", "payload ")}`.length);
    // They count as in memory; large ones almost.
    for (const message of special) {
      const { topicName, payload } = message;
      const difference = sizes[names.indexOf(topicName)]! - contentSizeBytes(message);
      if (payload.length < 16_384) equal(difference, 0, topicName);
      else equal(Math.abs(difference) <= 3, true, `${topicName}: ${difference}`);
    }
    // One that is left there can be replaced and deleted.
    const previous = { topicName: names[0]!, storePlace: 0 };
    store.putRetained(retained(names[0]!, bytes("new")), previous);
    store.deleteRetained({ topicName: names[1]!, storePlace: 0 });
    await committed(store);
    deepEqual(await payloadsOf(store, names[0]!, names[1]!), ["new", undefined]);
    await close();
  },
);
