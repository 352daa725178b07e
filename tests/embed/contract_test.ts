import { strict as assert } from "node:assert";
import {
  type AccessFunctions,
  type ClusterChangedEvent,
  type EventName,
  FunctionAccess,
} from "../../lib/mod.ts";
import { connectPacket, publishPacket, subscribePacket } from "../support/raw_client.ts";
import { doorTest, type House, until } from "./doors.ts";

const CLUSTER_CHANGE: ClusterChangedEvent = {
  change: "joined",
  cluster: "flux",
  node: "b",
  message: "",
  others: ["b"],
};

/** Makes each event happen. */
const CAUSES: Readonly<Record<EventName, (house: House) => unknown>> = {
  connected: ({ connect }) => connect(),
  disconnected: async ({ connect }) => (await connect()).close(),
  takenOver: async ({ connect }) => [
    await connect({ clientId: "c" }),
    await connect({ clientId: "c" }),
  ],
  subscribed: async ({ connect }) => await (await connect()).subscribe("a"),
  unsubscribed: async ({ connect }) => {
    const client = await connect();
    await client.subscribe("a");
    await client.send({ type: "unsubscribe", packetId: 2, topicFilters: ["a"] });
  },
  published: ({ server }) => server.publish("a", "1"),
  delivered: async ({ server, connect }) => {
    await (await connect()).subscribe("a");
    server.publish("a", "1");
  },
  acknowledged: async ({ server, connect }) => {
    const client = await connect();
    await client.subscribe("a", 1);
    server.publish("a", "1", { qos: 1 });
    const packet = await client.receive();
    assert(packet?.type === "publish");
    await client.send({ type: "puback", packetId: packet.packetId, reasonCode: 0 });
  },
  dropped: async ({ connect }) => await (await connect()).send(publishPacket("$SYS/x", "")),
  sessionExpired: async ({ connect }) => {
    const properties = { sessionExpiryInterval: 1 };
    (await connect({ clientId: "c", properties })).close();
  },
  // Nobody is there; that it tries is enough.
  bridgeChanged: ({ server }) =>
    server.bridge({ name: "b", addresses: "127.0.0.1:1", topics: ["a"] }),
  clusterChanged: ({ server }) => server.broker.fromCluster.changed(CLUSTER_CHANGE),
};

/** Listeners that fail. */
const BAD: readonly [how: string, listener: () => unknown, says: RegExp | undefined][] = [
  ["throws", () => {
    throw new Error("out of order");
  }, /Error: out of order/],
  ["throws nothing", () => {
    throw undefined;
  }, /undefined/],
  ["rejects", () => Promise.reject(new Error("later")), /Error: later/],
  ["throws what is no text", () => {
    throw Object.create(null);
  }, /no text/],
  ["rejects with what is no text", () => Promise.reject(Object.create(null)), /no text/],
  ["never ends", () => new Promise(() => {}), undefined],
  ["answers nonsense", () => ({ reasonCode: "no" }), undefined],
];

for (const [name, cause] of Object.entries(CAUSES) as [EventName, typeof CAUSES[EventName]][]) {
  doorTest(
    `${name} is heard, and whoever listens badly is logged, counted and harms nobody`,
    async (house) => {
      const { server, log } = house;
      let heard = 0;
      for (const [, listener] of BAD) server.on(name, listener);
      server.on(name, () => void heard++);
      using stream = server.events(name);
      await cause(house);
      await until(`${name} is heard`, () => heard > 0);
      assert.equal((await stream.next()).done, false);
      const failing = BAD.filter(([, , says]) => says !== undefined);
      const isLogged = () => server.broker.metrics.programErrors >= heard * failing.length;
      await until("what failed is counted", isLogged);
      assert.equal(server.broker.metrics.programErrors, heard * failing.length);
      const errors = log.filter(({ level }) => level === "error");
      assert(errors.every(({ fields }) => fields.event === name));
      for (const [how, , says] of failing) {
        assert(errors.some(({ fields }) => says!.test(String(fields.error))), how);
      }
      await (await house.connect()).ping();
    },
  );
}

/** Functions of access control that fail, and what is logged of them. */
const BROKEN: readonly [how: string, answer: () => unknown, says: RegExp][] = [
  ["throws", () => {
    throw new Error("out of order");
  }, /out of order/],
  ["rejects", () => Promise.reject(new Error("later")), /later|promise|object/i],
  ["throws what is no text", () => {
    throw Object.create(null);
  }, /no text/],
  [
    "rejects with what is no text",
    () => Promise.reject(Object.create(null)),
    /no text|promise|object/i,
  ],
  ["never answers", () => new Promise(() => {}), /No answer|promise|object/i],
  ["answers nonsense", () => "yes", /./],
];
const ASKED: readonly [
  name: keyof AccessFunctions,
  ask: (house: House) => Promise<string>,
  refusal: string,
][] = [
  ["authenticate", async ({ open }) => {
    const client = await open();
    await client.send(connectPacket());
    const connack = await client.receive();
    return connack?.type === "connack" ? `connack ${connack.reasonCode.toString(16)}` : "none";
  }, "connack 87"],
  ["authorize", async ({ connect }) => {
    const client = await connect();
    await client.send(publishPacket("a", "", 1, 1), subscribePacket("a"));
    const [puback, suback] = [await client.receive(), await client.receive()];
    assert(puback?.type === "puback" && suback?.type === "suback");
    return [puback.reasonCode, ...suback.reasonCodes].map((code) => code.toString(16)).join();
  }, "87,87"],
  ["mayRead", async ({ server, connect }) => {
    const client = await connect();
    await client.subscribe("a", 1);
    server.publish("a", "secret", { qos: 1 });
    await client.ping(); // Fails where something else than its answer comes.
    return "nothing came";
  }, "nothing came"],
];
for (const [name, ask, refusal] of ASKED) {
  for (const [how, answer, says] of BROKEN) {
    doorTest(
      `${name}() that ${how} has said no, which is logged, and others come in`,
      async (house) => {
        assert.equal(await ask(house), refusal);
        const errors = () =>
          house.log.filter(({ level }) => level === "error").map(({ fields }) =>
            String(fields.error)
          );
        await until("it is logged", () => errors().length > 0);
        assert.match(errors()[0]!, says);
        if (name === "authenticate") return;
        await (await house.connect()).ping();
      },
      () => ({
        access: new FunctionAccess({
          authenticate: () => true,
          [name]: answer,
        }, { timeLimitMs: 50 }),
      }),
    );
  }
}
