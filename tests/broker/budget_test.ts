import { strict as assert } from "node:assert";
import { encodePacket, type Packet, type Subscribe } from "../../lib/codec/mod.ts";
import { Exchange } from "../support/exchange.ts";
import { readBytes } from "../support/notation.ts";
import type { Setup } from "../support/test_broker.ts";
import { request } from "../sim/scenario.ts";
import { Service, Work } from "../../lib/broker/core/work.ts";
import { aClient, aSubscription } from "./clients.ts";

const FILTERS = Array.from({ length: 100_000 }, (_, i) => `f/${i}`);
const SUBSCRIBE: Subscribe = {
  type: "subscribe",
  packetId: 1,
  subscriptions: FILTERS.map((topicFilter) => request(topicFilter, 1)),
};
const UNSUBSCRIBE: Packet = { type: "unsubscribe", packetId: 2, topicFilters: FILTERS };
const PUBLISH = readBytes("PUBLISH t qos=1 id=7 1", 5);
const PLAIN_PUBLISH: Packet = {
  type: "publish",
  topicName: "t",
  payload: new Uint8Array(1),
  qos: 0,
  retain: false,
  dup: false,
  packetId: 0,
  properties: undefined,
};

/** Two clients, and in which turn each packet came to them. */
class TwoAtOnce {
  readonly exchange: Exchange;
  readonly got: { readonly name: string; readonly turn: number; readonly packet: Packet }[] = [];
  turns = 0;
  readonly #events = new Map<number, () => void>();

  constructor(setup: Setup = {}, connect = "a> CONNECT\na< CONNACK") {
    this.exchange = new Exchange(setup).play(`${connect}\nb> CONNECT\nb< CONNACK`);
    this.exchange.test.betweenTurns = () => {
      this.turns++;
      for (const name of ["a", "b"]) {
        for (const packet of this.exchange.link(name).take()) {
          this.got.push({ name, turn: this.turns, packet });
        }
      }
      this.#events.get(this.turns)?.();
    };
  }

  /** Does it between this turn and the next. */
  after(turn: number, act: () => void): this {
    this.#events.set(turn, act);
    return this;
  }

  /** a sends it all in one read. */
  send(...packets: Packet[]): this {
    const bytes = packets.flatMap((packet) => [...encodePacket(packet, 5)]);
    this.exchange.link("a").send(Uint8Array.from(bytes));
    return this;
  }

  /** The turn in which the client got the first packet of the type; fails where it got none. */
  turnOf(name: string, type: Packet["type"]): number {
    const found = this.got.find((one) => one.name === name && one.packet.type === type);
    assert.ok(found, `${name} has got no ${type}`);
    return found.turn;
  }

  /** What came to a. */
  get types(): string[] {
    return this.got.filter(({ name }) => name === "a").map(({ packet }) => packet.type);
  }

  get subscriptionCount(): number {
    return this.exchange.test.broker.levels.subscriptionCount;
  }
}

/** What a packet of a hundred thousand filters is answered with. */
function codesOf(run: TwoAtOnce, type: "suback" | "unsuback"): readonly number[] {
  const { packet } = run.got.find(({ packet }) => packet.type === type)!;
  return (packet as Packet & { readonly reasonCodes: readonly number[] }).reasonCodes;
}

Deno.test("A SUBSCRIBE of 100,000 filters takes several turns, and others are answered in between", () => {
  const run = new TwoAtOnce();
  const { exchange } = run;
  run.after(3, () => exchange.link("b").arrive(PUBLISH)).send(SUBSCRIBE, { type: "pingreq" });
  const done = run.turnOf("a", "suback");
  assert.ok(done > 10, `done after ${done} turns`);
  assert.equal(run.turnOf("b", "puback"), 4);
  assert.deepEqual(codesOf(run, "suback"), FILTERS.map(() => 1));
  assert.deepEqual(run.types, ["suback", "pingresp"]);
  assert.equal(run.subscriptionCount, FILTERS.length);
});

Deno.test("A SUBSCRIBE whose filters are all refused costs less than a quarter of one that is granted", () => {
  const stepsOf = (setup: Setup, reasonCode: number): number => {
    const run = new TwoAtOnce(setup);
    const { work } = run.exchange.test.broker.core;
    const before = work.totalSteps;
    run.send(SUBSCRIBE);
    assert.deepEqual(new Set(codesOf(run, "suback")), new Set([reasonCode]));
    return work.totalSteps - before;
  };
  const granted = stepsOf({}, 1);
  const refused = stepsOf({ options: { maxSubscriptionBytes: 1 } }, 0x97);
  assert.ok(refused * 4 < granted, `${refused} steps, and ${granted} for granting`);
});

Deno.test("An UNSUBSCRIBE of 100,000 filters takes several turns, and others are answered in between", () => {
  const run = new TwoAtOnce().send(SUBSCRIBE);
  run.turns = 0;
  run.after(3, () => run.exchange.link("b").arrive(PUBLISH)).send(UNSUBSCRIBE, { type: "pingreq" });
  assert.ok(run.turnOf("a", "unsuback") > 10);
  assert.equal(run.turnOf("b", "puback"), 4);
  assert.deepEqual(codesOf(run, "unsuback"), FILTERS.map(() => 0));
  assert.deepEqual(run.types, ["suback", "unsuback", "pingresp"]);
  assert.equal(run.subscriptionCount, 0);
});

Deno.test("What is granted over several turns is acknowledged when the last of it is stored [MQTT-3.8.4-1]", () => {
  const setup = { store: true, options: { maxQueuedMessages: 0 } };
  const run = new TwoAtOnce(setup, "a> CONNECT sessionExpiryInterval=600\na< CONNACK");
  const { store } = run.exchange.test;
  store!.isHolding = true;
  run.send(SUBSCRIBE);
  assert.deepEqual(run.types, []);
  assert.ok(store!.waiting > 10, "each turn commits what it wrote");
  while (store!.waiting > 1) run.exchange.test.turn(() => store!.commitNext());
  assert.deepEqual(run.types, []);
  run.exchange.test.turn(() => store!.commitNext());
  assert.deepEqual(run.types, ["suback"]);
  const [session] = store!.load().sessions;
  assert.equal(session!.subscriptions.length, FILTERS.length);
});

Deno.test("Where a decision takes its time in the middle nothing is granted before it; then all is, in its order", () => {
  let decide = () => {};
  let isDecided = false;
  const asked: string[] = [];
  const run = new TwoAtOnce({
    access: {
      checksTopics: true,
      mayPublish: () => true,
      mayRead: () => true,
      maySubscribe: (_, filter) => {
        asked.push(filter);
        if (filter === "f/55555") return isDecided ? false : "pending";
        return true;
      },
      decided: (_, done) => decide = done,
    },
  });
  run.send(SUBSCRIBE, { type: "pingreq" });
  assert.ok(run.turns > 5, "it was asked over several turns");
  assert.equal(run.subscriptionCount, 0);
  assert.deepEqual(run.types, []);
  isDecided = true;
  run.exchange.test.turn(decide);
  assert.equal(run.subscriptionCount, FILTERS.length - 1);
  assert.deepEqual(
    codesOf(run, "suback"),
    FILTERS.map((filter) => filter === "f/55555" ? 0x87 : 1),
  );
  assert.deepEqual(run.types, ["suback", "pingresp"]);
  assert.equal(asked.length, FILTERS.length + 1);
});

Deno.test("A client that leaves in the middle of its SUBSCRIBE leaves nothing behind", () => {
  const run = new TwoAtOnce();
  run.after(5, () => {
    assert.ok(run.subscriptionCount > 0, "some are granted");
    run.exchange.link("a").vanish();
  }).send(SUBSCRIBE);
  const { core } = run.exchange.test.broker;
  assert.equal(run.subscriptionCount, 0);
  assert.equal(core.postponed.length, 0);
  assert.equal(core.clients.size, 1);
});

Deno.test("Who is taken over in the middle of its SUBSCRIBE is through with it; what was granted is the session's", () => {
  const run = new TwoAtOnce({}, "a> CONNECT sessionExpiryInterval=600\na< CONNACK");
  const { exchange } = run;
  const again = readBytes("CONNECT clientId=a", 5);
  let granted = 0;
  run.after(5, () => {
    granted = run.subscriptionCount;
    exchange.link("b").vanish();
    exchange.test.open("c").arrive(again);
  }).send(SUBSCRIBE);
  assert.deepEqual(run.types, ["disconnect"]);
  assert.equal(run.subscriptionCount, granted);
});

Deno.test("Who sends 100,000 packets at once is answered over several turns, in their order, and others in between", () => {
  const run = new TwoAtOnce();
  const packets = new Uint8Array(200_000);
  for (let i = 0; i < packets.length; i += 2) packets[i] = 0xc0;
  run.after(1, () => run.exchange.link("b").arrive(PUBLISH));
  run.exchange.link("a").send(packets);
  const pongs = run.got.filter(({ packet }) => packet.type === "pingresp");
  assert.equal(pongs.length, packets.length / 2);
  assert.ok(pongs.at(-1)!.turn >= 3, `done in turn ${pongs.at(-1)!.turn}`);
  assert.equal(run.turnOf("b", "puback"), 2);
});

const dear: [what: string, packets: () => Uint8Array[]][] = [
  [
    "5,000 retained messages",
    () => Array.from({ length: 5000 }, (_, i) => readBytes(`PUBLISH r/${i} retain 1`, 5)),
  ],
  ["20,000 User Properties", () => {
    const userProperties = Array.from({ length: 200 }, () => ["a", "b"] as const);
    const packet = { ...PLAIN_PUBLISH, properties: { userProperties } };
    return Array.from({ length: 100 }, () => encodePacket(packet, 5));
  }],
];
for (const [what, packets] of dear) {
  Deno.test(`Who sends ${what} at once has them handled over several turns`, () => {
    const run = new TwoAtOnce();
    const parts = packets();
    const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 2));
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    bytes.set([0xc0, 0], at);
    run.exchange.link("a").send(bytes);
    assert.ok(run.turnOf("a", "pingresp") > 1, `turn ${run.turnOf("a", "pingresp")}`);
  });
}

Deno.test("A turn keeps 2,000 retained messages of 100 bytes: that takes no longer than ten milliseconds", () => {
  const payload = new Uint8Array(100);
  const retained = Array.from({ length: 2000 }, (_, i): Packet => {
    return { ...PLAIN_PUBLISH, topicName: `r/${i}`, payload, retain: true };
  });
  const run = new TwoAtOnce();
  const { broker } = run.exchange.test;
  run.after(1, () => assert.equal(broker.levels.retainedCount, retained.length));
  run.send(...retained);
  assert.ok(run.turns > 0);
});

Deno.test("Who may read none of 5,000 retained messages has their rights checked over many turns", () => {
  const checks = new Map<number, number>();
  const stepsPerCheck = 100;
  const run: TwoAtOnce = new TwoAtOnce({
    access: {
      checksTopics: true,
      stepsPerCheck,
      maySubscribe: () => true,
      mayPublish: () => true,
      mayRead: (_, topicName) => {
        if (topicName.startsWith("r/")) checks.set(run.turns, (checks.get(run.turns) ?? 0) + 1);
        return false;
      },
    },
  });
  for (let i = 0; i < 5000; i++) {
    run.exchange.link("b").send(readBytes(`PUBLISH r/${i} retain 1`, 5));
  }
  run.send({ type: "subscribe", packetId: 1, subscriptions: [request("r/#", 0)] });
  const counts = [...checks.values()];
  assert.equal(counts.reduce((sum, count) => sum + count, 0), 5000);
  // A check is 20 steps and more, so this is twice what a turn has.
  const { turnSteps } = run.exchange.test.broker.core.work;
  const most = turnSteps / (20 * stepsPerCheck) * 2;
  assert.ok(Math.max(...counts) <= most, `${Math.max(...counts)} in a turn, not ${most}`);
  assert.deepEqual(run.types, ["suback"]);
});

Deno.test("Where the turn is over a large packet waits for the next, so that many of them do not make one long", () => {
  const spent: number[] = [];
  const names = Array.from({ length: 40 }, (_, i) => `c${i}`);
  const exchange: Exchange = new Exchange({
    afterRound: (done) => {
      spent.push(exchange.test.broker.core.work.spent);
      done();
    },
  }).play(names.map((name) => `${name}> CONNECT\n${name}< CONNACK`).join("\n"));
  const subscriptions = Array.from({ length: 5000 }, (_, i) => request(`f/${i}`, 1));
  const bytes = encodePacket({ type: "subscribe", packetId: 1, subscriptions }, 5);
  // All in one turn.
  for (const name of names) exchange.link(name).arrive(bytes);
  exchange.test.settle();
  const most = Math.max(...spent);
  const { turnSteps } = exchange.test.broker.core.work;
  assert.ok(most > turnSteps && most < turnSteps + 25_000, `${most} steps`);
  for (const name of names) assert.equal(exchange.link(name).take()[0]?.type, "suback");
});

Deno.test("Turns that share their steps give what goes on at their end its least part once", () => {
  const work = new Work();
  const both = () => [work.mayServe(Service.pump), work.mayServe(Service.fanOut)];
  assert.deepEqual([both(), both()], [[true, true], [true, true]]);
  work.spend(work.turnSteps);
  assert.deepEqual(both(), [false, false]);
  assert.equal(work.mayServe(Service.dismantle), true);
  assert.equal(work.mayServe(Service.dismantle), false);
  work.beginTurn();
  assert.deepEqual([both(), both()], [[true, true], [true, true]]);
});

const floods: [packet: string, hex: string, answerBytes: number][] = [
  ["PUBREL", "62020001", 5],
  ["PINGREQ", "c000", 2],
  ["SUBSCRIBE", "8207000200000174 00".replaceAll(" ", ""), 6],
];
for (const [packet, hex, answerBytes] of floods) {
  Deno.test(`Who floods ${packet} and takes no answer is not read above 1 MiB of answers, and goes on when it reads`, () => {
    const exchange = new Exchange().play(`
      a> CONNECT
      a< CONNACK
      b> CONNECT
      b< CONNACK
      a stops reading
    `);
    const bytes = Uint8Array.fromHex(hex);
    const perRead = Math.floor(65_536 / bytes.length);
    const read = new Uint8Array(bytes.length * perRead);
    for (let i = 0; i < perRead; i++) read.set(bytes, i * bytes.length);
    const reads = Math.ceil(1.5 * 1024 * 1024 / (perRead * answerBytes));
    const connection = exchange.link("a").connection!;
    const { outbox } = connection;
    for (let i = 0; i < reads; i++) {
      exchange.link("a").send(read);
      assert.ok(outbox.unsentBytes <= 1024 * 1024 + 100, `${outbox.unsentBytes} bytes`);
    }
    assert.ok(connection.stops.has("output"));
    exchange.play("b> PINGREQ\nb< PINGRESP");
    exchange.link("a").read();
    assert.equal(exchange.link("a").take().length, reads * perRead);
    assert.ok(!connection.isStopped);
    assert.equal(outbox.answerBytes, 0);
  });
}

Deno.test("Who asks for retained messages again and again and takes none is refused, and gets what was granted", () => {
  const exchange = new Exchange().play(`
    p> CONNECT
    p< CONNACK
    p> PUBLISH t retain qos=1 id=1 "1"
    p< PUBACK id=1 NoMatchingSubscribers
    a> CONNECT receiveMaximum=1
    a< CONNACK
    a> SUBSCRIBE id=1 t qos=1
    a< SUBACK id=1 1
    a< PUBLISH t retain qos=1 id=1 "1"
  `);
  const subscriptions = Array.from({ length: 50_000 }, () => request("t", 1));
  const link = exchange.link("a");
  link.send(encodePacket({ type: "subscribe", packetId: 2, subscriptions }, 5));
  const [suback] = link.take();
  assert.ok(suback?.type === "suback");
  const granted = suback.reasonCodes.filter((code) => code === 1).length;
  assert.ok(granted > 500 && granted < 2000, `${granted} are granted`);
  assert.ok(suback.reasonCodes.slice(granted).every((code) => code === 0x97));
  let got = 0;
  for (let packetId = 1;; got++) {
    link.send(encodePacket({ type: "puback", packetId, reasonCode: 0 }, 5));
    const [packet] = link.take();
    if (packet === undefined) break;
    assert.ok(packet.type === "publish");
    packetId = packet.packetId;
  }
  assert.equal(got, granted);
  exchange.play(`
    a> SUBSCRIBE id=3 t qos=1
    a< SUBACK id=3 1
    a< PUBLISH t retain qos=1 id=${granted + 2} "1"
  `);
});

Deno.test("200,000 subscriptions that get no retained message are through with it in a moment", () => {
  const client = aClient("a");
  for (let i = 0; i < 200_000; i++) client.deliverRetained(aSubscription(`f/${i}`));
  const retained = client.retained!;
  const startMs = performance.now();
  for (let i = 0; i < 200_000; i++) {
    assert.equal(retained.first!.subscription.topicFilter, `f/${i}`);
    assert.equal(retained.length, 200_000 - i);
    retained.shift();
  }
  // An array that is shifted takes a minute.
  assert.ok(performance.now() - startMs < 5000);
  assert.equal(retained.first, undefined);
  assert.equal(retained.length, 0);
});

Deno.test("Long packets of filters are decoded one after the other, and each is answered", () => {
  const names = ["a", "b", "c"];
  const exchange = new Exchange().play(
    names.map((name) => `${name}> CONNECT\n${name}< CONNACK`).join("\n"),
  );
  const { betweenTurns, broker } = exchange.test;
  const { longPackets } = broker.core;
  const answered: string[] = [];
  const atOnce: number[] = [];
  const packet = encodePacket({
    type: "subscribe",
    packetId: 1,
    subscriptions: Array(30_000).fill(request("filter".padEnd(60), 1)),
  }, 5);
  exchange.test.betweenTurns = () => {
    betweenTurns();
    atOnce.push(longPackets.sizeBytes);
    for (const name of names) {
      for (const { type } of exchange.link(name).take()) if (type === "suback") answered.push(name);
    }
  };
  for (const name of names) exchange.link(name).arrive(packet);
  exchange.test.settle();
  assert.deepEqual(answered.toSorted(), names);
  // The first two exceed 2 MiB together.
  assert.equal(Math.max(...atOnce), packet.length);
  assert.equal(longPackets.sizeBytes, 0);
});

Deno.test("A long packet whose client leaves gives its room to the next one", () => {
  const exchange = new Exchange().play("a> CONNECT\na< CONNACK\nb> CONNECT\nb< CONNACK");
  const { betweenTurns, broker } = exchange.test;
  const packet = encodePacket(
    { ...SUBSCRIBE, subscriptions: Array(30_000).fill(request("filter".padEnd(60), 1)) },
    5,
  );
  let turns = 0;
  exchange.test.betweenTurns = () => {
    betweenTurns();
    if (++turns === 3) {
      assert.equal(broker.core.longPackets.sizeBytes, packet.length);
      exchange.link("a").vanish();
    }
  };
  for (const name of ["a", "b"]) exchange.link(name).arrive(packet);
  exchange.test.settle();
  assert.ok(exchange.link("b").take().some(({ type }) => type === "suback"));
  assert.equal(broker.core.longPackets.sizeBytes, 0);
});

/** From now on others have used up each turn before these two have theirs. */
function fillTurns(run: TwoAtOnce): void {
  const { betweenTurns, broker } = run.exchange.test;
  run.exchange.test.betweenTurns = () => {
    betweenTurns();
    broker.core.work.spend(1_000_000);
  };
}

Deno.test("What ended sessions leave behind counts until it is gone, and goes even if others fill every turn", () => {
  const run = new TwoAtOnce().send(SUBSCRIBE);
  const { core } = run.exchange.test.broker;
  const bytes = core.subscriptionBytes;
  const counted: [bytes: number, count: number][] = [];
  fillTurns(run);
  run.after(run.turns + 2, () => counted.push([core.subscriptionBytes, run.subscriptionCount]));
  run.exchange.link("a").lose();
  const [left] = counted;
  assert.ok(left![1] > 0 && left![0] > bytes / 2, `${left} of ${bytes} are left`);
  assert.deepEqual([core.subscriptionBytes, run.subscriptionCount], [0, 0]);
  assert.equal(core.dismantling.length, 0);
});

Deno.test("The subscriptions of a session that has ended go many times as fast as they came: their memory is not held", () => {
  const subscriptions = SUBSCRIBE.subscriptions.slice(0, 20_000);
  const run = new TwoAtOnce().send({ ...SUBSCRIBE, subscriptions });
  const subscribeTurns = run.turns;
  run.exchange.link("a").lose();
  const endTurns = run.turns - subscribeTurns;
  assert.equal(run.subscriptionCount, 0);
  assert.ok(endTurns > 2 && endTurns * 3 <= subscribeTurns, `${endTurns} of ${subscribeTurns}`);
});

Deno.test("Who waits for retained messages, or goes on with a long packet, does so even if others fill every turn", () => {
  const run = new TwoAtOnce();
  for (let i = 0; i < 3000; i++) {
    run.exchange.link("b").arrive(readBytes(`PUBLISH f/${i} retain 1`, 5));
  }
  run.exchange.test.settle();
  fillTurns(run);
  run.send(SUBSCRIBE);
  const count = run.got.filter(({ name, packet }) => name === "a" && packet.type === "publish");
  assert.equal(count.length, 3000);
  assert.equal(run.subscriptionCount, FILTERS.length);
});

Deno.test("What is sent again takes several turns where it is much, in its order, and others are answered in between", () => {
  const exchange = new Exchange({ steps: [15, 5] }).play(`
    a> CONNECT sessionExpiryInterval=600
    a< CONNACK
    a> SUBSCRIBE id=1 t qos=1
    a< SUBACK id=1 1
    b> CONNECT
    b< CONNACK
  `);
  for (let i = 0; i < 100; i++) {
    exchange.play(`b> PUBLISH t qos=1 id=1 "${i}"\nb< PUBACK id=1\na< others`);
  }
  exchange.play("a x");
  const { test } = exchange;
  const link = test.open("a");
  const got: string[] = [];
  let turns = 0;
  let lastTurn = 0;
  let pongTurn = 0;
  test.betweenTurns = () => {
    turns++;
    for (const packet of link.take()) {
      if (packet.type !== "publish") continue;
      lastTurn = turns;
      got.push(new TextDecoder().decode(packet.payload));
    }
    if (turns === 2) exchange.link("b").arrive(readBytes("PINGREQ", 5));
    if (exchange.link("b").take().length > 0) pongTurn = turns;
  };
  link.send(readBytes('CONNECT clientId="a" sessionExpiryInterval=600', 5));
  assert.deepEqual(got, Array.from({ length: 100 }, (_, i) => `${i}`));
  assert.ok(lastTurn >= 4, `${lastTurn} turns`);
  assert.equal(pongTurn, 3);
});

const rounds: [
  what: string,
  afterRound: (done: () => void) => void,
  least: number,
  most: number,
][] = [
  ["share their steps until all who are ready have been looked at", () => {}, 100, 500],
  ["have their own where that has been done", (done) => done(), 2, 8],
];
for (const [what, afterRound, least, most] of rounds) {
  Deno.test(`Turns of one round ${what}`, () => {
    const run = new TwoAtOnce({ afterRound });
    const packets = new Uint8Array(200_000);
    for (let i = 0; i < packets.length; i += 2) packets[i] = 0xc0;
    run.exchange.link("a").send(packets);
    assert.equal(run.types.length, packets.length / 2);
    const last = run.got.at(-1)!.turn;
    assert.ok(last >= least && last <= most, `${last} turns`);
  });
}
