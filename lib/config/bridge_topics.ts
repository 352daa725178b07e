import type { BridgeTopic, Direction } from "../bridge/mod.ts";
import { isSharedFilter, isTopicFilter } from "../topic/mod.ts";

/** A word, or several in quotation marks, as mosquitto 2.1 has them. */
const WORD = /"([^"]*)"(?=\s|$)|\S+/g;

/** Parses `PATTERN [out|in|both [QOS [LOCAL [REMOTE]]]]`. Returns an error message if it is invalid. */
export function parseTopic(text: string): BridgeTopic | string {
  const words = [...text.matchAll(WORD)].map(([word, quoted]) => ({ word, quoted }));
  const open = words.find(({ word, quoted }) => quoted === undefined && word.startsWith('"'));
  if (open !== undefined) return `The quotation mark before ${open.word.slice(1)} is not closed`;
  return parseWords(text, words.map(({ word, quoted }) => quoted ?? word));
}

function parseWords(text: string, words: readonly string[]): BridgeTopic | string {
  const [pattern = "", direction = "out", qos = "0", local = "", remote = "", ...rest] = words;
  if (words.length === 0 || rest.length > 0) {
    return `Must be PATTERN [out|in|both [QOS [LOCAL-PREFIX [REMOTE-PREFIX]]]], is "${text}"`;
  }
  if (!["out", "in", "both"].includes(direction)) {
    return `The direction must be out, in or both, is "${direction}"`;
  }
  if (!["0", "1", "2"].includes(qos)) return `The QoS must be 0, 1 or 2, is "${qos}"`;
  const rule: BridgeTopic = {
    pattern,
    direction: direction as Direction,
    qos: Number(qos) as BridgeTopic["qos"],
    localPrefix: local,
    remotePrefix: remote,
  };
  return ruleProblem(rule) ?? rule;
}

/** What is wrong with a single rule; `undefined`: nothing. */
function ruleProblem(rule: BridgeTopic): string | undefined {
  const { pattern, localPrefix, remotePrefix } = rule;
  for (const [name, prefix] of [["local", localPrefix], ["remote", remotePrefix]] as const) {
    if (/[+#]/.test(prefix)) return `The ${name} prefix must be without + and #, is "${prefix}"`;
  }
  if (pattern === "" && (localPrefix === "" || remotePrefix === "")) {
    return 'The pattern "" needs both prefixes, each a whole topic';
  }
  for (const filter of [localFilter(rule), remoteFilter(rule)]) {
    if (!isTopicFilter(filter)) return `"${filter}" is not a Topic Filter`;
    if (isSharedFilter(filter)) return "A bridge cannot share a subscription";
  }
  return undefined;
}

/** The first rule that an earlier rule makes useless, with the error message; `undefined`: there is none. */
export function rulesProblem(
  rules: readonly BridgeTopic[],
): { readonly index: number; readonly message: string } | undefined {
  for (const [index, rule] of rules.entries()) {
    for (const earlier of rules.slice(0, index)) {
      for (const way of ["out", "in"] as const) {
        if (!goes(rule, way) || !goes(earlier, way)) continue;
        const filterOf = way === "out" ? localFilter : remoteFilter;
        if (filterOf(rule) !== filterOf(earlier)) continue;
        const message = `"${
          filterOf(rule)
        }" is bridged ${way} by an earlier \`topic\` line already`;
        return { index, message };
      }
    }
  }
  return undefined;
}

/** The Topic Filter of a rule at this broker. */
function localFilter({ localPrefix, pattern }: BridgeTopic): string {
  return localPrefix + pattern;
}

/** The Topic Filter of a rule at the remote broker. */
function remoteFilter({ remotePrefix, pattern }: BridgeTopic): string {
  return remotePrefix + pattern;
}

function goes({ direction }: BridgeTopic, way: "in" | "out"): boolean {
  return direction === way || direction === "both";
}
