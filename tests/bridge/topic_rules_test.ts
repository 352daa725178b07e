import { strict as assert } from "node:assert";
import { type BridgeTopic, type Direction, TopicRules } from "../../lib/bridge/mod.ts";

function rule(
  pattern: string,
  direction: Direction,
  localPrefix = "",
  remotePrefix = "",
  qos: 0 | 1 | 2 = 1,
): BridgeTopic {
  return { pattern, direction, qos, localPrefix, remotePrefix };
}

const mapped: [rule: BridgeTopic, local: string, remote: string | null, why: string][] = [
  [rule("#", "out"), "a/b", "a/b", "no prefix"],
  [rule("#", "out", "l/", "r/"), "l/a/b", "r/a/b", "one prefix for another"],
  [rule("#", "out", "l/", ""), "l/a", "a", "a prefix is taken off"],
  [rule("#", "out", "", "r/"), "a", "r/a", "a prefix is put before"],
  [rule("", "out", "here", "there"), "here", "there", "one topic for another"],
  [rule("", "out", "here", "there"), "here/x", null, "one topic is one"],
  [rule("+/t", "out", "l/", "r/"), "l/a/t", "r/a/t", "a wildcard in the pattern"],
  [rule("+/t", "out", "l/", "r/"), "a/t", null, "the prefix is missing"],
  [
    rule("#", "out", "l/", "r/"),
    "l",
    null,
    "# matches the parent, which has nothing behind the prefix",
  ],
  [rule("#", "out"), "$SYS/uptime", null, "# does not match $"],
  [rule("#", "out", "$SYS/", "sys/"), "$SYS/uptime", "sys/uptime", "a prefix with $"],
  [rule("#", "in"), "a", null, "the other direction"],
  [rule("é/#", "out", "ä/", "ü/"), "ä/é/ß", "ü/é/ß", "beyond ASCII"],
];
for (const [topic, local, remote, why] of mapped) {
  Deno.test(`toRemote("${local}") is ${remote} by ${JSON.stringify(topic)}: ${why}`, () => {
    const found = new TopicRules([topic]).toRemote(local);
    assert.equal(found?.name ?? null, remote);
    if (found !== null) assert.equal(new TextDecoder().decode(found.bytes), remote);
  });
  if (remote === null) continue;
  Deno.test(`toLocal("${remote}") is ${local} by the same, the other way round: ${why}`, () => {
    const back = new TopicRules([{ ...topic, direction: "in" }]);
    assert.equal(back.toLocal(remote)?.name, local);
  });
}

Deno.test("A name with wildcards, which no remote broker may send, is mapped by no rule [MQTT-3.3.2-2]", () => {
  const rules = new TopicRules([rule("#", "in"), rule("+/#", "in", "l/", "")]);
  for (const name of ["+++++", "#", "a/+", "a/#"]) assert.equal(rules.toLocal(name), null);
});

Deno.test("Of several rules that fit a topic the first counts", () => {
  const rules = new TopicRules([rule("a/#", "out", "", "one/"), rule("#", "out", "", "two/")]);
  assert.equal(rules.toRemote("a/b")?.name, "one/a/b");
  assert.equal(rules.toRemote("b")?.name, "two/b");
});

Deno.test("A filter that several rules have is subscribed to once, at the highest QoS", () => {
  const rules = new TopicRules([rule("a", "out", "", "x/", 0), rule("a", "out", "", "y/", 2)]);
  assert.deepEqual(rules.localFilters, [{ topicFilter: "a", qos: 2 }]);
  assert.deepEqual(rules.remoteFilters, []);
  assert.deepEqual(rules.remoteFiltersOutOnly, ["x/a", "y/a"]);
});

Deno.test("What is remembered of topics has a bound, and stays right beyond it", () => {
  const rules = new TopicRules([rule("#", "out", "", "r/")]);
  for (let i = 0; i < 10_000; i++) assert.equal(rules.toRemote(`t/${i}`)?.name, `r/t/${i}`);
  assert.equal(rules.toRemote("t/1")?.name, "r/t/1");
});

Deno.test("A long topic is mapped and not remembered, since clients and the remote broker make up as many as they like", () => {
  const rules = new TopicRules([rule("#", "both", "", "r/")]);
  const long = "t".repeat(65_000);
  assert.equal(rules.toRemote("t"), rules.toRemote("t"));
  assert.equal(rules.toRemote(long)?.name, `r/${long}`);
  assert.ok(rules.toRemote(long) !== rules.toRemote(long));
  assert.equal(rules.toLocal(`r/${long}`)?.name, long);
  assert.ok(rules.toLocal(`r/${long}`) !== rules.toLocal(`r/${long}`));
});
