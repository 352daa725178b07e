/** One message to more receivers than there is time for in a turn: it is cut, and nobody can tell but by the time. */
import { strict as assert } from "node:assert";
import type { Packet } from "../../lib/codec/mod.ts";
import { Exchange } from "../support/exchange.ts";
import { readBytes } from "../support/notation.ts";
import type { Setup } from "../support/test_broker.ts";
import { request } from "../sim/scenario.ts";
import { encodePacket } from "../../lib/codec/mod.ts";

const COUNT = 60;
/** A turn has time for some ten deliveries. */
const STEPS = [30, 10] as const;

/** Sixty receivers of `t`, a publisher `p`, and somebody else, `o`. */
class Crowd {
  readonly exchange: Exchange;
  /** In which turn, and in which order, each receiver got what. */
  readonly got: { readonly name: string; readonly turn: number; readonly packet: Packet }[] = [];
  turns = 0;
  readonly #events = new Map<number, () => void>();
  readonly names = Array.from({ length: COUNT }, (_, i) => `r${i}`);

  constructor(setup: Setup = {}, qos = 0, connect = "CONNECT") {
    this.exchange = new Exchange({ steps: STEPS, ...setup });
    for (const name of this.names) {
      this.exchange.play(`
        ${name}> ${connect}
        ${name}< CONNACK
        ${name}> SUBSCRIBE id=1 t qos=${qos}
        ${name}< SUBACK id=1 ${qos}
      `);
    }
    this.exchange.play(`
      p> ${connect}
      p< CONNACK
      o> CONNECT
      o< CONNACK
    `);
    this.exchange.test.betweenTurns = () => {
      this.turns++;
      for (const name of [...this.names, "p", "o"]) {
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

  send(name: string, text: string): this {
    this.exchange.link(name).send(bytesOf(text));
    return this;
  }

  /** What came to the client, as payloads and types. */
  of(name: string): string[] {
    return this.got.filter((one) => one.name === name).map(({ packet }) =>
      packet.type === "publish" ? new TextDecoder().decode(packet.payload) : packet.type
    );
  }

  /** The turn in which the client got the first packet of this type. */
  turnOf(name: string, type: Packet["type"]): number {
    const found = this.got.find((one) => one.name === name && one.packet.type === type);
    assert.ok(found, `${name} has got no ${type}`);
    return found.turn;
  }

  get lastDelivery(): number {
    return Math.max(
      ...this.got.filter(({ packet }) => packet.type === "publish").map(({ turn }) => turn),
    );
  }
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text.split(" & ").flatMap((one) => [...readBytes(one, 5)]));
}

const everybody = (crowd: Crowd, ...expected: string[]) => {
  for (const name of crowd.names) assert.deepEqual(crowd.of(name), expected, name);
};

Deno.test("A message to many receivers takes several turns; others are answered in between", () => {
  const crowd = new Crowd();
  crowd.after(2, () => crowd.exchange.link("o").arrive(bytesOf("PINGREQ")));
  crowd.send("p", "PUBLISH t 1");
  everybody(crowd, "1");
  assert.ok(crowd.lastDelivery > 4, `${crowd.lastDelivery} turns`);
  assert.equal(crowd.turnOf("o", "pingresp"), 3);
  assert.equal(crowd.exchange.test.broker.core.longFanOuts.isActive, false);
  assert.equal(crowd.exchange.test.broker.core.longFanOuts.bytes, 0);
});

for (const [qos, answer] of [[1, "puback"], [2, "pubrec"]] as const) {
  Deno.test(`QoS ${qos}: the acknowledgement follows the last delivery; the next message waits, in its order`, () => {
    const crowd = new Crowd();
    crowd.send("p", `PUBLISH t qos=${qos} id=1 1 & PUBLISH t 2 & PUBLISH u 3 & PINGREQ`);
    everybody(crowd, "1", "2");
    assert.deepEqual(crowd.of("p"), [answer, "pingresp"]);
    const first = crowd.got.filter(({ packet }) =>
      packet.type === "publish" && packet.payload[0] === 0x31
    );
    assert.equal(crowd.turnOf("p", answer), first.at(-1)!.turn);
    const second = crowd.got.find(({ packet }) =>
      packet.type === "publish" && packet.payload[0] === 0x32
    );
    assert.ok(second!.turn > first.at(-1)!.turn);
  });
}

Deno.test("Messages of several publishers go on side by side", () => {
  const crowd = new Crowd();
  crowd.after(1, () => crowd.exchange.link("o").arrive(bytesOf("PUBLISH t qos=1 id=1 2")));
  crowd.send("p", "PUBLISH t qos=1 id=1 1");
  for (const name of crowd.names) assert.deepEqual(crowd.of(name).toSorted(), ["1", "2"]);
  const ends = [crowd.turnOf("p", "puback"), crowd.turnOf("o", "puback")];
  const begins =
    crowd.got.find(({ packet }) => packet.type === "publish" && packet.payload[0] === 0x32)!.turn;
  assert.ok(begins < ends[0]!, `the second begins in turn ${begins}, the first ends in ${ends[0]}`);
});

Deno.test("Who publishes and leaves at once: all receivers get the message, and then the will", () => {
  const crowd = new Crowd();
  crowd.exchange.play(`w> CONNECT will.topic=t will.payload="9"\nw< CONNACK`);
  crowd.turns = 0;
  crowd.after(2, () => crowd.exchange.link("w").vanish());
  crowd.exchange.link("w").send(bytesOf("PUBLISH t 1 & PUBLISH t 2"));
  // The second was with a connection that is gone: QoS 0 may be lost there.
  everybody(crowd, "1", "9");
});

Deno.test("Who is taken over while its message is on its way publishes behind it", () => {
  const crowd = new Crowd();
  const { test } = crowd.exchange;
  crowd.after(2, () => {
    const link = test.open("p");
    link.arrive(bytesOf('CONNECT clientId="p" & PUBLISH t qos=1 id=1 dup 1 & PUBLISH t 2'));
  });
  crowd.send("p", "PUBLISH t qos=1 id=1 1");
  everybody(crowd, "1", "1", "2");
});

Deno.test("Who unsubscribes in the meantime gets nothing behind its UNSUBACK [MQTT-3.10.4-2]", () => {
  const crowd = new Crowd();
  const last = crowd.names.at(-1)!;
  crowd.after(2, () => crowd.exchange.link(last).arrive(bytesOf("UNSUBSCRIBE id=2 t")));
  crowd.send("p", "PUBLISH t 1");
  assert.deepEqual(crowd.of(last), ["unsuback"]);
  assert.deepEqual(crowd.of("r0"), ["1"]);
});

Deno.test("Who loses the right to read in the meantime gets nothing", () => {
  let isMute = false;
  const access = {
    version: 1,
    checksTopics: true,
    mayPublish: () => true as const,
    maySubscribe: () => true as const,
    mayRead: ({ clientId }: { readonly clientId: string }) => !(isMute && clientId === "r59"),
  };
  const crowd = new Crowd({ access });
  crowd.after(2, () => isMute = true);
  crowd.send("p", "PUBLISH t 1");
  assert.deepEqual(crowd.of("r59"), []);
  assert.deepEqual(crowd.of("r58"), ["1"]);
});

Deno.test("What expires in the meantime is dropped for those who have not had it [MQTT-3.3.2-5]", () => {
  const crowd = new Crowd();
  const { test } = crowd.exchange;
  crowd.after(2, () => test.nowMs += 2000);
  crowd.send("p", "PUBLISH t messageExpiryInterval=1 1");
  const got = crowd.names.filter((name) => crowd.of(name).length > 0).length;
  assert.ok(got > 0 && got < COUNT, `${got} got it`);
  assert.equal(test.broker.metrics.dropped.get("expired"), COUNT - got);
});

Deno.test("No Local holds in every part [MQTT-3.8.3-3]", () => {
  const crowd = new Crowd();
  crowd.send("p", "SUBSCRIBE id=1 t noLocal").send("o", "SUBSCRIBE id=1 t");
  crowd.got.length = 0;
  crowd.send("p", "PUBLISH t 1");
  everybody(crowd, "1");
  assert.deepEqual([crowd.of("p"), crowd.of("o")], [[], ["1"]]);
});

Deno.test("A message for many shared subscriptions is cut; who has left them all is passed over", () => {
  const crowd = new Crowd();
  const subscriptions = Array.from({ length: COUNT }, (_, i) => request(`$share/g${i}/s`, 0));
  crowd.exchange.link("o").send(encodePacket({ type: "subscribe", packetId: 1, subscriptions }, 5));
  crowd.exchange.take("o");
  crowd.got.length = crowd.turns = 0;
  crowd.after(3, () => {
    const topicFilters = ["$share/g58/s", "$share/g59/s"];
    crowd.exchange.link("o").arrive(
      encodePacket({ type: "unsubscribe", packetId: 2, topicFilters }, 5),
    );
  });
  crowd.send("p", "PUBLISH s qos=1 id=1 1");
  assert.equal(crowd.of("o").filter((one) => one === "1").length, COUNT - 2);
  assert.ok(crowd.turnOf("p", "puback") > 6);
  assert.equal(crowd.exchange.test.broker.metrics.dropped.size, 0);
});

Deno.test("A program's messages keep their order, whether they are cut or not", () => {
  const crowd = new Crowd();
  const { test } = crowd.exchange;
  const publish = (text: string) =>
    test.broker.publish({ topicName: "t", payload: new TextEncoder().encode(text) });
  crowd.after(2, () => publish("3"));
  test.turn(() => {
    publish("1");
    publish("2");
  });
  everybody(crowd, "1", "2", "3");
});

Deno.test("A broker that shuts down hands what it has taken to all", () => {
  const crowd = new Crowd();
  const { test } = crowd.exchange;
  crowd.after(2, () => test.broker.shutDown(test.nowMs));
  crowd.send("p", "PUBLISH t qos=1 id=1 1");
  everybody(crowd, "1", "disconnect");
  assert.deepEqual(crowd.of("p"), ["puback", "disconnect"]);
});

const STORED = "CONNECT sessionExpiryInterval=600";

Deno.test("QoS 2 is stored as a whole: until the last has it nothing is committed, and then all [MQTT-4.3.3-8]", () => {
  const crowd = new Crowd({ store: true }, 2, STORED);
  const { store } = crowd.exchange.test;
  store!.isHolding = true;
  const commits: number[] = [];
  for (let turn = 1; turn < 20; turn++) crowd.after(turn, () => commits.push(store!.waiting));
  crowd.send("p", "PUBLISH t qos=2 id=7 1");
  assert.deepEqual(commits.slice(0, 4), [0, 0, 0, 0]);
  assert.ok(store!.waiting > 0);
  assert.deepEqual(crowd.got, []);
  store!.isHolding = false;
  crowd.exchange.test.turn(() => {
    while (store!.waiting > 0) store!.commitNext();
  });
  everybody(crowd, "1");
  assert.deepEqual(crowd.of("p"), ["pubrec"]);
});

for (const crashAfter of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) {
  Deno.test(`QoS 2 comes once to each, also after a crash in turn ${crashAfter} of its way [MQTT-4.3.3-10]`, () => {
    const crowd = new Crowd({ store: true }, 2, STORED);
    const { test } = crowd.exchange;
    test.betweenTurns = () => {};
    const links = [...crowd.names, "p"].map((name) => crowd.exchange.link(name));
    links.at(-1)!.arrive(bytesOf("PUBLISH t qos=2 id=7 1"));
    for (let turn = 0; turn < crashAfter; turn++) {
      test.broker.endTurn();
      test.broker.tick(test.nowMs);
    }
    const before = links.map((link) => link.take());
    test.crash();
    const comeBack = (name: string) => {
      const link = test.open(name);
      link.send(bytesOf(`CONNECT sessionExpiryInterval=600 clientId="${name}"`));
      return link;
    };
    const publisher = comeBack("p");
    publisher.send(bytesOf("PUBLISH t qos=2 id=7 dup 1"));
    assert.deepEqual(publisher.take().map(({ type }) => type), ["connack", "pubrec"]);
    crowd.names.forEach((name, i) => {
      // One that is sent again has the Packet Identifier that it had.
      const got = new Set(
        [...before[i]!, ...comeBack(name).take()].flatMap((packet) =>
          packet.type === "publish" ? [packet.packetId] : []
        ),
      );
      assert.equal(got.size, 1, `${name} got ${got.size}`);
    });
  });
}
