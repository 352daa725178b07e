import type { Draft, Setting } from "./draft.ts";
import { findOption, findRefused, suggestion } from "./options.ts";
import { overrideWith } from "./override.ts";

/** Variables that are not options: the log level, and TLS, which is not in this version. */
const LOG_VARIABLE = "MQTT_LOG";
const TLS_VARIABLE = "MQTT_TLS_ENABLED";
const TLS_FILE_VARIABLES: readonly string[] = ["MQTT_CERT_PATH", "MQTT_KEY_PATH"];

/** `MQTT_LOG` as `log_type`. */
const LOG_LEVELS: ReadonlyMap<string, string> = new Map([
  ["debug", "debug"],
  ["info", "information"],
  ["warning", "warning"],
  ["error", "error"],
]);

/** Reads every `MQTT_…` variable into the draft. An empty one counts as not set. */
export function readEnvironment(
  draft: Draft,
  environment: Readonly<Record<string, string>>,
): void {
  for (const [variable, text] of Object.entries(environment).sort()) {
    if (!variable.startsWith("MQTT_") || text === "") continue;
    if (TLS_FILE_VARIABLES.includes(variable)) {
      if (environment[TLS_VARIABLE] === undefined) {
        ignore(draft, variable, "TLS is not switched on");
      }
    } else if (variable === TLS_VARIABLE) readTls(draft, text);
    else if (variable === LOG_VARIABLE) readLogLevel(draft, text);
    else readVariable(draft, variable, text);
  }
}

function readVariable(draft: Draft, variable: string, text: string): void {
  const name = variable.slice("MQTT_".length).toLowerCase();
  const option = findOption(name);
  if (option?.notFromEnvironment) {
    return ignore(draft, variable, `clients use it; write ${name} in the file`);
  }
  // Kubernetes gives every container the address of a Service named mqtt.
  if (name === "port" && /^[a-z]+:\/\//.test(text)) {
    return ignore(draft, variable, "it is the address of a Service, not a port");
  }
  const refused = findRefused(name);
  if (refused?.inBridge || (option === undefined && refused === undefined)) {
    const show = (name: string) => `MQTT_${name.toUpperCase()}`;
    return ignore(draft, variable, `it is not an option${suggestion(name, show)}`);
  }
  const texts = option?.repeatable ? text.split(/[,;]/).map((part) => part.trim()) : [text];
  for (const part of texts) apply(draft, variable, name, part);
}

function readLogLevel(draft: Draft, text: string): void {
  const type = LOG_LEVELS.get(text.toLowerCase());
  if (type === undefined) {
    const message = `Must be debug, info, warning or error, is "${text}"`;
    return draft.problem(origin(LOG_VARIABLE), "", message);
  }
  apply(draft, LOG_VARIABLE, "log_type", type);
}

function readTls(draft: Draft, text: string): void {
  if (["false", "0", "no"].includes(text.toLowerCase())) return;
  const message =
    "TLS is not in this version; unset it, and let a TLS proxy stand before the broker where encryption is needed";
  draft.problem(origin(TLS_VARIABLE), "", message);
}

function apply(draft: Draft, variable: string, name: string, text: string): void {
  const setting: Setting | undefined = draft.read(name, text, "environment", origin(variable));
  if (setting !== undefined) overrideWith(draft, setting);
}

/** Only the name is told: the value may be somebody's password. */
function ignore(draft: Draft, variable: string, why: string): void {
  draft.notes.push({ level: "warning", text: `${origin(variable)}: Is ignored: ${why}` });
}

function origin(variable: string): string {
  return `${variable} (environment)`;
}
