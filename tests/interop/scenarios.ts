import { strict as assert } from "node:assert";
import type { ProtocolVersion, Qos } from "../../lib/codec/mod.ts";
import type { ClientInit, ClientMessage, InteropClient } from "../support/interop_client.ts";

/** What a scenario has: a way to connect more clients, each with its own name. */
export interface Stage {
  readonly protocolVersion: ProtocolVersion;
  /** Whether clients come to different nodes of a cluster: between QoS 0 and the rest there is no order then. */
  readonly isCluster: boolean;
  /** Connects a client; the scenario is over when all of them have left. */
  connect(init?: Partial<ClientInit>): Promise<InteropClient>;
}

/** What a client of some version has to be able to do, and what it must see. */
export type Scenario = [name: string, play: (stage: Stage) => Promise<void>];

const QOS: readonly Qos[] = [0, 1, 2];

/** What clients of all versions do. */
export const SCENARIOS: readonly Scenario[] = [
  ["messages of every QoS reach subscriptions of every QoS", async ({ isCluster, connect }) => {
    const publisher = await connect();
    const subscriber = await connect();
    for (const granted of QOS) {
      assert.equal(await subscriber.subscribe(`qos/${granted}/+`, granted), granted);
      for (const qos of QOS) await publisher.publish(`qos/${granted}/${qos}`, `at ${qos}`, { qos });
      const messages = await subscriber.inbox.take(3);
      if (isCluster) messages.sort((a, b) => a.topic < b.topic ? -1 : 1);
      assert.deepEqual(messages.map(brief), [
        [`qos/${granted}/0`, "at 0", 0, false],
        [`qos/${granted}/1`, "at 1", Math.min(granted, 1), false],
        [`qos/${granted}/2`, "at 2", Math.min(granted, 2), false],
      ]);
    }
  }],

  ["a retained message waits for subscribers until it is cleared", async ({ connect }) => {
    const publisher = await connect();
    await publisher.publish("kept/a", "25.5", { qos: 1, retain: true });
    const early = await connect();
    await early.subscribe("kept/+", 1);
    assert.deepEqual(brief(await early.inbox.next()), ["kept/a", "25.5", 1, true]);
    await publisher.publish("kept/a", "", { qos: 1, retain: true });
    assert.deepEqual(brief(await early.inbox.next()), ["kept/a", "", 1, false]);
    const late = await connect();
    await late.subscribe("kept/+", 1);
    await publisher.publish("kept/b", "first", { qos: 1 });
    assert.deepEqual(brief(await late.inbox.next()), ["kept/b", "first", 1, false]);
  }],

  ["the will of a client that breaks off is published", async ({ connect }) => {
    const watcher = await connect();
    await watcher.subscribe("gone/#", 2);
    const will = { topic: "gone/one", payload: "without a word", qos: 2, retain: true } as const;
    const client = await connect({ will });
    await client.drop();
    assert.deepEqual(brief(await watcher.inbox.next()), ["gone/one", "without a word", 2, false]);
    const late = await connect();
    await late.subscribe("gone/one", 0);
    assert.deepEqual(brief(await late.inbox.next()), ["gone/one", "without a word", 0, true]);
    await late.publish("gone/one", "", { qos: 1, retain: true });
  }],

  ["the will of a client that says goodbye is not published", async ({ connect }) => {
    const watcher = await connect();
    await watcher.subscribe("left/#", 1);
    const client = await connect({
      will: { topic: "left/one", payload: "oops", qos: 1, retain: false },
    });
    await client.disconnect();
    await watcher.publish("left/two", "after", { qos: 1 });
    assert.deepEqual(brief(await watcher.inbox.next()), ["left/two", "after", 1, false]);
  }],

  ["a session is resumed with what was published meanwhile, in order", async (stage) => {
    const keeps = stage.protocolVersion === 5 ? { sessionExpiryInterval: 600 } : {};
    const clientId = `sleeper-${stage.protocolVersion}`;
    const first = await stage.connect({ clientId, cleanStart: false, ...keeps });
    assert.equal(first.sessionPresent, false);
    await first.subscribe("while/away/+", 2);
    await first.disconnect();
    const publisher = await stage.connect();
    for (let i = 0; i < 20; i++) {
      const qos = i % 2 === 0 ? 1 : 2;
      await publisher.publish(`while/away/${qos}`, `${i}`, { qos });
    }
    const second = await stage.connect({ clientId, cleanStart: false, ...keeps });
    // MQTT 3.1 has no Session Present.
    if (stage.protocolVersion > 3) assert.equal(second.sessionPresent, true);
    const messages = (await second.inbox.take(20)).map(brief);
    // A client may give out QoS 2 when its handshake is through: later than QoS 1 that was sent after it.
    for (const qos of [1, 2] as const) {
      assert.deepEqual(
        messages.filter((message) => message[2] === qos),
        Array.from(
          { length: 10 },
          (_, i) => [`while/away/${qos}`, `${2 * i + qos - 1}`, qos, false],
        ),
      );
    }
    await second.disconnect();
    const third = await stage.connect({ clientId, cleanStart: true });
    assert.equal(third.sessionPresent, false);
  }],

  ["a client id in use changes hands", async ({ protocolVersion, connect }) => {
    const clientId = `twice-${protocolVersion}`;
    const old = await connect({ clientId });
    await connect({ clientId });
    assert.equal(await old.ended, protocolVersion === 5 ? 0x8e : undefined);
  }],

  ["members of a shared subscription get each message once together", async ({ connect }) => {
    const publisher = await connect();
    const members = [await connect(), await connect(), await connect()];
    for (const member of members) await member.subscribe("$share/crew/job/#", 1);
    const jobs = Array.from({ length: 30 }, (_, i) => `${i}`);
    for (const job of jobs) await publisher.publish("job/x", job, { qos: 1 });
    for (const member of members) await member.subscribe("all/done", 1);
    await publisher.publish("all/done", "done", { qos: 1 });
    const done: string[] = [];
    for (const { inbox } of members) {
      let count = 0;
      for (let job = text(await inbox.next()); job !== "done"; job = text(await inbox.next())) {
        done.push(job);
        count++;
      }
      assert.ok(count >= 5, `A member got ${count} of 30`);
    }
    assert.deepEqual(done.toSorted((a, b) => Number(a) - Number(b)), jobs);
  }],

  ["topics and payloads in any script arrive unchanged", async ({ connect }) => {
    const client = await connect();
    const topics = [
      "Grüße/aus/Köln",
      "温度/部屋",
      "дом/кухня",
      "emoji/🌡️/🏠",
      "/",
      " a b / c ",
      "é/é",
    ];
    await client.subscribe("#", 1);
    for (const topic of topics) await client.publish(topic, `${topic} 🌍`, { qos: 1 });
    const messages = await client.inbox.take(topics.length);
    assert.deepEqual(messages.map(brief), topics.map((topic) => [topic, `${topic} 🌍`, 1, false]));
  }],

  ["payloads of a megabyte and of nothing arrive whole", async ({ connect }) => {
    const client = await connect();
    await client.subscribe("large", 2);
    const payload = new Uint8Array(1024 * 1024);
    for (let i = 0; i < payload.length; i++) payload[i] = (i * 31) ^ (i >> 8);
    for (const qos of QOS) {
      await client.publish("large", payload, { qos });
      assert.deepEqual((await client.inbox.next()).payload, payload);
      await client.publish("large", "", { qos });
      assert.equal((await client.inbox.next()).payload.length, 0);
    }
  }],

  ["nothing comes after unsubscribing", async ({ connect }) => {
    const client = await connect();
    await client.subscribe("news/+", 1);
    await client.subscribe("other", 1);
    await client.unsubscribe("news/+");
    await client.publish("news/today", "unread", { qos: 1 });
    await client.publish("other", "read", { qos: 1 });
    assert.equal(text(await client.inbox.next()), "read");
  }],
];

/** What only clients of MQTT 5.0 do. */
export const SCENARIOS_5: readonly Scenario[] = [
  ["properties travel unchanged, and expiry counts down", async ({ connect }) => {
    const client = await connect();
    await client.subscribe("props", 1, { subscriptionIdentifier: 7 });
    const properties = {
      userProperties: [["unit", "°C"], ["unit", "K"], ["site", "Köln"]],
      responseTopic: "answers/here",
      correlationData: "request 42",
      contentType: "text/plain",
      messageExpiryInterval: 300,
    } as const;
    await client.publish("props", "all", { qos: 1, properties });
    const message = await client.inbox.next();
    const { messageExpiryInterval = 0, ...rest } = message.properties;
    const { messageExpiryInterval: _, ...sent } = properties;
    assert.deepEqual(rest, { ...sent, subscriptionIdentifier: 7 });
    assert.ok(messageExpiryInterval > 290 && messageExpiryInterval <= 300);
  }],

  ["a Topic Alias stands for its topic", async ({ connect }) => {
    const client = await connect();
    await client.subscribe("a/long/topic/+", 1);
    for (let i = 0; i < 6; i++) {
      await client.publish(`a/long/topic/${i % 2}`, `${i}`, { qos: 1, usesAlias: true });
    }
    const messages = await client.inbox.take(6);
    assert.deepEqual(
      messages.map(brief),
      messages.map((_, i) => [`a/long/topic/${i % 2}`, `${i}`, 1, false]),
    );
  }],

  ["No Local, Retain As Published and Retain Handling are kept", async ({ connect }) => {
    const client = await connect();
    const other = await connect();
    await client.subscribe("opts/own", 1, { noLocal: true });
    await client.subscribe("opts/kept", 1, { retainAsPublished: true });
    await client.publish("opts/own", "mine", { qos: 1 });
    await other.publish("opts/own", "yours", { qos: 1 });
    assert.equal(text(await client.inbox.next()), "yours");
    await other.publish("opts/kept", "still", { qos: 1, retain: true });
    assert.deepEqual(brief(await client.inbox.next()), ["opts/kept", "still", 1, true]);
    await client.subscribe("opts/kept", 1, { retainHandling: 1 });
    await other.subscribe("opts/kept", 1, { retainHandling: 2 });
    await client.publish("opts/kept", "", { qos: 1, retain: true });
    assert.equal(text(await client.inbox.next()), "");
    assert.equal(text(await other.inbox.next()), "");
  }],

  ["a message that has expired is not delivered", async ({ connect }) => {
    const session = { clientId: "late", cleanStart: false, sessionExpiryInterval: 60 };
    const first = await connect(session);
    await first.subscribe("soon/old", 1);
    await first.disconnect();
    const publisher = await connect();
    const properties = { messageExpiryInterval: 1 };
    await publisher.publish("soon/old", "milk", { qos: 1, properties });
    await publisher.publish("soon/old", "honey", { qos: 1 });
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const second = await connect(session);
    assert.equal(text(await second.inbox.next()), "honey");
  }],
];

/** Topic, payload, QoS and RETAIN: all that there is before 5.0. */
function brief(message: ClientMessage): [string, string, number, boolean] {
  return [message.topic, text(message), message.qos, message.retain];
}

function text({ payload }: ClientMessage): string {
  return new TextDecoder().decode(payload);
}
