import { equal } from "node:assert/strict";
import { topicMatches } from "../../lib/topic/mod.ts";
import { ALL_FILTERS, ALL_NAMES, naiveMatches } from "./naive.ts";

const cases: [filter: string, name: string, matches: boolean, why: string][] = [
  ["a/b", "a/b", true, "level by level the same"],
  ["a/b", "a/B", false, "case matters"],
  ["a/b", "a/bc", false, "a level matches as a whole"],
  ["a", "/a", false, "an empty level before is a level"],
  ["a", "a/", false, "an empty level after is a level"],
  ["a/b", "a//b", false, "an empty level in between is a level"],
  ["Å", "A\u030A", false, "no normalization [MQTT-4.7.3-4] [v3 MQTT-4.7.3-4]"],
  ["\uFEFFa", "a", false, "no character is skipped [MQTT-4.7.3-4] [v3 MQTT-4.7.3-4]"],
  ["sport/tennis/+", "sport/tennis/one", true, "+ stands for one level"],
  ["sport/tennis/+", "sport/tennis/one/two", false, "+ stands for one level only"],
  ["sport/+", "sport", false, "+ stands for a level that is there"],
  ["sport/+", "sport/", true, "+ stands for an empty level"],
  ["+", "/a", false, "two levels"],
  ["+/+", "/a", true, "+ for an empty first level"],
  ["/+", "/a", true, "+ after an empty first level"],
  ["+", "a", true, "+ alone"],
  ["sport/#", "sport/tennis/one", true, "# stands for all that follow"],
  ["sport/#", "sport", true, "# stands for the parent too"],
  ["sport/#", "sports", false, "# begins at a level"],
  ["#", "/", true, "# alone"],
  ["/#", "a", false, "# after an empty level"],
  ["+/#", "a", true, "the parent of # may be a +"],
  ["#", "$SYS/a", false, "# in first place and $ [MQTT-4.7.2-1] [v3 MQTT-4.7.2-1]"],
  ["+/a", "$SYS/a", false, "+ in first place and $ [MQTT-4.7.2-1] [v3 MQTT-4.7.2-1]"],
  ["+", "$SYS", false, "+ in first place and $ [MQTT-4.7.2-1] [v3 MQTT-4.7.2-1]"],
  ["$SYS/#", "$SYS/a", true, "# further on [MQTT-4.7.2-1] [v3 MQTT-4.7.2-1]"],
  ["$SYS/+", "$SYS/a", true, "+ further on [MQTT-4.7.2-1] [v3 MQTT-4.7.2-1]"],
  ["#", "a/$b", true, "a $ further on is a character like others"],
  ["+/+", "a/$b", true, "a $ further on is a character like others"],
];

for (const [filter, name, matches, why] of cases) {
  Deno.test(`"${filter}" ${matches ? "matches" : "does not match"} "${name}": ${why}`, () => {
    equal(topicMatches(filter, name), matches);
    equal(naiveMatches(filter, name, true), matches, "the naive matcher");
  });
}

Deno.test('"a/#" does not match "a" where hashMatchesParent is off, but all below', () => {
  equal(topicMatches("a/#", "a", false), false);
  equal(topicMatches("a/#", "a/", false), true);
  equal(topicMatches("a/#", "a/b/c", false), true);
  equal(topicMatches("#", "a", false), true);
});

for (const hashMatchesParent of [true, false]) {
  Deno.test(`topicMatches() agrees with the naive matcher in all small cases, hashMatchesParent ${hashMatchesParent} [MQTT-4.7.2-1]`, () => {
    for (const filter of ALL_FILTERS) {
      for (const name of ALL_NAMES) {
        const expected = naiveMatches(filter, name, hashMatchesParent);
        if (topicMatches(filter, name, hashMatchesParent) !== expected) {
          equal(!expected, expected, `filter "${filter}", name "${name}"`);
        }
      }
    }
  });
}
