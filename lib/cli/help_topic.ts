import { didYouMean, findOption, flagUse, helpLines, OPTIONS, optionText } from "../config/mod.ts";
import { pageNamed, PAGES, terminalText } from "../guide/mod.ts";
import { COMMAND_TEXTS, type CommandName } from "./commands.ts";
import { EXIT, print, printError } from "./output.ts";

/** Longer lines are hard to read, even on a wide screen. */
const MAX_WIDTH = 100;
const MIN_WIDTH = 40;

/** `flux-mqtt help TOPIC`: prints a page of the guide, or describes a command or an option; returns the exit status. */
export function helpTopic(topics: readonly string[]): number {
  const [topic = "", ...more] = topics;
  if (more.length > 0) return refuse(`${more[0]}: Is not understood; help takes one topic`);
  const page = pageNamed(topic.toLowerCase().replace(/\.md$/, ""));
  if (page !== undefined) {
    print(terminalText(page.text, { width: widthOf(), isColored: isColored() }));
    return EXIT.ok;
  }
  if (Object.hasOwn(COMMAND_TEXTS, topic)) {
    // `main` has already handled commands with flags of their own.
    print(`${commandText(topic as CommandName)}\n`);
    return EXIT.ok;
  }
  const option = findOption(topic.replace(/^--/, "").replaceAll("-", "_"));
  if (option === undefined) return refuse(unknown(topic));
  print(
    `${
      helpLines(option.fileOnly ? option.name : flagUse(option), optionText(option)).join("\n")
    }\n`,
  );
  return EXIT.ok;
}

function commandText(name: CommandName): string {
  const isBroker = name === "serve" || name === "check";
  const flags = isBroker ? "\nIts flags are the broker's options: see flux-mqtt --help" : "";
  return `${helpLines(name, COMMAND_TEXTS[name]).join("\n")}${flags}`;
}

function unknown(topic: string): string {
  const names = [
    ...PAGES.map(({ name }) => name),
    ...Object.keys(COMMAND_TEXTS),
    ...OPTIONS.map(({ name }) => name),
  ];
  const hint = didYouMean(topic, names);
  return `${topic}: Is no page of the guide, no option and no command${hint}`;
}

function refuse(problem: string): number {
  printError(`${problem}\nflux-mqtt help lists the pages\n`);
  return EXIT.usage;
}

/** Colours are for terminals, unless NO_COLOR is set. */
function isColored(): boolean {
  return Deno.stdout.isTerminal() && !Deno.noColor;
}

function widthOf(): number {
  if (!Deno.stdout.isTerminal()) return MAX_WIDTH;
  try {
    return Math.max(MIN_WIDTH, Math.min(MAX_WIDTH, Deno.consoleSize().columns));
  } catch {
    return MAX_WIDTH; // The terminal does not tell its size.
  }
}
