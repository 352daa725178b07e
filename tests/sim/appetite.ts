import type { Properties } from "../../lib/codec/mod.ts";
import { naiveMatches } from "../topic/naive.ts";
import { Random } from "../support/random.ts";

/** The longest text of a packet, bytes; the largest Four Byte Integer; the largest Subscription Identifier. */
export const MAX_TEXT_BYTES = 65_535;
const MAX_SECONDS = 0xffff_ffff;
const MAX_IDENTIFIER = 268_435_455;
/** The broker's default. */
const MAX_LEVELS = 200;
/** Makes another sequence of a world's seed, so that a world without appetite is what it always was. */
const SALT = 0x11417;

/**
 * What clients like that go to the limits: of texts, integers, levels, and of their listener's mount point. All of it keeps the
 * rules: whatever the broker cannot take it has to refuse by itself, and the connection goes on.
 */
export interface Appetite {
  readonly mountPoint: string;
  readonly topics: readonly string[];
  readonly filters: readonly string[];
  readonly wills: readonly string[];
  readonly clientIds: readonly string[];
  /** Clients may have a Maximum Packet Size that some messages are above. */
  readonly hasSmallPackets: boolean;
}

/** Mount points of all forms: with and without a slash at the end, one only, empty levels, `$`, many levels, long. */
const MOUNT_POINTS: readonly string[] = [
  ..."|m/|tenant|/|//|a/|$m/|m//n/".split("|"),
  "d/".repeat(190),
  long(300, "m") + "/",
  long(60_000, "m") + "/",
];
/** Empty levels wherever they can be, `$` and what looks like a shared subscription. */
const TOPICS: readonly string[] = ["a", "/", "//", "a//b", "/a", "a/", "$", "$a/", "$share", "a/b"];
const FILTERS: readonly string[] = [
  ...TOPICS.filter((topic) => topic !== "$share"),
  ..."#|/#|+/+|+|//#|+/|/+|+/+/+|a/#|$a/#|$share/g//|$share/g/#|$share/g/+/b|$share/$/a".split("|"),
];

/** That of this seed: one world in three has any, unless it is asked for. */
export function appetiteOf(seed: number, asked: "always" | "never" | undefined) {
  const random = new Random(seed ^ SALT);
  const isHungry = random.int(3) === 0;
  if (asked === "never" || asked !== "always" && !isHungry) return undefined;
  return draw(random);
}

function draw(random: Random): Appetite {
  const mountPoint = random.pick(MOUNT_POINTS);
  const room = MAX_TEXT_BYTES - mountPoint.length;
  // One that fits to the byte, and two that are topics by themselves but perhaps not under the mount point.
  const lengths = [room, MAX_TEXT_BYTES - random.int(6), 65_530];
  const isLong = random.int(3) === 0;
  const longTopics = isLong ? lengths.map((length) => long(length, "x")) : [];
  const levels = [MAX_LEVELS, MAX_LEVELS - mountPoint.split("/").length + 1];
  const deepTopics = random.bool() ? levels.map((count) => "/".repeat(count - 1)) : [];
  const topics = [...TOPICS, ...longTopics, ...deepTopics.filter((topic) => topic !== "")];
  const longWill = `will/${long(MAX_TEXT_BYTES - "will/".length - mountPoint.length, "w")}`;
  const isNamedLong = !isLong && random.int(4) === 0;
  return {
    mountPoint,
    topics,
    filters: [
      ...FILTERS,
      ...longTopics,
      ...longTopics.map((topic) => `${topic.slice(0, -2)}/#`),
      ...longTopics.map((topic) => `$share/g/${topic}`.slice(0, MAX_TEXT_BYTES)),
      ...deepTopics.filter((topic) => topic !== ""),
    ],
    wills: isLong && mountPoint.length < 60_000 ? ["will/a", longWill] : ["will/a", "will//"],
    clientIds: isNamedLong ? [long(MAX_TEXT_BYTES, "c"), "$SYS", "#"] : ["/", "+", " "],
    hasSmallPackets: random.int(3) === 0,
  };
}

/** Of integers that say seconds: nothing at all, the least and the most. */
export const SECONDS = {
  messageExpiry: [0, 1, MAX_SECONDS - 1, MAX_SECONDS],
  sessionExpiry: [0, 1, MAX_SECONDS - 1, Infinity],
  willDelay: [0, 1, MAX_SECONDS],
  keepAlive: [0, 1, 65_535],
} as const;
/** Of integers that count. */
export const COUNTS = {
  receiveMaximum: [1, 65_535],
  topicAliasMaximum: [0, 1, 65_535],
  subscriptionIdentifier: [1, MAX_IDENTIFIER],
  /** `undefined`: none is said. */
  maximumPacketSize: [undefined, MAX_SECONDS, 200, 1000],
} as const;

/** Properties at their bounds, beside those that every message has. */
export function greedyProperties(random: Random): Properties {
  const text = long(MAX_TEXT_BYTES, "p");
  return random.pick<Properties>([
    {},
    { userProperties: [["", ""], ["", "v"], ["k", ""]] },
    { userProperties: [[random.bool() ? text : "k", random.bool() ? text : "v"]] },
    { userProperties: Array.from({ length: 300 }, () => ["", ""]) },
    { contentType: random.bool() ? "" : text, payloadFormatIndicator: 0 },
    { responseTopic: random.bool() ? "/" : text },
    { correlationData: new Uint8Array(random.pick([0, 1, MAX_TEXT_BYTES])) },
  ]);
}

/** Whether a Topic Name is one under the mount point too. */
export function isTakenTopic(mountPoint: string, topicName: string): boolean {
  return fits(mountPoint + topicName) && fitsLevels(mountPoint + topicName);
}

/** The same of a Topic Filter: `tenant#` is none. */
export function isTakenFilter(mountPoint: string, wholeFilter: string): boolean {
  const [share, topicFilter] = takeApart(wholeFilter);
  const whole = mountPoint + topicFilter;
  const isPlain = whole.split("/").every((level) => level.length < 2 || !/[+#]/.test(level));
  return isPlain && fits(share + whole) && fitsLevels(whole);
}

/** Whether the subscription gets the topic: both are under the mount point, so that `#` gets `$a` there. */
export function matchesMounted(mountPoint: string, topicFilter: string, topicName: string) {
  return naiveMatches(mountPoint + topicFilter, mountPoint + topicName, true);
}

/** `$share/NAME/` and the rest. */
export function takeApart(wholeFilter: string): [share: string, topicFilter: string] {
  const [share = ""] = /^\$share\/[^/]+\//.exec(wholeFilter) ?? [];
  return [share, wholeFilter.slice(share.length)];
}

function fits(text: string): boolean {
  return text.length <= MAX_TEXT_BYTES;
}

function fitsLevels(topic: string): boolean {
  return topic.split("/").length <= MAX_LEVELS;
}

function long(length: number, character: string): string {
  return character.repeat(length);
}
