import { LOOPBACK_ADDRESS } from "../net/mod.ts";
import type { Draft, Settings } from "./draft.ts";
import { findForeign, findOption, findRefused, isBridgeOption, suggestion } from "./options.ts";
import { overrideWith } from "./override.ts";
import { DEFAULT_TLS_PORT } from "./transport_options.ts";

/** Variables that are not named after an option: the log level, and an additional TLS listener. */
const LOG_VARIABLE = "MQTT_LOG";
const TLS_VARIABLE = "MQTT_TLS_ENABLED";
const TLS_PORT_VARIABLE = "MQTT_TLS_PORT";
/** Variables with the files of the TLS listener, and the options that they set. */
const TLS_FILE_VARIABLES: readonly (readonly [variable: string, option: string])[] = [
  ["MQTT_CERT_PATH", "certfile"],
  ["MQTT_KEY_PATH", "keyfile"],
];
const TLS_PARTS: readonly string[] = [
  TLS_PORT_VARIABLE,
  ...TLS_FILE_VARIABLES.map(([variable]) => variable),
];

/** The `log_type` for each value of `MQTT_LOG`. */
const LOG_LEVELS: ReadonlyMap<string, string> = new Map([
  ["debug", "debug"],
  ["info", "information"],
  ["warning", "warning"],
  ["error", "error"],
]);

/** Reads every `MQTT_...` variable into the draft. An empty variable counts as not set. */
export function readEnvironment(
  draft: Draft,
  environment: Readonly<Record<string, string>>,
): void {
  for (const [variable, text] of Object.entries(environment).sort()) {
    if (!variable.startsWith("MQTT_") || text === "") continue;
    if (TLS_PARTS.includes(variable)) {
      if (!isOn(environment[TLS_VARIABLE])) ignore(draft, variable, "TLS is not switched on");
    } else if (variable === TLS_VARIABLE) readTls(draft, environment);
    else if (variable === LOG_VARIABLE) readLogLevel(draft, text);
    else readVariable(draft, variable, text);
  }
}

function readVariable(draft: Draft, variable: string, text: string): void {
  const name = variable.slice("MQTT_".length).toLowerCase();
  const option = findOption(name);
  if (option?.notFromEnvironment) {
    return ignore(draft, variable, `clients use this variable; write ${name} in the file`);
  }
  // For a Service named mqtt Kubernetes sets MQTT_PORT to the Service's address in every container.
  if (name === "port" && /^[a-z]+:\/\//.test(text)) {
    return ignore(draft, variable, "it is the address of a Service, not a port");
  }
  const refused = findRefused(name);
  const isKnown = [option, refused, findForeign(name)].some((found) => found !== undefined);
  if (isBridgeOption(name) || !isKnown) {
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

/** Adds the TLS listener that `MQTT_TLS_ENABLED` asks for. */
function readTls(draft: Draft, environment: Readonly<Record<string, string>>): void {
  const text = environment[TLS_VARIABLE]!;
  if (!isOn(text)) {
    if (["false", "0", "no"].includes(text.toLowerCase())) return;
    return draft.problem(origin(TLS_VARIABLE), "", `Must be true or false, is "${text}"`);
  }
  const settings: Settings = new Map();
  for (const [variable, name] of TLS_FILE_VARIABLES) {
    const path = environment[variable] ?? "";
    if (path === "") {
      draft.problem(origin(TLS_VARIABLE), "", `Needs ${variable}, the path of a file in PEM`);
      continue;
    }
    const read = draft.read(name, path, "environment", origin(variable));
    for (const setting of read) draft.set(settings, setting);
  }
  const portText = environment[TLS_PORT_VARIABLE] || String(DEFAULT_TLS_PORT);
  const [port] = draft.read("port", portText, "environment", origin(TLS_PORT_VARIABLE));
  if (port === undefined || settings.size < TLS_FILE_VARIABLES.length) return;
  const where = { port: Number(port.value), address: LOOPBACK_ADDRESS };
  draft.tlsBlock = { kind: "tls", where, origin: origin(TLS_VARIABLE), settings };
}

function isOn(text = ""): boolean {
  return ["true", "1", "yes"].includes(text.toLowerCase());
}

function apply(draft: Draft, variable: string, name: string, text: string): void {
  const settings = draft.read(name, text, "environment", origin(variable));
  for (const setting of settings) overrideWith(draft, setting);
}

/** The note names only the variable, because its value may be a password. */
function ignore(draft: Draft, variable: string, why: string): void {
  draft.notes.push({ level: "warning", text: `${origin(variable)}: Is ignored: ${why}` });
}

function origin(variable: string): string {
  return `${variable} (environment)`;
}
