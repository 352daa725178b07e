import { helpLines, optionsHelp } from "../config/mod.ts";
import { VERSION } from "../version.ts";
import { EXIT, print } from "./output.ts";

/** `flux-mqtt --help`. */
export function help(): number {
  print(helpText());
  return EXIT.ok;
}

/** The whole help; its greater part comes from the option table. */
function helpText(): string {
  return `flux-mqtt ${VERSION}: an MQTT broker for 3.1, 3.1.1 and 5.0

Usage: flux-mqtt [COMMAND] [-c FILE] [FLAGS]

Commands:
${entries(COMMAND_ENTRIES)}

Flags:
${entries(FLAG_ENTRIES)}

Every option is a line of the file (max_qos 1), a variable (MQTT_MAX_QOS=1) and a flag (--max-qos 1);
a variable goes over the file, a flag over both. MQTT_LOG=debug|info|warning|error sets the log's level.
In brackets: the default.

${optionsHelp()}
Exit status: 0 all went well, 1 something failed while running, 2 the command line is not understood,
3 the configuration is not valid.
`;
}

const COMMAND_ENTRIES: readonly (readonly [use: string, text: string])[] = [
  ["serve", "Runs the broker; what happens without a command."],
  ["check", "Validates the configuration and prints it, with where each value comes from."],
  ["passwd", "Makes, changes or deletes a user of a password_file or scram_file."],
  [
    "explain-acl",
    "Says what a client may do with a topic, and which line of the acl_file decides.",
  ],
  ["pub", "Publishes a message; pub --help tells its flags, as for the next three."],
  ["sub", "Subscribes and prints what comes."],
  ["rr", "Sends a request and prints the response."],
  ["bench", "Measures a broker: deliveries per second, latencies, memory."],
  ["health", "Says by its exit status whether a broker answers."],
  ["help", "Prints this."],
  ["version", "Prints the version."],
];

const FLAG_ENTRIES: readonly (readonly [use: string, text: string])[] = [
  ["-c, --config-file FILE", "Reads a configuration in mosquitto's syntax."],
  ["-p, --port NUMBER", "The port of the default listener, where the file defines no listener."],
  ["-v, --verbose", "Logs everything: --log-type all."],
  ["-q, --quiet", "Logs nothing: --log-type none."],
  ["-h, --help", "Prints this."],
  ["--version", "Prints the version."],
];

function entries(list: readonly (readonly [use: string, text: string])[]): string {
  return list.flatMap(([use, text]) => helpLines(use, text)).join("\n");
}
