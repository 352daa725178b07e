import { FOREIGN_BRIDGE_OPTIONS, FOREIGN_OPTIONS } from "./foreign.ts";
import type { ForeignOption, Option, RefusedOption, Theme } from "./option.ts";
import { flagOf, OPTIONS } from "./options.ts";
import { BRIDGE_OPTIONS } from "./options_bridge.ts";
import { PLUGIN_PREFIXES, PLUGINS, REFUSED_OPTIONS } from "./refused.ts";
import { placeholder, showValue } from "./value.ts";

/** Columns of the help: where descriptions begin, and where lines end. */
const DESCRIPTION_COLUMN = 34;
const HELP_WIDTH = 100;

/** Every option as a flag, grouped by theme: the greater part of `--help`. */
export function optionsHelp(): string {
  return optionsByTheme().map(([theme, options]) => {
    const flags = options.filter((option) => !option.fileOnly);
    const lines = flags.flatMap((option) => helpLines(flagUse(option), optionText(option)));
    return `${theme}:\n${lines.join("\n")}\n`;
  }).join("\n");
}

/** The page of the guide on which the options of each theme are described. */
export const OPTION_PAGES: Readonly<Record<Theme, OptionPage>> = {
  "Listeners": "options-listeners",
  "TLS, WebSockets and proxies": "options-listeners",
  "Who may connect": "options-listeners",
  "Tokens and services": "options-listeners",
  "Dashboard and API": "options-listeners",
  "Messages and queues": "options-messages",
  "Retained messages": "options-messages",
  "Clients and sessions": "options-messages",
  "Log": "options-process",
  "The process": "options-process",
  "Bridges": "options-bridges",
  "Cluster": "options-process",
};

/** A page of the guide with tables of options. */
export type OptionPage =
  | "options-listeners"
  | "options-messages"
  | "options-process"
  | "options-bridges";

/** The options of one page in Markdown, a table for each theme. */
export function optionsMarkdown(page: OptionPage): string {
  const lines: string[] = [];
  const bridges: readonly [Theme, readonly Option[]] = ["Bridges", BRIDGE_OPTIONS];
  for (const [theme, options] of [...optionsByTheme(), bridges]) {
    if (OPTION_PAGES[theme] !== page) continue;
    const rows = options.map(optionCells);
    lines.push(`## ${theme}`, "", ...table("option|value|default|meaning|SIGHUP", rows), "");
  }
  return lines.join("\n");
}

/** The options of mosquitto.conf that have no effect here or another name, and those that are refused, in Markdown. */
export function foreignMarkdown(): string {
  const foreign = [...FOREIGN_OPTIONS, ...FOREIGN_BRIDGE_OPTIONS];
  const refused = Map.groupBy(REFUSED_OPTIONS, (option) => option.refused);
  return [
    "## Options of mosquitto that have no effect here, or another name",
    "",
    ...table(
      "option|here",
      foreign.map((option) => [`\`${option.name}\``, foreignText(option)]),
    ),
    "",
    "## Options of mosquitto that are refused",
    "",
    ...table(
      "options|what to do",
      [...refused].map(([text, options]) => [
        options.flatMap(shownNames).map((name) => `\`${name}\``).join(" "),
        text,
      ]),
    ),
    "",
  ].join("\n");
}

/** The options whose default differs from mosquitto's, in Markdown: both defaults and the reason. */
export function differencesMarkdown(): string {
  const rows = [...OPTIONS, ...BRIDGE_OPTIONS].flatMap((option) => {
    if (option.differs === undefined) return [];
    const [theirs = "", ...reason] = option.differs.split(": ");
    return [[`\`${option.name}\``, defaultText(option), theirs, reason.join(": ")]];
  });
  return [...table("option|here|mosquitto|why", rows), ""].join("\n");
}

/** How an option is written as a flag: `--max-qos NUMBER`, `--[no-]retain-available`. */
export function flagUse(option: Option): string {
  const flag = flagOf(option);
  return option.type.kind === "boolean"
    ? flag.replace("--", "--[no-]")
    : `${flag} ${placeholder(option.type)}`;
}

/** Breaks a text at spaces into lines of at most `width` characters. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** One entry of a help text: `use` at the left, and `text` beside it, or below it if `use` is long. */
export function helpLines(use: string, text: string): string[] {
  const column = " ".repeat(DESCRIPTION_COLUMN);
  const [first = "", ...rest] = wrap(text, HELP_WIDTH - DESCRIPTION_COLUMN);
  const left = `  ${use}`;
  const head = left.length < DESCRIPTION_COLUMN - 1
    ? [left.padEnd(DESCRIPTION_COLUMN) + first]
    : [left, column + first];
  return [...head, ...rest.map((line) => column + line)];
}

/** The options grouped by theme. */
export function optionsByTheme(): readonly (readonly [Theme, readonly Option[]])[] {
  return [...Map.groupBy(OPTIONS, ({ theme }) => theme)];
}

/** The description of an option, and its default in brackets. */
export function optionText(option: Option): string {
  return `${option.description.replaceAll("`", "")} [${defaultText(option).replaceAll("`", "")}]`;
}

/** The default with its unit, or in words; an empty one is `none`. */
export function defaultText(option: Option): string {
  const { unit, default: value } = option;
  if (option.defaultText !== undefined) return option.defaultText;
  const text = showValue(option, value) || "none";
  return unit === "" || value === 0 || value === -1 ? text : `${text} ${unit}`;
}

function optionCells(option: Option): string[] {
  const differs = option.differs === undefined ? "" : ` (mosquitto: ${option.differs})`;
  return [
    `\`${option.name}\`${option.scope === "listener" ? " \u25e6" : ""}`,
    valueText(option),
    defaultText(option) + differs,
    option.description,
    option.reloadable ? "yes" : "no",
  ];
}

/** The allowed values, in Markdown. */
export function valueText(option: Option): string {
  const { type, unit } = option;
  switch (type.kind) {
    case "integer":
      return `${type.min} to ${type.max}${unit === "" ? "" : ` ${unit}`}`;
    case "choice":
      return type.choices.map((word) => `\`${word}\``).join(" ");
    case "boolean":
      return "`true` `false`";
    default:
      return `\`${placeholder(type).replaceAll('"', "")}\``;
  }
}

function foreignText({ noEffect, isHere, refusedValues = {} }: ForeignOption): string {
  const values = Object.keys(refusedValues).map((value) => `\`${value}\` is refused`);
  return [noEffect === undefined ? isHere ?? "" : `Has no effect: ${noEffect}`, ...values].join(
    "; ",
  );
}

/** The lines of a table in Markdown. The titles of its columns have `|` between them. */
function table(titles: string, rows: readonly (readonly string[])[]): string[] {
  const head = titles.split("|");
  const cells = rows.map((row) => row.map((text) => text.replaceAll("|", "\\|")));
  return [head, head.map(() => "---"), ...cells].map((row) => `| ${row.join(" | ")} |`);
}

/** The row of `auth_plugin` also names the prefixes of the options that plugins invent. */
function shownNames(option: RefusedOption): string[] {
  return option.name === PLUGINS
    ? [PLUGINS, ...PLUGIN_PREFIXES.map((prefix) => `${prefix}*`)]
    : [option.name];
}
