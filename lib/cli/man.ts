import { defaultText, GENERAL_FLAGS, optionsByTheme, valueText } from "../config/mod.ts";
import { PAGES } from "../guide/mod.ts";
import { VERSION } from "../version.ts";
import { BENCH_USE } from "./bench.ts";
import { CLIENT_USES } from "./client_options.ts";
import { COMMAND_TEXTS, type CommandName, flagNames, type Flags } from "./commands.ts";
import { COMMAND_FLAGS } from "./completion_table.ts";
import { EXIT_TEXTS } from "./exit_status.ts";
import { EXPLAIN_ACL_USE } from "./explain_acl.ts";
import { EXIT, print, printError } from "./output.ts";
import { PASSWD_USE } from "./passwd.ts";
import { SERVICE_USE } from "./service.ts";
import { SETUP_USE } from "./setup.ts";
import { IMPORT_USE } from "./import.ts";
import { STORE_USE } from "./store.ts";
import { TOP_USE } from "./top.ts";
import { TRACE_USE } from "./trace.ts";

/** `flux-mqtt man`: prints the man page. */
export function man(args: readonly string[]): number {
  if (args.length > 0 && args[0] !== "--help") {
    printError(`${args[0]}: Is not understood; man takes nothing\n`);
    return EXIT.usage;
  }
  print(manPage());
  return EXIT.ok;
}

/** The manual in the macros of man(7), from the tables of commands, flags and options. */
export function manPage(): string {
  return [
    `.TH FLUX\\-MQTT 1 "" "flux\\-mqtt ${VERSION}" "User Commands"`,
    ".SH NAME",
    roff("flux-mqtt - an MQTT broker for 3.1, 3.1.1 and 5.0, with its clients"),
    ".SH SYNOPSIS",
    ...["[serve] [-c FILE] [FLAGS]", "COMMAND [FLAGS]"].flatMap((use, i) => [
      ...i === 0 ? [] : [".br"],
      `.B flux\\-mqtt\n${roff(use)}`,
    ]),
    ".SH DESCRIPTION",
    roff(DESCRIPTION),
    ".SH COMMANDS",
    ...Object.entries(COMMAND_TEXTS).flatMap(([name, text]) => item(name, commandText(name, text))),
    ".SH FLAGS",
    roff("Of the broker, beside its options:"),
    ...flagItems(GENERAL_FLAGS),
    ...commandSections(),
    ".SH OPTIONS",
    roff(OPTIONS_TEXT),
    ...optionSections(),
    ".SH GUIDE",
    roff("Pages that flux-mqtt help TOPIC shows:"),
    ...PAGES.flatMap(({ name, summary }) => item(name, `${summary}.`)),
    ".SH SIGNALS",
    ...item("SIGTERM, SIGINT", "End the broker; clients of 5.0 are told."),
    ...item(
      "SIGHUP",
      "Reads configuration, certificates, users and rules again, and says what changes only with a restart.",
    ),
    ".SH ENVIRONMENT",
    ...item("MQTT_...", "An option: MQTT_MAX_QOS=1. MQTT_LOG sets the level of the log."),
    ...item(
      "NOTIFY_SOCKET, WATCHDOG_USEC",
      "Set by systemd, which the broker then tells that it is ready, reloads, ends and still works.",
    ),
    ".SH EXIT STATUS",
    ...EXIT_TEXTS.flatMap(([status, text]) => item(String(status), text)),
    ".SH EXAMPLES",
    ...EXAMPLES.flatMap((
      [text, command],
    ) => [".PP", roff(text), ".PP", ".EX", roff(command), ".EE"]),
    ".SH SEE ALSO",
    ".BR mosquitto.conf (5),\n.BR mosquitto_pub (1),\n.BR mosquitto_sub (1)",
    "",
  ].join("\n");
}

const DESCRIPTION =
  "Without a configuration the broker listens on this machine only, port 1883, and lets everybody on it in. With -c it reads a file " +
  "in the syntax of mosquitto.conf: flux-mqtt example-config prints one with every option in a comment. What is acknowledged is stored, " +
  "in the directory that persistence_location names.";

const OPTIONS_TEXT =
  "Each is a line of the file (max_qos 1), a variable (MQTT_MAX_QOS=1) and a flag (--max-qos 1, --no-retain-available); a variable overrides " +
  "the file, a flag overrides both. Those marked with * belong to the listener line above them; as variable or flag they hold " +
  "for every listener. Those marked with ! change on SIGHUP.";

const EXAMPLES: readonly (readonly [text: string, command: string])[] = [
  ["Open the broker to the network:", "flux-mqtt --listener 1883 --allow-anonymous"],
  [
    "Write a configuration and look it over:",
    "flux-mqtt example-config > flux.conf\nflux-mqtt check -c flux.conf",
  ],
  ["Publish and subscribe:", "flux-mqtt sub -t 'home/#' -v\nflux-mqtt pub -t home/cellar -m 12.5"],
];

const USES: Readonly<Partial<Record<CommandName, string>>> = {
  setup: SETUP_USE,
  service: SERVICE_USE,
  passwd: PASSWD_USE,
  "explain-acl": EXPLAIN_ACL_USE,
  bench: BENCH_USE,
  trace: TRACE_USE,
  store: STORE_USE,
  import: IMPORT_USE,
  top: TOP_USE,
  ...CLIENT_USES,
};

/** The texts of `pub` and `help` refer to the help, and need others here. */
function commandText(name: string, text: string): string {
  if (name === "pub") return "Publishes a message.";
  if (name === "help") {
    return "Prints all commands, pages and flags; help TOPIC: a page, an option or a command.";
  }
  return text;
}

/** A section for each command that has flags of its own. */
function commandSections(): string[] {
  return Object.entries(COMMAND_FLAGS).flatMap(([name, flags]) => {
    const [, use = ""] = (USES[name as CommandName] ?? "").split(/:\s+(?=flux-mqtt)/);
    return [`.SH ${roff(name.toUpperCase())}`, `.B ${roff(use)}`, ...flagItems(flags)];
  });
}

function flagItems(flags: Flags): string[] {
  return Object.entries(flags).flatMap(([name, flag]) => item(flagNames(name, flag), flag.text));
}

function optionSections(): string[] {
  return optionsByTheme().flatMap(([theme, options]) => [
    `.SS ${roff(theme)}`,
    ...options.flatMap((option) => {
      const { name, scope, reloadable, description } = option;
      const mark = `${scope === "listener" ? "*" : ""}${reloadable ? "!" : ""}`;
      const facts = `${valueText(option)}; default: ${defaultText(option)}.`;
      return item(name, `${description} ${facts}`, mark);
    }),
  ]);
}

function item(tag: string, text: string, mark = ""): string[] {
  return [".TP", `.B ${roff(tag)}${mark === "" ? "" : ` ${mark}`}`, roff(text)];
}

/** Escapes a text for roff, which would take backslashes, hyphens and leading dots for commands. */
function roff(text: string): string {
  return text
    .replaceAll("`", "")
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("\u2026", "\\[u2026]")
    .replace(/^([.'])/gm, "\\&$1");
}
