import { strict as assert } from "node:assert";
import type { Hooks, Properties } from "../../lib/mod.ts";
import { MemoryStore } from "../../lib/mod.ts";
import {
  connectPacket,
  publishPacket,
  type RawClient,
  subscribePacket,
} from "../support/raw_client.ts";
import { doorTest, type House, until } from "./doors.ts";

const text = new TextDecoder();
const encode = (value: string) => new TextEncoder().encode(value);

/** The next packet as `type` and what of it matters here. */
async function next(client: RawClient): Promise<string> {
  const packet = await client.receive();
  switch (packet?.type) {
    case "publish":
      return `publish ${packet.topicName} ${text.decode(packet.payload)}`;
    case "suback":
      return `suback ${packet.reasonCodes.map((code) => code.toString(16))}`;
    case "puback":
    case "pubrec":
    case "pubcomp":
      return `${packet.type} ${packet.packetId} ${packet.reasonCode.toString(16)}`;
    case "connack":
      return `connack ${packet.reasonCode.toString(16)}`;
    default:
      return packet?.type ?? "end";
  }
}

/** Lines about hooks that failed: which, and why. */
function failures({ log }: House): string[] {
  return log.filter(({ level }) => level === "error").map(({ message, fields }) =>
    `${/hook (\w+)/.exec(message)?.[1]}: ${String(fields.error).split("\n")[0]}`
  );
}

doorTest(
  "onConnect sees who comes and lets in, refuses with a Reason Code, at once or later",
  async (house) => {
    const seen: (string | undefined)[] = [];
    house.server.addHooks({
      onConnect: ({ clientId, connect }) => {
        seen.push(connect.clientId);
        if (clientId === "no") return false;
        if (clientId === "banned") return { reasonCode: 0x8a, reason: "Come back never" };
        if (clientId === "later") return Promise.resolve({ reasonCode: 0x9c } as const);
        if (clientId === "soon") {
          return new Promise((resolve) => setTimeout(() => resolve(true), 5));
        }
      },
    });
    const answers: Record<string, string> = {};
    for (const clientId of ["yes", "no", "banned", "later", "soon"]) {
      const client = await house.open();
      await client.send(connectPacket({ clientId }), { type: "pingreq" });
      answers[clientId] = `${await next(client)}, ${await next(client)}`;
    }
    assert.deepEqual(answers, {
      yes: "connack 0, pingresp",
      no: "connack 87, end",
      banned: "connack 8a, end",
      later: "connack 9c, end",
      soon: "connack 0, pingresp",
    });
    assert.deepEqual(seen, ["yes", "no", "banned", "later", "soon"]);
    assert.deepEqual(failures(house), []);
  },
);

doorTest(
  "onConnect gives a client a mount point of its own: topics, filters, shares, wills, sessions",
  async ({ server, connect, open }) => {
    server.addHooks({
      onConnect: ({ clientId }) => ({ mountPoint: `${clientId[0]}/` }),
    });
    const will = { topicName: "gone", payload: encode("w"), qos: 0, retain: false } as const;
    const a1 = await connect({ clientId: "a1", will });
    const a2 = await connect({ clientId: "a2" });
    const b1 = await connect({ clientId: "b1" });
    for (const client of [a2, b1]) await client.subscribe("#");
    await a1.send(publishPacket("t", "1"));
    assert.equal(await next(a2), "publish t 1");
    server.publish("b/t", "2");
    assert.equal(await next(b1), "publish t 2");
    a1.close();
    assert.equal(await next(a2), "publish gone w");
    await a2.send({ type: "unsubscribe", packetId: 3, topicFilters: ["#"] });
    const unsuback = await a2.receive();
    assert(unsuback?.type === "unsuback");
    assert.deepEqual(unsuback.reasonCodes, [0]);
    await b1.ping();
    assert.deepEqual([...server.client("b1")!.subscriptions.keys()], ["b/#"]);
    const deep = await open();
    const bad = { ...will, topicName: "x/".repeat(200) };
    await deep.send(connectPacket({ clientId: "c", will: bad }));
    assert.equal(await next(deep), "connack 90");
  },
);

doorTest(
  "onPublish allows, refuses with a Reason Code, and changes topic, payload and properties",
  async (house) => {
    house.server.addHooks({
      onPublish: (_, { topicName, payload }) => {
        if (topicName === "refused") return { reasonCode: 0x99 };
        if (topicName === "no") return false;
        if (topicName === "changed") {
          return {
            topicName: "new",
            payload: encode(text.decode(payload).toUpperCase()),
            properties: { contentType: "text/plain", userProperties: [["by", "hook"]] },
          };
        }
      },
    });
    const watcher = await house.connect();
    await watcher.subscribe("#");
    const client = await house.connect();
    for (const [i, topicName] of ["plain", "refused", "no", "changed"].entries()) {
      await client.send(publishPacket(topicName, "abc", 1, i + 1));
    }
    assert.deepEqual(
      [await next(client), await next(client), await next(client), await next(client)],
      ["puback 1 0", "puback 2 99", "puback 3 87", "puback 4 0"],
    );
    assert.equal(await next(watcher), "publish plain abc");
    const changed = await watcher.receive();
    assert(changed?.type === "publish");
    assert.deepEqual([changed.topicName, text.decode(changed.payload)], ["new", "ABC"]);
    assert.equal(changed.properties?.contentType, "text/plain");
    assert.deepEqual(changed.properties?.userProperties, [["by", "hook"]]);
    assert.equal(house.server.broker.metrics.dropped.get("refused_by_hook"), 2);
    assert.deepEqual(failures(house), []);
  },
);

doorTest("Plain messages of QoS 0 do not go past onPublish", async ({ server, connect }) => {
  const watcher = await connect();
  await watcher.subscribe("#");
  const client = await connect();
  {
    using _hooks = server.addHooks({
      onPublish: ({ clientId: _ }) => ({ payload: encode("new") }),
    });
    await client.send(publishPacket("a", "old"));
    await client.ping();
  }
  await client.send(publishPacket("a", "old"));
  assert.deepEqual([await next(watcher), await next(watcher)], ["publish a new", "publish a old"]);
});

doorTest(
  "Hooks are asked in the order in which they were added, each about what those before have left",
  async ({ server, connect }) => {
    const seen: string[] = [];
    const say = (name: string): Hooks => ({
      onPublish: async (_, { payload }) => {
        seen.push(`${name} ${text.decode(payload)}`);
        if (text.decode(payload) === "xa" && name === "b") return false;
        await Promise.resolve();
        return { payload: encode(text.decode(payload) + name) };
      },
    });
    for (const name of ["a", "b", "c"]) server.addHooks(say(name));
    const watcher = await connect();
    await watcher.subscribe("t");
    const client = await connect();
    await client.send(publishPacket("t", "", 1, 1), publishPacket("t", "x", 1, 2));
    assert.deepEqual([await next(client), await next(client)], ["puback 1 0", "puback 2 87"]);
    assert.equal(await next(watcher), "publish t abc");
    assert.deepEqual(seen, ["a ", "b a", "c ab", "a x", "b xa"]);
  },
);

doorTest(
  "While onPublish takes its time its client's packets keep their order, and others go on",
  async ({ server, connect }) => {
    const held = Promise.withResolvers<void>();
    let asked = 0;
    server.addHooks({
      onPublish: (_, { topicName }) => {
        if (topicName !== "slow") return;
        asked++;
        return held.promise;
      },
    });
    const watcher = await connect();
    await watcher.subscribe("#");
    const slow = await connect();
    await slow.send(
      publishPacket("first", "1"),
      publishPacket("slow", "2", 2, 7),
      publishPacket("third", "3", 1, 8),
      { type: "pingreq" },
    );
    assert.equal(await next(watcher), "publish first 1");
    const other = await connect();
    await other.send(publishPacket("other", "4", 1, 1));
    assert.equal(await next(other), "puback 1 0");
    assert.equal(await next(watcher), "publish other 4");
    held.resolve();
    assert.deepEqual(
      [await next(slow), await next(slow), await next(slow)],
      ["pubrec 7 0", "puback 8 0", "pingresp"],
    );
    assert.deepEqual([await next(watcher), await next(watcher)], [
      "publish slow 2",
      "publish third 3",
    ]);
    // The repeat of one that is held is acknowledged, and neither asked about nor published again. [MQTT-4.3.3-10]
    await slow.send(publishPacket("slow", "2", 2, 7));
    assert.equal(await next(slow), "pubrec 7 0");
    await slow.send({ type: "pubrel", packetId: 7, reasonCode: 0 });
    assert.equal(await next(slow), "pubcomp 7 0");
    assert.equal(asked, 1);
    await watcher.ping();
  },
);

/** Commits wait until the test lets them go. */
class HeldStore extends MemoryStore {
  readonly #held: (() => void)[];

  constructor(held: (() => void)[]) {
    super((run) => void held.push(run));
    this.#held = held;
  }

  letGo(): void {
    for (const run of this.#held.splice(0)) run();
  }
}

Deno.test("What onPublish let through is acknowledged only when it is committed", async () => {
  const { Server } = await import("../../lib/mod.ts");
  const { RawClient } = await import("../support/raw_client.ts");
  const store = new HeldStore([]);
  await using server = new Server({ store });
  const port = server.listen({ port: 0 });
  server.addHooks({ onPublish: () => Promise.resolve(true) });
  const keeper = await RawClient.open(port);
  await keeper.send(
    connectPacket({ clientId: "k", properties: { sessionExpiryInterval: 600 } }),
    subscribePacket("t", 1),
  );
  await until("it is subscribed", () => server.client("k")?.subscriptionCount === 1);
  keeper.close();
  await until("it is away", () => server.client("k")?.isConnected === false);
  store.letGo();
  const client = await RawClient.connect(port);
  await client.send(publishPacket("t", "1", 1, 1));
  await until("it waits for its receiver", () => server.client("k")!.queuedMessages === 1);
  const answer = client.receive();
  let isAnswered = false;
  answer.then(() => isAnswered = true);
  await client.send({ type: "pingreq" });
  await new Promise((resolve) => setTimeout(resolve, 20));
  // The PINGRESP may leave, the PUBACK not: so what comes first is that.
  assert.equal((await answer)?.type, "pingresp");
  store.letGo();
  const puback = await client.receive();
  assert.deepEqual([puback?.type, isAnswered], ["puback", true]);
  client.close();
});

doorTest("A client that leaves while onPublish takes its time costs nothing", async (house) => {
  const held = Promise.withResolvers<void>();
  let asked = 0;
  house.server.addHooks({
    onPublish: () => {
      asked++;
      return held.promise;
    },
  });
  const client = await house.connect();
  await client.send(publishPacket("t", "1", 1, 1));
  await until("it is asked", () => asked === 1);
  client.close();
  // What it has sent before it left is still asked about, and then handled.
  held.resolve();
  await until("it is gone", () => house.server.connectionCount === 0);
  const other = await house.connect();
  await other.ping();
  assert.deepEqual(failures(house), []);
});

doorTest(
  "onSubscribe allows, refuses with a Reason Code, and grants less, for each filter, at once or later",
  async (house) => {
    house.server.addHooks({
      onSubscribe: (_, { topicFilter }) => {
        if (topicFilter === "no") return false;
        if (topicFilter === "quota") return Promise.resolve({ reasonCode: 0x97 } as const);
        if (topicFilter === "less") return Promise.resolve({ qos: 1 } as const);
        if (topicFilter === "least") return { qos: 0 };
      },
    });
    const client = await house.connect({ clientId: "c" });
    const options = {
      noLocal: false,
      retainAsPublished: false,
      retainHandling: 0,
      qos: 2,
    } as const;
    const filters = ["yes", "no", "quota", "a/#/b", "less", "least"];
    await client.send({
      type: "subscribe",
      packetId: 1,
      subscriptions: filters.map((topicFilter) => ({ topicFilter, ...options })),
    }, { type: "pingreq" });
    assert.deepEqual([await next(client), await next(client)], [
      "suback 2,87,97,8f,1,0",
      "pingresp",
    ]);
    assert.deepEqual([...house.server.client("c")!.subscriptions.keys()], ["yes", "less", "least"]);
  },
);

doorTest(
  "onPublish is asked about wills: they are changed, or left out",
  async ({ server, connect }) => {
    const seen: boolean[] = [];
    server.addHooks({
      onPublish: (_, { isWill, topicName }) => {
        seen.push(isWill);
        return topicName === "bad"
          ? Promise.resolve(false)
          : { topicName: "new", payload: encode("x") };
      },
    });
    const watcher = await connect();
    await watcher.subscribe("#");
    for (const topicName of ["bad", "good"]) {
      const will = { topicName, payload: encode("w"), qos: 0, retain: false } as const;
      (await connect({ will })).close();
    }
    assert.equal(await next(watcher), "publish new x");
    assert.deepEqual(seen, [true, true]);
    assert.equal(server.broker.metrics.dropped.get("refused_by_hook"), 1);
  },
);

/** What a function of a program may do wrong: with what is said about it. */
const broken: [name: string, answer: () => unknown, says: RegExp][] = [
  ["throws", () => {
    throw new Error("out of order");
  }, /Error: out of order/],
  ["rejects", () => Promise.reject(new Error("later")), /Error: later/],
  ["never answers", () => new Promise(() => {}), /Error: No answer after 30 ms/],
  ["answers a number", () => 42, /TypeError: Cannot take number for an answer/],
  ["throws what is no text", () => {
    throw Object.create(null);
  }, /no text/],
  ["rejects with what is no text", () => Promise.reject(Object.create(null)), /no text/],
  ["answers null", () => null, /TypeError: Cannot take null/],
  ["answers a promise of a text", () => Promise.resolve("yes"), /TypeError: Cannot take string/],
  ["answers an empty object", () => ({}), /TypeError: .*with nothing in it/],
  ["answers what it does not know", () => ({ topik: "a" }), /TypeError: .*topik/],
  ["refuses with Success", () => ({ reasonCode: 0 }), /TypeError: Cannot refuse with Success/],
  ["refuses with a text", () => ({ reasonCode: "no" }), /TypeError: Cannot refuse with string/],
  ["refuses with what no packet has", () => ({ reasonCode: 0xff }), /may not carry it/],
  ["refuses for no text", () => ({ reasonCode: 0x87, reason: 1 }), /reason that is not a text/],
];
const asks: [hook: keyof Hooks, ask: (client: RawClient) => Promise<string>, answer: string][] = [
  ["onConnect", async (client) => {
    await client.send(connectPacket());
    return await next(client);
  }, "connack 83"],
  ["onPublish", async (client) => {
    await client.introduce();
    await client.send(publishPacket("t", "1", 1, 1));
    return await next(client);
  }, "puback 1 83"],
  ["onSubscribe", async (client) => {
    await client.introduce();
    await client.send(subscribePacket("t"));
    return await next(client);
  }, "suback 83"],
];
for (const [hook, ask, answer] of asks) {
  doorTest(
    `${hook} that fails in any way has refused, which is logged with its error and counted`,
    async (house) => {
      for (const [name, broken_, says] of broken) {
        const before = failures(house).length;
        using _hooks = house.server.addHooks({ [hook]: broken_ } as Hooks, { timeLimitMs: 30 });
        assert.equal(await ask(await house.open()), answer, name);
        const [line, ...more] = failures(house).slice(before);
        assert.match(line ?? "", new RegExp(`^${hook}: `), name);
        assert.match(line!, says, name);
        assert.deepEqual(more, [], name);
      }
      assert.equal(house.server.broker.metrics.programErrors, broken.length);
      // And everybody is served as before.
      await (await house.connect()).ping();
    },
  );
}

const nonsense: [name: string, change: unknown][] = [
  ["a topic with a wildcard", { topicName: "a/+" }],
  ["an empty topic", { topicName: "" }],
  ["a topic that is no text", { topicName: 7 }],
  ["a topic of too many levels", { topicName: "a/".repeat(300) }],
  ["a topic of too many bytes", { topicName: "ä".repeat(40_000) }],
  ["half a character", { topicName: "a\ud800" }],
  ["the broker's own tree", { topicName: "$SYS/x" }],
  ["a payload that is a text", { payload: "text" }],
  ["a payload that is too large", { payload: new Uint8Array(2_000_001) }],
  ["properties that are no object", { properties: 7 }],
  ["a property that does not travel", { properties: { topicAlias: 1 } satisfies Properties }],
  ["a Content Type that is no text", { properties: { contentType: 7 } }],
  ["half a character in a property", { properties: { contentType: "\ud800" } }],
  ["a Response Topic with a wildcard", { properties: { responseTopic: "#" } }],
  ["User Properties that are none", { properties: { userProperties: "x" } }],
];
doorTest(
  "What onPublish makes of a message is checked: nonsense is a refusal with a line in the log",
  async (house) => {
    const watcher = await house.connect();
    await watcher.subscribe("#");
    for (const [name, change] of nonsense) {
      const before = failures(house).length;
      using _hooks = house.server.addHooks({ onPublish: () => change } as Hooks);
      const client = await house.connect();
      await client.send(publishPacket("t", "1", 1, 1));
      assert.equal(await next(client), "puback 1 83", name);
      assert.equal(failures(house).length, before + 1, name);
    }
    // Nobody has got anything of it.
    await watcher.ping();
  },
);

doorTest("An answer whose properties throw is a refusal, and its client stays", async (house) => {
  const answer = {
    get then(): never {
      throw new Error("out of order");
    },
  };
  house.server.addHooks({ onPublish: () => answer } as Hooks);
  const client = await house.connect();
  await client.send(publishPacket("t", "1", 1, 1));
  assert.equal(await next(client), "puback 1 83");
  assert.match(JSON.stringify(failures(house)), /out of order/);
  await client.ping();
});

doorTest(
  "A hook without a time limit is waited for; a limit that is none is refused",
  async (house) => {
    const onPublish = () => new Promise<true>((resolve) => setTimeout(resolve, 50, true));
    for (const timeLimitMs of [NaN, 0, -1, 2 ** 31]) {
      assert.throws(() => house.server.addHooks({ onPublish }, { timeLimitMs }), RangeError);
    }
    house.server.addHooks({ onPublish }, { timeLimitMs: Infinity });
    const client = await house.connect();
    await client.send(publishPacket("t", "1", 1, 1));
    assert.equal(await next(client), "puback 1 10");
  },
);

doorTest("Mount points and QoS that cannot be are refusals too", async (house) => {
  for (const mountPoint of ["a/#/", "$SYS/", 7, "a\ud800", "x".repeat(2000), "a/".repeat(300)]) {
    using _hooks = house.server.addHooks({ onConnect: () => ({ mountPoint }) } as Hooks);
    const client = await house.open();
    await client.send(connectPacket());
    assert.equal(await next(client), "connack 83", String(mountPoint));
  }
  for (const qos of [3, 2, "1"]) {
    using _hooks = house.server.addHooks({ onSubscribe: () => ({ qos }) } as Hooks);
    const client = await house.connect();
    await client.send(subscribePacket("t", 1));
    assert.equal(await next(client), "suback 83", String(qos));
  }
});

doorTest(
  "A hook may ask the broker for something, which is done when the turn ends",
  async ({ server, connect, open }) => {
    server.addHooks({
      onConnect: ({ clientId }) => void server.publish("coming", clientId),
      onPublish: ({ clientId }) => void server.disconnect(clientId),
    });
    const watcher = await connect({ clientId: "w" });
    await watcher.subscribe("#");
    const client = await open();
    await client.introduce({ clientId: "c" });
    assert.equal(await next(watcher), "publish coming c");
    await client.send(publishPacket("t", "last"));
    assert.equal(await next(client), "disconnect");
    assert.equal(await next(watcher), "publish t last");
  },
);

doorTest(
  "onDeliver lets through, drops for one client, and changes what that client gets",
  async (house) => {
    house.server.addHooks({
      onDeliver: ({ clientId }, { payload }) => {
        if (clientId === "deaf") return false;
        if (clientId === "loud") return { payload: encode(text.decode(payload).toUpperCase()) };
      },
    });
    const clients: RawClient[] = [];
    for (const clientId of ["plain", "loud", "deaf"]) {
      const client = await house.connect({ clientId });
      await client.subscribe("t", 1);
      clients.push(client);
    }
    const publisher = await house.connect({ clientId: "p" });
    await publisher.send(publishPacket("t", "a"), publishPacket("t", "b", 1, 1));
    const [plain, loud, deaf] = clients as [RawClient, RawClient, RawClient];
    assert.deepEqual([await next(plain), await next(plain)], ["publish t a", "publish t b"]);
    assert.deepEqual([await next(loud), await next(loud)], ["publish t A", "publish t B"]);
    await deaf.ping();
    assert.equal(house.server.broker.metrics.dropped.get("refused_by_hook"), 2);
    assert.equal(house.server.client("deaf")!.inFlight, 0);
    assert.deepEqual(failures(house), []);
  },
);

doorTest(
  "While onDeliver takes its time its client's messages keep their order, and others get theirs",
  async ({ server, connect }) => {
    const held = Promise.withResolvers<void>();
    server.addHooks({
      onDeliver: ({ clientId }, { payload }) =>
        clientId === "slow" && text.decode(payload) === "1" ? held.promise : undefined,
    });
    const slow = await connect({ clientId: "slow" });
    const fast = await connect({ clientId: "fast" });
    for (const client of [slow, fast]) await client.subscribe("t", 2);
    const publisher = await connect();
    await publisher.send(
      publishPacket("t", "1", 1, 1),
      publishPacket("t", "2"),
      publishPacket("t", "3", 2, 2),
    );
    // The publisher waits for nobody's hook but its own.
    assert.deepEqual([await next(publisher), await next(publisher)], ["puback 1 0", "pubrec 2 0"]);
    for (const payload of ["1", "2", "3"]) assert.equal(await next(fast), `publish t ${payload}`);
    await slow.ping();
    held.resolve();
    for (const payload of ["1", "2", "3"]) assert.equal(await next(slow), `publish t ${payload}`);
  },
);

doorTest(
  "What onDeliver takes its time about is not lost with the connection",
  async ({ server, connect }) => {
    const held = Promise.withResolvers<void>();
    let asked = 0;
    server.addHooks({
      onDeliver: () => {
        asked++;
        return asked === 1 ? held.promise : Promise.resolve(true);
      },
    });
    const init = {
      clientId: "c",
      cleanStart: false,
      properties: { sessionExpiryInterval: 600 },
    };
    const first = await connect(init);
    await first.subscribe("t", 1);
    server.publish("t", "kept", { qos: 1 });
    server.publish("t", "lost");
    await until("it is asked", () => asked === 1);
    first.close();
    await until("it is away", () => !server.client("c")!.isConnected);
    const second = await connect(init);
    assert.equal(await next(second), "publish t kept");
    held.resolve();
    await second.ping();
    assert.equal(asked, 2);
    assert.equal(server.broker.metrics.dropped.get("offline_qos0"), 1);
  },
);

doorTest(
  "Retained messages go through onDeliver too, as many as there are",
  async ({ server, connect }) => {
    server.addHooks({
      onDeliver: async (_, { payload }) => {
        await Promise.resolve();
        return { payload: encode(`${text.decode(payload)}!`) };
      },
    });
    for (let i = 0; i < 50; i++) server.publish(`t/${i}`, String(i), { retain: true });
    const client = await connect();
    await client.send(subscribePacket("t/#"));
    assert.equal(await next(client), "suback 0");
    const got = new Set<string>();
    for (let i = 0; i < 50; i++) got.add(await next(client));
    assert.equal(got.size, 50);
    assert(got.has("publish t/7 7!"));
  },
);

doorTest(
  "onDeliver that fails in any way costs its client the message, which is logged and counted",
  async (house) => {
    const client = await house.connect();
    await client.subscribe("t", 1);
    const all = [
      ...broken,
      ...nonsense.map(([name, change]) => [name, () => change, /./] as const),
    ];
    for (const [name, broken_, says] of all) {
      const before = failures(house).length;
      using _hooks = house.server.addHooks({ onDeliver: broken_ } as Hooks, { timeLimitMs: 30 });
      house.server.publish("t", "lost", { qos: 1 });
      await until(name, () => failures(house).length > before);
      assert.match(failures(house).at(-1)!, /^onDeliver: /, name);
      assert.match(failures(house).at(-1)!, says, name);
    }
    house.server.publish("t", "arrives", { qos: 1 });
    assert.equal(await next(client), "publish t arrives");
    assert.equal(house.server.broker.metrics.dropped.get("refused_by_hook"), all.length);
  },
);
