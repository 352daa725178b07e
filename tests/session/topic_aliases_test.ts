import { deepEqual, equal } from "node:assert/strict";
import { IncomingAliases, OutgoingAliases } from "../../lib/session/mod.ts";
import { Random } from "../support/random.ts";

Deno.test("an incoming alias stands for its topic until it is given another [MQTT-3.3.2-12]", () => {
  const aliases = new IncomingAliases(3);
  equal(aliases.get(1), undefined);
  for (const alias of [1, 2, 3]) aliases.set(alias, `topic/${alias}`);
  aliases.set(2, "other");
  deepEqual([1, 2, 3].map((alias) => aliases.get(alias)), ["topic/1", "other", "topic/3"]);
});

Deno.test("aliases of one connection are unknown to another [MQTT-3.3.2-7]", () => {
  new IncomingAliases(1).set(1, "a");
  equal(new IncomingAliases(1).get(1), undefined);
  new OutgoingAliases(1).use("a");
  deepEqual(new OutgoingAliases(1).use("a"), { alias: 1, isNew: true });
});

const USES: readonly [maximum: number, topics: string, aliases: string, why: string][] = [
  [2, "a a a", "1+ 1 1", "a known topic keeps its alias"],
  [2, "a b a b", "1+ 2+ 1 2", "each topic has its own"],
  [2, "a b c", "1+ 2+ 1+", "the oldest is given away"],
  [2, "a b a c", "1+ 2+ 1 2+", "the least recently used is given away, not the first"],
  [2, "a b c a", "1+ 2+ 1+ 2+", "who lost an alias gets another one as if it were new"],
  [1, "a b b a", "1+ 1+ 1 1+", "with one alias the last topic has it"],
];

for (const [maximum, topics, expected, why] of USES) {
  Deno.test(`outgoing aliases, at most ${maximum}: ${topics} gives ${expected} (+: with its topic): ${why} [MQTT-3.3.2-8] [MQTT-3.3.2-11]`, () => {
    const aliases = new OutgoingAliases(maximum);
    const used = topics.split(" ").map((topic) => aliases.use(topic));
    equal(used.map(({ alias, isNew }) => `${alias}${isNew ? "+" : ""}`).join(" "), expected);
  });
}

for (let seed = 1; seed <= 10; seed++) {
  Deno.test(`a receiver that remembers aliases understands every outgoing one, seed ${seed} [MQTT-3.1.2-26]`, () => {
    const random = new Random(seed);
    const maximum = 1 + random.int(8);
    const aliases = new OutgoingAliases(maximum);
    const receiver = new IncomingAliases(maximum);
    /** Least recently used first. */
    let recent: string[] = [];
    for (let i = 0; i < 2000; i++) {
      const topic = `t${Math.min(random.int(12), random.int(12))}`;
      const { alias, isNew } = aliases.use(topic);
      equal(alias >= 1 && alias <= maximum, true);
      equal(isNew, !recent.slice(-maximum).includes(topic));
      if (isNew) receiver.set(alias, topic);
      equal(receiver.get(alias), topic);
      recent = [...recent.filter((other) => other !== topic), topic];
    }
  });
}
