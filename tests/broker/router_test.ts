import { deepEqual, equal, notEqual, throws } from "node:assert/strict";
import type { Client } from "../../lib/broker/state/connection.ts";
import { type ReadCheck, Router, type RouterOptions } from "../../lib/broker/core/router.ts";
import type { Subscription } from "../../lib/session/mod.ts";
import { Random } from "../support/random.ts";
import { ALL_FILTERS, ALL_NAMES, naiveMatches } from "../topic/naive.ts";
import { aClient, aSubscription } from "./clients.ts";

const OPTIONS: RouterOptions = {
  hashMatchesParent: true,
  allowDuplicateMessages: false,
  maxTopicLevels: 200,
};

const EVERYBODY: ReadCheck = { version: 0, mayRead: () => true };

/** Subscriptions of one client, and as what it gets a message on a/b. */
const OVERLAPS: readonly [
  subscriptions: readonly Subscription[],
  target: { qos: number; retainAsPublished?: boolean; identifiers?: number[] } | undefined,
  why: string,
][] = [
  [[aSubscription("a/b", { qos: 1 })], { qos: 1 }, "one subscription"],
  [[aSubscription("a/c", { qos: 1 })], undefined, "none that matches"],
  [
    [aSubscription("a/b"), aSubscription("a/+", { qos: 2 }), aSubscription("#", { qos: 1 })],
    { qos: 2 },
    "overlapping ones count once, at the highest QoS [MQTT-3.3.4-2] [v3 MQTT-3.3.5-1]",
  ],
  [
    [
      aSubscription("a/b", { subscriptionIdentifier: 3 }),
      aSubscription("a/+"),
      aSubscription("#", { subscriptionIdentifier: 9 }),
      aSubscription("b", { subscriptionIdentifier: 4 }),
    ],
    { qos: 0, identifiers: [3, 9] },
    "with the identifiers of all that match and have one [MQTT-3.3.4-3] [MQTT-3.3.4-4]",
  ],
  [
    [aSubscription("a/b", { retainAsPublished: true }), aSubscription("a/#")],
    { qos: 0, retainAsPublished: true },
    "RETAIN stays as published where one of them asks for it [MQTT-3.3.1-13]",
  ],
  [
    [aSubscription("a/b", { qos: 2 }), aSubscription("a/b", { qos: 1 })],
    { qos: 1 },
    "the same filter replaces the one before [MQTT-3.8.4-3] [v3 MQTT-3.8.4-3]",
  ],
];

for (const [subscriptions, expected, why] of OVERLAPS) {
  Deno.test(`[${subscriptions.map(({ topicFilter }) => topicFilter)}] on a/b: ${why}`, () => {
    const router = new Router(OPTIONS, EVERYBODY);
    const client = aClient("a");
    for (const subscription of subscriptions) router.subscribe(client, subscription);
    const targets = router.route("a/b")!.targets.map((target) => ({
      ...target,
      subscriptionIdentifiers: target.subscriptionIdentifiers?.toSorted((a, b) => a - b),
    }));
    deepEqual(
      targets,
      expected === undefined ? [] : [{
        client,
        qos: expected.qos,
        retainAsPublished: expected.retainAsPublished ?? false,
        subscriptionIdentifiers: expected.identifiers,
        share: undefined,
      }],
    );
  });
}

Deno.test("with duplicates allowed each overlapping subscription delivers, with its own identifier", () => {
  const router = new Router({ ...OPTIONS, allowDuplicateMessages: true }, EVERYBODY);
  const client = aClient("a");
  router.subscribe(client, aSubscription("a", { qos: 1, subscriptionIdentifier: 1 }));
  router.subscribe(client, aSubscription("#", { qos: 2, subscriptionIdentifier: 2 }));
  const targets = router.route("a")!.targets.map(({ qos, subscriptionIdentifiers }) =>
    `${qos} ${subscriptionIdentifiers}`
  );
  deepEqual(targets.sort(), ["1 1", "2 2"]);
});

Deno.test("No Local leaves the publisher what its other subscriptions match [MQTT-3.8.3-3]", () => {
  const router = new Router(OPTIONS, EVERYBODY);
  const [mixed, silent, open] = [aClient("mixed"), aClient("silent"), aClient("open")];
  router.subscribe(mixed, aSubscription("a", { qos: 2, noLocal: true }));
  router.subscribe(mixed, aSubscription("#", { qos: 1 }));
  router.subscribe(silent, aSubscription("a", { noLocal: true }));
  router.subscribe(open, aSubscription("a"));
  const { targets, ownTargets } = router.route("a")!;
  deepEqual(new Set(targets.map(({ client }) => client)), new Set([mixed, silent, open]));
  equal(ownTargets!.get(mixed)?.[0]?.qos, 1);
  equal(ownTargets!.has(silent), true);
  equal(ownTargets!.get(silent)?.length, 0);
  equal(ownTargets!.has(open), false);
});

const REFUSED_NAMES = ["", "a/#", "+", "a/+/b", "a\0b"];

for (const name of REFUSED_NAMES) {
  Deno.test(`there is no route for ${JSON.stringify(name)}, which is no Topic Name`, () => {
    equal(new Router(OPTIONS, EVERYBODY).route(name), undefined);
  });
}

Deno.test("there is no route for a name of too many levels", () => {
  const router = new Router({ ...OPTIONS, maxTopicLevels: 2 }, EVERYBODY);
  notEqual(router.route("a/b"), undefined);
  equal(router.route("a/b/c"), undefined);
});

Deno.test("a route is remembered until a subscription changes", () => {
  const router = new Router(OPTIONS, EVERYBODY);
  const client = aClient("a");
  const before = router.route("a");
  equal(router.route("a"), before);
  router.subscribe(client, aSubscription("a"));
  equal(router.route("a")!.targets.length, 1);
  router.unsubscribe(client, "a");
  equal(router.route("a")!.targets.length, 0);
});

Deno.test("more topics than are remembered are routed all the same", () => {
  const router = new Router(OPTIONS, EVERYBODY);
  router.subscribe(aClient("a"), aSubscription("t/#"));
  for (let i = 0; i < 20_000; i++) equal(router.route(`t/${i}`)!.targets.length, 1);
  equal(router.route("t/0")!.targets.length, 1);
});

Deno.test("who may not read a topic is not on its route, and is when that changes", () => {
  const readable = new Set(["a"]);
  const check = { version: 0, mayRead: (_: Client, topicName: string) => readable.has(topicName) };
  const router = new Router(OPTIONS, check);
  router.subscribe(aClient("a"), aSubscription("#"));
  deepEqual(["a", "b"].map((name) => router.route(name)!.targets.length), [1, 0]);
  readable.add("b");
  check.version++;
  equal(router.route("b")!.targets.length, 1);
});

Deno.test("a share stands on the route once, however many members it has, and goes with the last", () => {
  const router = new Router(OPTIONS, EVERYBODY);
  const [a, b] = [aClient("a"), aClient("b")];
  for (const client of [a, b]) router.subscribe(client, aSubscription("$share/g/t/+"));
  router.subscribe(a, aSubscription("$share/h/t/+"));
  router.subscribe(a, aSubscription("t/+"));
  const { targets, shares } = router.route("t/1")!;
  equal(targets.length, 1);
  deepEqual(shares.map(({ topicFilter, size }) => [topicFilter, size]).sort(), [
    ["$share/g/t/+", 2],
    ["$share/h/t/+", 1],
  ]);
  equal(router.share("$share/g/t/+")?.size, 2);
  for (const client of [a, b]) router.unsubscribe(client, "$share/g/t/+");
  equal(router.share("$share/g/t/+"), undefined);
  equal(router.route("t/1")!.shares.length, 1);
});

Deno.test("a program's subscription gets what matches until it ends, and refuses what is no filter", () => {
  const router = new Router(OPTIONS, EVERYBODY);
  const end = router.subscribeLocal("a/+", () => {});
  equal(router.route("a/b")!.locals.length, 1);
  end();
  end();
  equal(router.route("a/b")!.locals.length, 0);
  for (const filter of ["", "a/#/b", "$share/g/a"]) {
    throws(() => router.subscribeLocal(filter, () => {}), TypeError);
  }
});

Deno.test("unsubscribing what is not there changes nothing", () => {
  const router = new Router(OPTIONS, EVERYBODY);
  const client = aClient("a");
  router.subscribe(client, aSubscription("a"));
  for (const filter of ["b", "$share/g/a"]) router.unsubscribe(client, filter);
  router.unsubscribe(aClient("b"), "a");
  deepEqual([router.size, router.route("a")!.targets.length], [1, 1]);
});

for (let seed = 1; seed <= 10; seed++) {
  Deno.test(`Router agrees with a naive one under random subscriptions, seed ${seed}`, () => {
    const random = new Random(seed);
    const router = new Router(OPTIONS, EVERYBODY);
    const clients = Array.from({ length: 6 }, (_, i) => aClient(`client ${i}`));
    const model = new Map<Client, Map<string, Subscription>>(clients.map((c) => [c, new Map()]));
    for (let step = 0; step < 400; step++) {
      const client = random.pick(clients);
      const subscriptions = model.get(client)!;
      const topicFilter = (random.int(4) === 0 ? "$share/g/" : "") + random.pick(ALL_FILTERS);
      if (random.int(3) > 0) {
        const subscription = aSubscription(topicFilter, {
          qos: random.pick([0, 1, 2]),
          noLocal: !topicFilter.startsWith("$share") && random.int(4) === 0,
          subscriptionIdentifier: random.int(4),
        });
        router.subscribe(client, subscription);
        subscriptions.set(topicFilter, subscription);
      } else {
        router.unsubscribe(client, topicFilter);
        subscriptions.delete(topicFilter);
      }
      const name = random.pick(ALL_NAMES);
      deepEqual(describe(router, name, client), naive(model, name, client), `topic "${name}"`);
    }
    for (const [client, subscriptions] of model) {
      for (const topicFilter of subscriptions.keys()) router.unsubscribe(client, topicFilter);
    }
    equal(router.size, 0);
  });
}

/** What a route says, in words that compare: clients with QoS and identifiers, the publisher's own, shares. */
function describe(router: Router, topicName: string, publisher: Client): string[] {
  const { targets, ownTargets, shares } = router.route(topicName)!;
  const line = (target: (typeof targets)[number]) =>
    words(target.client, target.qos, target.subscriptionIdentifiers ?? []);
  const lines = targets.map(line);
  if (ownTargets?.has(publisher)) {
    const own = ownTargets.get(publisher);
    lines.push(
      `own ${own === undefined || own.length === 0 ? "nothing" : own.map(line).join(", ")}`,
    );
  }
  return [...lines, ...shares.map(({ topicFilter, size }) => `${topicFilter} × ${size}`)].sort();
}

function naive(
  model: ReadonlyMap<Client, ReadonlyMap<string, Subscription>>,
  topicName: string,
  publisher: Client,
): string[] {
  const lines: string[] = [];
  const shares = new Map<string, number>();
  for (const [client, subscriptions] of model) {
    const plain: Subscription[] = [];
    for (const [filter, subscription] of subscriptions) {
      if (filter.startsWith("$share/g/")) {
        if (!naiveMatches(filter.slice("$share/g/".length), topicName, true)) continue;
        shares.set(filter, (shares.get(filter) ?? 0) + 1);
      } else if (naiveMatches(filter, topicName, true)) plain.push(subscription);
    }
    if (plain.length === 0) continue;
    lines.push(merged(client, plain));
    if (client !== publisher || !plain.some(({ noLocal }) => noLocal)) continue;
    const others = plain.filter(({ noLocal }) => !noLocal);
    lines.push(`own ${others.length === 0 ? "nothing" : merged(client, others)}`);
  }
  for (const [filter, size] of shares) lines.push(`${filter} × ${size}`);
  return lines.sort();
}

function merged(client: Client, subscriptions: readonly Subscription[]): string {
  const qos = Math.max(...subscriptions.map((subscription) => subscription.qos));
  const identifiers = subscriptions.map((one) => one.subscriptionIdentifier).filter((id) => id > 0);
  return words(client, qos, identifiers);
}

function words(client: Client, qos: number, identifiers: readonly number[]): string {
  return `${client.session.clientId} QoS ${qos} [${identifiers.toSorted((a, b) => a - b)}]`;
}

Deno.test("of any number of topics a bounded number of routes is remembered", () => {
  const router = new Router(OPTIONS, EVERYBODY);
  router.subscribe(aClient("a"), aSubscription("#"));
  for (let i = 0; i < 40_000; i++) router.route(`t/${i}`);
  equal(router.rememberedCount <= 16_384, true, `${router.rememberedCount}`);
  equal(router.route("t/39999")!.targets.length, 1);
});

Deno.test("a topic of more than 1,024 characters is routed, and not remembered", () => {
  const router = new Router(OPTIONS, EVERYBODY);
  router.subscribe(aClient("a"), aSubscription("#"));
  for (const length of [1024, 1025, 65_535]) {
    equal(router.route("t".repeat(length))!.targets.length, 1);
  }
  equal(router.rememberedCount, 1);
});

Deno.test("of routes with many receivers fewer are remembered, and each of them is right", () => {
  const router = new Router(OPTIONS, EVERYBODY);
  for (let i = 0; i < 2000; i++) router.subscribe(aClient(`c${i}`), aSubscription("#"));
  for (let i = 0; i < 1100; i++) {
    equal(router.route(`t/${i}`)!.targets.length, 2000);
    equal(router.rememberedCount <= 500, true, `${router.rememberedCount}`);
  }
  // A subscription has changed: what is remembered is replaced, topic by topic.
  router.subscribe(aClient("more"), aSubscription("#"));
  for (let i = 0; i < 1100; i++) equal(router.route(`t/${i % 100}`)!.targets.length, 2001);
  equal(router.rememberedCount >= 100, true, `${router.rememberedCount}`);
});
