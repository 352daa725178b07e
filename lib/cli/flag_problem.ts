import { didYouMean } from "../config/mod.ts";
import type { Flags } from "./commands.ts";
import { messageOf } from "./output.ts";

/** How the messages of `parseArgs` begin, and what is said instead: the flag or word comes first, as in all other messages. */
const WORDINGS: readonly [message: RegExp, problem: string][] = [
  [/^Unknown option '([^']+)'/, "Is not a flag"],
  [/^Option '([^'\s,]+)(?:, [^']*)?' does not take an argument/, "Takes no value"],
  [/^Option '([^'\s,]+)[^']*' argument missing/, "Needs a value"],
  [
    /^Option '([^'\s,]+)[^']*' argument is ambiguous/,
    "Needs a value; one that begins with a dash is written behind =",
  ],
  [/^Unexpected argument '([^]*?)'\. This/, "Is not understood"],
];

/** What is wrong with a command line that `parseArgs` has refused. `flags`: what the command takes. */
export function flagProblem(error: unknown, flags: Flags): string {
  const message = messageOf(error);
  for (const [pattern, problem] of WORDINGS) {
    const word = pattern.exec(message)?.[1];
    if (word === undefined) continue;
    const hint = problem === "Is not a flag"
      ? didYouMean(word.replace(/^-+/, ""), Object.keys(flags), (name) => `--${name}`)
      : "";
    return `${word}: ${problem}${hint}`;
  }
  return message;
}

/** What is wrong with the action of a command, `store lst`. */
export function actionProblem(action: string, actions: readonly string[]): string {
  if (action === "") return `Needs one of ${actions.join(", ")}`;
  const hint = didYouMean(action, actions) || `; needs one of ${actions.join(", ")}`;
  return `${action}: Is not an action${hint}`;
}
