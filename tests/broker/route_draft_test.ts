/** A route to very many subscriptions is found in parts, and is right although these change meanwhile. */
import { strict as assert } from "node:assert";
import { type Route, Router } from "../../lib/broker/core/router.ts";
import type { Client } from "../../lib/broker/mod.ts";
import { encodePacket, type Packet } from "../../lib/codec/mod.ts";
import { Exchange } from "../support/exchange.ts";
import { readBytes } from "../support/notation.ts";
import { Random } from "../support/random.ts";
import { request } from "../sim/scenario.ts";
import { aClient, aSubscription } from "./clients.ts";

const OPTIONS = { hashMatchesParent: true, allowDuplicateMessages: false, maxTopicLevels: 200 };
const EVERYBODY = { version: 0, mayRead: () => true };

/** All filters of so many levels, each of which is `a` or `+`; the topic that they all match is the first. */
function filtersOf(levels: number): string[] {
  return Array.from(
    { length: 1 << levels },
    (_, i) => Array.from({ length: levels }, (_, bit) => i >> bit & 1 ? "+" : "a").join("/"),
  );
}

/** What each client gets by the route, as text, in no order. */
function textOf(route: Route | undefined): string[] {
  const targets = route!.targets.map(({ client, qos, subscriptionIdentifiers }) =>
    `${client.session.clientId} ${qos} ${subscriptionIdentifiers?.toSorted((a, b) => a - b)}`
  );
  const shares = route!.shares.map(({ topicFilter, size }) => `${topicFilter} ${size}`);
  return [...targets, ...shares].sort();
}

const kinds: [
  what: string,
  levels: number,
  seeds: number,
  most: number,
  maxSteps: number,
  changes: number,
][] = [
  ["A route that is found", 5, 300, 60, 6, 3],
  ["A route that is found and put together", 11, 4, 6000, 400, 60],
];
for (const [what, levels, seeds, most, maxSteps, changes] of kinds) {
  Deno.test(`${what} in parts is the one that would be found at once at its end, whatever changes meanwhile`, () => {
    for (let seed = 1; seed <= seeds; seed++) checkDraft(seed, levels, most, maxSteps, changes);
  });
}

/** Changes subscriptions while a route is found; it begins with up to `most` changes, and each part has up to `maxSteps`. */
function checkDraft(
  seed: number,
  levels: number,
  most: number,
  maxSteps: number,
  changes: number,
): void {
  const filters = [
    ...filtersOf(levels),
    "a/#",
    "#",
    "+/a/#",
    "$share/g/" + Array.from({ length: levels }, (_, i) => i % 2 ? "+" : "a").join("/"),
    "$share/g/#",
  ];
  const topic = filters[0]!;
  const random = new Random(seed);
  const routers = [new Router(OPTIONS, EVERYBODY), new Router(OPTIONS, EVERYBODY)] as const;
  const clients = ["a", "b", "c"].map(aClient);
  const model = new Map<Client, Set<string>>(clients.map((client) => [client, new Set()]));
  let lastId = 0;
  const change = () => {
    const client = random.pick(clients);
    const filter = random.pick(filters);
    const isThere = model.get(client)!.has(filter);
    if (isThere && random.bool()) {
      model.get(client)!.delete(filter);
      for (const router of routers) router.unsubscribe(client, filter);
      return;
    }
    model.get(client)!.add(filter);
    const given = { qos: random.int(3) as 0 | 1 | 2, subscriptionIdentifier: ++lastId };
    for (const router of routers) router.subscribe(client, aSubscription(filter, given));
  };
  for (let i = random.int(most); i >= 0; i--) change();

  let rests = 0;
  let route: Route | undefined | null;
  while ((route = routers[0].route(topic, 1 + random.int(maxSteps))) === null) {
    rests++;
    for (let i = random.int(changes); i > 0; i--) change();
  }
  assert.deepEqual(textOf(route), textOf(routers[1].route(topic)), `seed ${seed}`);
  assert.equal(routers[0].draftCount, 0);
  assert.equal(routers[0].route(topic, 1), route, "it is remembered");
  assert.ok(rests > 0 || seed > 1);
}

Deno.test("No more than four routes are found at the same time, and one that nobody asks for is given up", () => {
  const router = new Router(OPTIONS, EVERYBODY);
  const client = aClient("a");
  for (const filter of filtersOf(6)) router.subscribe(client, aSubscription(filter));
  const topic = (i: number) => `a/a/a/a/a/${i}`;
  for (let i = 0; i < 100; i++) assert.equal(router.route(topic(i), 5), null);
  assert.equal(router.draftCount, 4);
  // All are found nevertheless: those that were begun first, and then the others.
  for (let i = 0; i < 8; i++) {
    let asked = 1;
    while (router.route(topic(i), 5) === null) asked++;
    assert.ok(asked > 3, `${asked} parts`);
  }
  assert.equal(router.draftCount, 0);
  for (let i = 0; i < 4; i++) router.route(topic(i + 10), 5);
  for (let i = 0; i <= 10_000; i++) {
    router.subscribe(client, aSubscription(`b/${i % 10}`));
    if (i % 2 === 1) router.unsubscribe(client, `b/${i % 10}`);
  }
  assert.equal(router.draftCount, 0, "too much has changed since");
  for (let i = 0; i < 4; i++) router.route(topic(i + 10), 5);
  let asked = 1;
  while (router.route(topic(20), 5) === null) asked++;
  assert.ok(asked > 9990 && asked < 10_100, `behind those that are not asked for: ${asked}`);
});

Deno.test("What a client gets now is found by its own subscriptions", () => {
  const router = new Router(OPTIONS, EVERYBODY);
  const client = aClient("a");
  for (let qos = 0; qos < 3; qos++) {
    const filter = ["a/#", "a/+", "b"][qos]!;
    router.subscribe(client, aSubscription(filter, { qos: qos as 0 | 1 | 2 }));
  }
  assert.equal(router.targetOf(client, "a/b")!.qos, 1);
  assert.equal(router.targetOf(client, "a")!.qos, 0);
  assert.equal(router.targetOf(client, "c"), undefined);
  assert.equal(router.targetOf(aClient("other"), "a/b"), undefined);
});

const FILTERS = filtersOf(13);
const TOPIC = FILTERS[0]!;
/** Fewer than a real turn has; to find the route takes 40,959. */
const TURN_STEPS = 10_000;
/** What one turn may cost: its steps, and the least share of a connection. */
const MOST_STEPS = TURN_STEPS + 1500;

/** `a` has subscribed to all the filters; `b` and `c` are connected. Notes the steps of each turn. */
function crowded(): { exchange: Exchange; spent: number[] } {
  const spent: number[] = [];
  const afterRound = (done: () => void) => {
    spent.push(exchange.test.broker.core.work.spent);
    done();
  };
  const exchange: Exchange = new Exchange({ afterRound, steps: [TURN_STEPS, 1000] }).play(`
    a> CONNECT
    a< CONNACK
    b> CONNECT will.topic=${TOPIC} will.payload=gone
    b< CONNACK
    c> CONNECT
    c< CONNACK
  `);
  for (let at = 0; at < FILTERS.length; at += 4096) {
    const subscriptions = FILTERS.slice(at, at + 4096).map((filter) => request(filter, 1));
    exchange.link("a").send(encodePacket({ type: "subscribe", packetId: 1, subscriptions }, 5));
  }
  exchange.link("a").take();
  spent.length = 0;
  return { exchange, spent };
}

function packetsOf(exchange: Exchange, name: string, type: Packet["type"]): Packet[] {
  return exchange.link(name).take().filter((packet) => packet.type === type);
}

Deno.test("PUBLISH to the topic of 8,192 filters takes several turns, and others are answered in between", () => {
  const { exchange, spent } = crowded();
  const { test } = exchange;
  let turns = 0;
  let answeredIn = 0;
  let deliveredIn = 0;
  test.betweenTurns = () => {
    turns++;
    if (turns === 1) exchange.link("c").arrive(readBytes("PINGREQ", 5));
    if (exchange.link("c").take().length > 0) answeredIn = turns;
    if (packetsOf(exchange, "a", "publish").length > 0) deliveredIn = turns;
  };
  const text = `PUBLISH ${TOPIC} qos=1 id=7 1`;
  exchange.link("b").send(readBytes(text, 5));
  assert.ok(turns > 1, `${turns} turns`);
  assert.equal(answeredIn, 2);
  assert.ok(deliveredIn > 1);
  assert.ok(Math.max(...spent) < MOST_STEPS, `${Math.max(...spent)} steps`);
  assert.equal(packetsOf(exchange, "b", "puback").length, 1);
  assert.equal(test.broker.metrics.publishReceived, 1);
});

Deno.test("Messages of one publisher keep their order while the route is found", () => {
  const { exchange, spent } = crowded();
  const all = [`PUBLISH ${TOPIC} 1`, `PUBLISH ${TOPIC} qos=1 id=1 2`, `PUBLISH ${TOPIC} 3`];
  const bytes = all.flatMap((text) => [...readBytes(text, 5)]);
  exchange.link("b").send(Uint8Array.from(bytes));
  const got = packetsOf(exchange, "a", "publish").map((packet) =>
    new TextDecoder().decode((packet as Extract<Packet, { type: "publish" }>).payload)
  );
  assert.deepEqual(got, ["1", "2", "3"]);
  assert.ok(Math.max(...spent) < MOST_STEPS, `${Math.max(...spent)} steps`);
});

Deno.test("A will to the topic of 8,192 filters takes several turns too, and is published at once where the broker shuts down", () => {
  for (const isShutDown of [false, true]) {
    const { exchange, spent } = crowded();
    const { test } = exchange;
    let turns = 0;
    test.betweenTurns = () => {
      turns++;
      if (turns === 1 && isShutDown) test.broker.shutDown(test.nowMs);
    };
    exchange.link("b").lose();
    assert.equal(packetsOf(exchange, "a", "publish").length, 1);
    if (isShutDown) continue;
    assert.ok(turns > 1, `${turns} turns`);
    assert.ok(Math.max(...spent) < MOST_STEPS, `${Math.max(...spent)} steps`);
  }
});

Deno.test("Who leaves while the route of its message is found publishes nothing, and leaves nothing but a draft", () => {
  const { exchange } = crowded();
  const { test } = exchange;
  const { core } = test.broker;
  exchange.link("c").arrive(readBytes(`PUBLISH ${TOPIC} 1`, 5));
  test.broker.endTurn();
  assert.equal(core.router.draftCount, 1);
  exchange.link("c").lose();
  assert.equal(packetsOf(exchange, "a", "publish").length, 0);
  assert.equal(core.postponed.length, 0);
  exchange.link("b").send(readBytes(`PUBLISH ${TOPIC} 1`, 5));
  assert.equal(packetsOf(exchange, "a", "publish").length, 1);
  assert.equal(core.router.draftCount, 0);
});
