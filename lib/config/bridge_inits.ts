import type { BridgeOptions, BridgeTopic } from "../bridge/mod.ts";
import { resolveBridges } from "./bridges.ts";
import { Draft } from "./draft.ts";
import type { Option, OptionValue } from "./option.ts";
import { BRIDGE_OPTIONS } from "./options_bridge.ts";
import { didYouMean } from "./suggest.ts";

/** A `connection` block as data. Each value is a string, number, boolean or `topic` rule, or an array of these. */
export type BridgeBlockData = Readonly<Record<string, unknown>>;

/** The bridges, or every problem found. */
export type BridgesResult =
  | { readonly isValid: true; readonly bridges: readonly BridgeOptions[] }
  | { readonly isValid: false; readonly problems: readonly string[] };

/**
 * Parses `connection` blocks that a program gives as data, with the option table and the checks that a file gets. Problems name the
 * program's keys: `bridge "cloud": topics: The QoS must be 0, 1 or 2, is "3"`.
 */
export function bridgesOf(blocks: readonly BridgeBlockData[], hostname: string): BridgesResult {
  const draft = new Draft();
  for (const block of blocks) readBlock(draft, block);
  const known = draft.problems.length;
  const { bridges } = resolveBridges(draft, { hostname, listeners: [], node: undefined });
  // An invalid value causes follow-up problems, which are not reported.
  const problems = known > 0 ? draft.problems.slice(0, known) : draft.problems;
  if (problems.length > 0) return { isValid: false, problems: problems.map(inWordsOfData) };
  return { isValid: true, bridges: bridges.map(({ options }) => options) };
}

function readBlock(draft: Draft, data: BridgeBlockData): void {
  const { name } = data;
  const origin = `bridge ${JSON.stringify(name)}`;
  const [head] = draft.read("connection", String(name ?? ""), "file", origin);
  if (head === undefined) return;
  const { settings } = draft.openBridge(head);
  for (const [key, value] of Object.entries(data)) {
    if (key === "name" || value === undefined) continue;
    const option = BRIDGE_OPTIONS.find((option) => keyOf(option) === key);
    if (option === undefined) {
      const hint = didYouMean(key, BRIDGE_OPTIONS.map(keyOf));
      draft.problem(origin, key, `Is not a setting of a bridge${hint}`);
      continue;
    }
    const values: readonly unknown[] = option.repeatable && Array.isArray(value) ? value : [value];
    const read = values.flatMap((each) => {
      const text = textOf(option, each);
      if (text !== undefined) return draft.read(option.name, text, "file", origin);
      draft.problem(origin, key, `Cannot be ${describe(each)}`);
      return [];
    });
    settings.set(option.name, read);
  }
}

/** The value as text of a configuration line; `undefined`: a line cannot express it. */
function textOf(option: Option, value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (value === Infinity && keyOf(option) === "sessionExpirySeconds") return String(0xffff_ffff);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return option.name === "topic" && typeof value === "object" && value !== null
    ? topicText(value as Partial<BridgeTopic>)
    : undefined;
}

/** A rule as its `topic` line. Spaces separate the words there, so a rule with a space in it is refused. */
function topicText(
  { pattern = "", direction = "out", qos = 0, localPrefix = "", remotePrefix = "" }: Partial<
    BridgeTopic
  >,
): string | undefined {
  const words = [pattern, direction, qos, localPrefix, remotePrefix].map(String);
  if (words.some((word) => /\s/.test(word))) return undefined;
  return words.map((word) => word === "" ? '""' : word).join(" ");
}

function keyOf({ target }: Option): string {
  return "key" in target ? String(target.key) : "";
}

function describe(value: unknown): string {
  return (JSON.stringify(value) as string | undefined) ?? String(value as OptionValue);
}

/** Replaces option names by the keys that a program uses. */
function inWordsOfData(problem: string): string {
  return BRIDGE_OPTIONS.reduce(
    (text, option) =>
      text.replaceAll(`\`${option.name}\``, `\`${keyOf(option)}\``)
        .replace(`: ${option.name}: `, `: ${keyOf(option)}: `),
    problem,
  );
}
