import { deepEqual, equal } from "node:assert/strict";
import { isTopicFilter, isTopicName, parseTopicFilter } from "../../lib/topic/mod.ts";

/** Long topics are shown by their beginning and length. */
function show(topic: string): string {
  return topic.length > 40
    ? `${JSON.stringify(topic.slice(0, 3))}… (${topic.length})`
    : JSON.stringify(topic);
}

const names: [name: string, isValid: boolean, why: string][] = [
  ["a", true, "one character is enough [MQTT-4.7.3-1] [v3 MQTT-4.7.3-1]"],
  ["", false, "one character is needed [MQTT-4.7.3-1] [v3 MQTT-4.7.3-1]"],
  ["a/b/c", true, "levels are parted by a slash"],
  ["/", true, "a slash alone has two empty levels"],
  ["/a", true, "the first level may be empty"],
  ["a/", true, "the last level may be empty"],
  ["a//b", true, "a level in between may be empty"],
  ["a b", true, "a space is a character"],
  ["$SYS/uptime", true, "a dollar may lead"],
  ["$share/group/a", true, "only filters are shared"],
  ["ümläut/日本/𝄞", true, "any character of Unicode"],
  ["\uFEFFa", true, "U+FEFF is a character like others"],
  ["a/+", false, "no + in a name [MQTT-4.7.0-1] [v3 MQTT-4.7.1-1]"],
  ["a+b", false, "no + anywhere in a name [MQTT-4.7.0-1] [v3 MQTT-4.7.1-1]"],
  ["a/#", false, "no # in a name [MQTT-4.7.0-1] [v3 MQTT-4.7.1-1]"],
  ["a#b", false, "no # anywhere in a name [MQTT-4.7.0-1] [v3 MQTT-4.7.1-1]"],
  ["a/\0", false, "no U+0000 [MQTT-4.7.3-2] [v3 MQTT-4.7.3-2]"],
  ["a\uD800", false, "no lone surrogate [MQTT-1.5.4-1] [v3 MQTT-1.5.3-1]"],
  ["a".repeat(65_535), true, "65,535 bytes are allowed [MQTT-4.7.3-3] [v3 MQTT-4.7.3-3]"],
  ["a".repeat(65_536), false, "65,536 bytes are not [MQTT-4.7.3-3] [v3 MQTT-4.7.3-3]"],
  ["é".repeat(32_767), true, "65,534 bytes in two each [MQTT-4.7.3-3]"],
  ["é".repeat(32_768), false, "65,536 bytes in two each [MQTT-4.7.3-3]"],
  ["日".repeat(21_845), true, "65,535 bytes in three each [MQTT-4.7.3-3]"],
  ["日".repeat(21_846), false, "65,538 bytes in three each [MQTT-4.7.3-3]"],
  ["𝄞".repeat(16_383), true, "65,532 bytes in four each [MQTT-4.7.3-3]"],
  ["𝄞".repeat(16_384), false, "65,536 bytes in four each [MQTT-4.7.3-3]"],
];

const filters: [filter: string, isValid: boolean, why: string][] = [
  ["a/b", true, "wildcards are not needed"],
  ["", false, "one character is needed [MQTT-4.7.3-1] [v3 MQTT-4.7.3-1]"],
  ["/", true, "a slash alone has two empty levels"],
  ["#", true, "# on its own [MQTT-4.7.1-1] [v3 MQTT-4.7.1-2]"],
  ["a/#", true, "# after a slash [MQTT-4.7.1-1] [v3 MQTT-4.7.1-2]"],
  ["/#", true, "# after an empty level [MQTT-4.7.1-1] [v3 MQTT-4.7.1-2]"],
  ["a#", false, "# has to follow a slash [MQTT-4.7.1-1] [v3 MQTT-4.7.1-2]"],
  ["a/b#", false, "# has to follow a slash [MQTT-4.7.1-1] [v3 MQTT-4.7.1-2]"],
  ["#/a", false, "# has to come last [MQTT-4.7.1-1] [v3 MQTT-4.7.1-2]"],
  ["a/#/b", false, "# has to come last [MQTT-4.7.1-1] [v3 MQTT-4.7.1-2]"],
  ["a/#/", false, "# has to come last, even before an empty level [MQTT-4.7.1-1]"],
  ["##", false, "# has to be alone in its level [MQTT-4.7.1-1] [v3 MQTT-4.7.1-2]"],
  ["#b", false, "# has to be alone in its level [MQTT-4.7.1-1] [v3 MQTT-4.7.1-2]"],
  ["+#", false, "# has to be alone in its level [MQTT-4.7.1-1] [v3 MQTT-4.7.1-2]"],
  ["+", true, "+ on its own [MQTT-4.7.1-2] [v3 MQTT-4.7.1-3]"],
  ["+/a", true, "+ in the first level [MQTT-4.7.1-2] [v3 MQTT-4.7.1-3]"],
  ["a/+/b", true, "+ in between [MQTT-4.7.1-2] [v3 MQTT-4.7.1-3]"],
  ["a/+", true, "+ in the last level [MQTT-4.7.1-2] [v3 MQTT-4.7.1-3]"],
  ["/+", true, "+ after an empty level [MQTT-4.7.1-2] [v3 MQTT-4.7.1-3]"],
  ["+/+/#", true, "+ and # together [MQTT-4.7.1-2] [v3 MQTT-4.7.1-3]"],
  ["a+", false, "+ has to fill its level [MQTT-4.7.1-2] [v3 MQTT-4.7.1-3]"],
  ["+a", false, "+ has to fill its level [MQTT-4.7.1-2] [v3 MQTT-4.7.1-3]"],
  ["++", false, "+ has to fill its level [MQTT-4.7.1-2] [v3 MQTT-4.7.1-3]"],
  ["a/b+/c", false, "+ has to fill its level [MQTT-4.7.1-2] [v3 MQTT-4.7.1-3]"],
  ["a/+b/c", false, "+ has to fill its level [MQTT-4.7.1-2] [v3 MQTT-4.7.1-3]"],
  ["a\0", false, "no U+0000 [MQTT-4.7.3-2] [v3 MQTT-4.7.3-2]"],
  ["\uDC00/#", false, "no lone surrogate [MQTT-1.5.4-1] [v3 MQTT-1.5.3-1]"],
  ["a".repeat(65_535), true, "65,535 bytes are allowed [MQTT-4.7.3-3] [v3 MQTT-4.7.3-3]"],
  ["a".repeat(65_536), false, "65,536 bytes are not [MQTT-4.7.3-3] [v3 MQTT-4.7.3-3]"],
  ["$share/g/a", true, "a shared one [MQTT-4.8.2-1]"],
  ["$share", true, "without a slash it is an ordinary one"],
  ["$shared/x", true, "another word is an ordinary one"],
  ["$share/", false, "a shared one needs a Share Name [MQTT-4.8.2-1]"],
  ["$share//a", false, "the Share Name needs a character [MQTT-4.8.2-1]"],
  ["$share/x", false, "a filter has to follow the Share Name [MQTT-4.8.2-2]"],
  ["$share/a/", false, "the filter that follows needs a character [MQTT-4.8.2-2]"],
  ["$share/a+/b", false, "no + in a Share Name [MQTT-4.8.2-2]"],
  ["$share/+/b", false, "no + in place of a Share Name [MQTT-4.8.2-2]"],
  ["$share/#", false, "no # in place of a Share Name [MQTT-4.8.2-2]"],
  ["$share/a#/b", false, "no # in a Share Name [MQTT-4.8.2-2]"],
  ["$share/a\0/b", false, "no U+0000 in a Share Name [MQTT-1.5.4-2]"],
  ["$share/g/a#", false, "the filter that follows has the same rules [MQTT-4.7.1-1]"],
  ["$share/g/$share/h/a", false, "the filter that follows is an ordinary one [MQTT-4.8.2-2]"],
  [`$share/g/${"a".repeat(65_526)}`, true, "65,535 bytes in all [MQTT-4.7.3-3]"],
  [`$share/g/${"a".repeat(65_527)}`, false, "65,536 bytes in all [MQTT-4.7.3-3]"],
];

for (const [name, isValid, why] of names) {
  Deno.test(`isTopicName() ${isValid ? "accepts" : "refuses"} ${show(name)}: ${why}`, () => {
    equal(isTopicName(name), isValid);
  });
}

for (const [filter, isValid, why] of filters) {
  Deno.test(`isTopicFilter() ${isValid ? "accepts" : "refuses"} ${show(filter)}: ${why}`, () => {
    equal(isTopicFilter(filter), isValid);
    equal(parseTopicFilter(filter) !== undefined, isValid);
  });
}

Deno.test("parseTopicFilter() tells shared from ordinary filters [MQTT-4.8.2-1]", () => {
  const parsed: [filter: string, shareName: string | undefined, topicFilter: string][] = [
    ["a/+/#", undefined, "a/+/#"],
    ["$share", undefined, "$share"],
    ["$shared/x", undefined, "$shared/x"],
    ["$SHARE/g/a", undefined, "$SHARE/g/a"],
    ["$share/g/a/+/#", "g", "a/+/#"],
    ["$share/g//", "g", "/"],
    ["$share/g/$SYS/#", "g", "$SYS/#"],
    ["$share/$g h/a", "$g h", "a"],
  ];
  for (const [filter, shareName, topicFilter] of parsed) {
    deepEqual(parseTopicFilter(filter), { shareName, topicFilter });
  }
});

Deno.test("parseTopicFilter() tells a shared filter from an ordinary one", () => {
  deepEqual(parseTopicFilter("a/b"), { shareName: undefined, topicFilter: "a/b" });
  deepEqual(parseTopicFilter("$share"), { shareName: undefined, topicFilter: "$share" });
  deepEqual(parseTopicFilter("$share/g/a"), { shareName: "g", topicFilter: "a" });
});

Deno.test("names and filters are refused above the number of levels allowed", () => {
  equal(isTopicName("a/b/c", 3), true);
  equal(isTopicName("a/b/c/", 3), false);
  equal(isTopicFilter("+/+/#", 3), true);
  equal(isTopicFilter("+/+/+/#", 3), false);
  equal(parseTopicFilter("//", 3) !== undefined, true);
  equal(parseTopicFilter("///", 3), undefined);
});

Deno.test("the levels of a shared filter are counted without $share and the Share Name", () => {
  equal(isTopicFilter("$share/g/a/b/c", 3), true);
  equal(isTopicFilter("$share/g/a/b/c/d", 3), false);
});
