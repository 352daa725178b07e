import { GENERAL_FLAGS, helpLines, optionsHelp } from "../config/mod.ts";
import { PAGES } from "../guide/mod.ts";
import { VERSION } from "../version.ts";
import { COMMAND_TEXTS, flagNames, type Flags } from "./commands.ts";
import { helpTopic } from "./help_topic.ts";
import { EXIT, print } from "./output.ts";

/** `flux-mqtt --help`, and `flux-mqtt help TOPIC`. */
export function help(topics: readonly string[] = []): number {
  if (topics.length > 0) return helpTopic(topics);
  print(painted(helpText(), Deno.stdout.isTerminal() && !Deno.noColor));
  return EXIT.ok;
}

/** Sets the headings in bold if `isColored`. */
export function painted(text: string, isColored: boolean): string {
  return isColored ? text.replace(/^\S.*:$/gm, "\x1b[1m$&\x1b[0m") : text;
}

/** The whole help. Most of it comes from the option table. */
function helpText(): string {
  return `flux-mqtt ${VERSION}: an MQTT broker for 3.1, 3.1.1 and 5.0

Usage: flux-mqtt [COMMAND] [-c FILE] [FLAGS]

Commands:
${entries(Object.entries(COMMAND_TEXTS))}

The guide, a page each; flux-mqtt help TOPIC shows it, as it shows what an option or a command is:
${entries(PAGES.map(({ name, summary }) => [name, summary]))}

Flags:
${flagsHelp(GENERAL_FLAGS)}
Every option is a line of the file (max_qos 1), a variable (MQTT_MAX_QOS=1) and a flag (--max-qos 1);
a variable overrides the file, a flag overrides both. MQTT_LOG=debug|info|warning|error sets the log's level.
In brackets: the default.

${optionsHelp()}
Exit status: 0 all went well, 1 something failed while running, 2 the command line is not understood,
3 the configuration is not valid; of pub, sub, rr and health: 10 to 17 and 27, see the man page.
`;
}

/** Flags as a help text lists them. */
export function flagsHelp(flags: Flags): string {
  return entries(Object.entries(flags).map(([name, flag]) => [flagNames(name, flag), flag.text])) +
    "\n";
}

function entries(list: readonly (readonly [use: string, text: string])[]): string {
  return list.flatMap(([use, text]) => helpLines(use, text)).join("\n");
}
