import { strict as assert } from "node:assert";
import { HttpBroker } from "./support.ts";
import { SeenTopics } from "../../lib/http/seen_topics.ts";

const payload = new TextEncoder().encode("1");

Deno.test("topics are seen from the first question on, level by level, with counts and rates", async () => {
  await using broker = await HttpBroker.start();
  const { hub } = broker.server;
  const publish = (...topics: string[]) => {
    for (const topicName of topics) hub.publish({ topicName, payload });
  };
  publish("early");
  assert.equal(broker.server.broker.core.observers, null);
  const before = await broker.json("/api/v1/topics");
  assert.deepEqual(before.items, []);
  publish("home/cellar", "home/cellar", "home/attic/door", "home", "yard/gate");
  const { items, next, sinceMs, omitted } = await broker.json("/api/v1/topics");
  const told = items.map((
    { level, messages, topics, isTopic }: Record<string, unknown>,
  ) => [level, messages, topics, isTopic]);
  assert.deepEqual(told, [["home", 4, 3, true], ["yard", 1, 1, false]]);
  assert.deepEqual([next, omitted], [null, 0]);
  assert.ok(items[0].perSecond > 0 && items[0].perSecond <= 0.4, `${items[0].perSecond}`);
  assert.ok(items[0].lastMs >= sinceMs && items[0].lastMs <= Date.now());

  const below = await broker.json("/api/v1/topics?below=home&limit=1");
  assert.deepEqual([below.items.length, below.items[0].level], [1, "attic"]);
  const rest = await broker.json(`/api/v1/topics?below=home&limit=1&after=${below.next}`);
  assert.deepEqual([rest.items[0].level, rest.items[0].messages, rest.next], ["cellar", 2, null]);
  const wrong = await broker.fetch("/api/v1/topics?below=%2B");
  assert.deepEqual([wrong.status, (await wrong.json()).detail], [
    400,
    `below: must be a Topic Name, is "+"`,
  ]);
});

Deno.test("a viewer sees no topic that the ACL hides", async () => {
  await using broker = await HttpBroker.start({
    users: { alice: "secret", bob: "hidden" },
    acl: "user alice\ntopic readwrite #\nuser bob\ntopic read home/#\n",
    listener: { admins: ["alice"], viewers: ["bob"] },
  });
  const levelsOf = async (userName: string, password: string) => {
    const cookie = await broker.logIn(userName, password);
    const { items } = await broker.json("/api/v1/topics", { cookie });
    return items.map(({ level }: { level: string }) => level);
  };
  assert.deepEqual(await levelsOf("alice", "secret"), []);
  for (const topicName of ["home/a", "plant/b"]) broker.server.hub.publish({ topicName, payload });
  assert.deepEqual(await levelsOf("alice", "secret"), ["home", "plant"]);
  assert.deepEqual(await levelsOf("bob", "hidden"), ["home"]);
});

Deno.test("seen topics are bounded, their rates fall, and nobody who asks ends the looking", async () => {
  await using broker = await HttpBroker.start();
  const { broker: core, hub } = broker.server;
  let nowMs = 1000;
  const seen = new SeenTopics(core, () => nowMs);
  const topics = seen.look();
  for (let i = 0; i < 20_010; i++) hub.publish({ topicName: `t/${i}`, payload });
  assert.deepEqual([topics.size, seen.omitted], [20_000, 10]);
  // Ten a second for a minute.
  for (let i = 0; i < 600; i++) {
    nowMs += 100;
    hub.publish({ topicName: "t/1", payload });
  }
  const rate = seen.rateOf(topics.get("t/1")!);
  assert.ok(Math.abs(rate - 10) < 0.5, `${rate}`);
  nowMs += 30_000;
  assert.ok(seen.rateOf(topics.get("t/1")!) < 1);
  seen.stop();
  assert.equal(core.core.observers, null);
  assert.equal(topics.size, 0);
});
