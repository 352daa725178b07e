import { defaultText, optionsByTheme, valueText, wrap } from "./document.ts";
import type { Option } from "./option.ts";
import { OPTIONS } from "./options.ts";
import { parseValue, placeholder, showValue } from "./value.ts";

/** The width of lines of prose. */
const WIDTH = 98;

const HEAD =
  "Every option as a comment with its default: unchanged, this file sets nothing. Uncomment an option to " +
  "change it. An invalid line is an error that names it; `flux-mqtt check -c FILE` reports it before the " +
  "start. An option is also a variable and a flag: max_qos is MQTT_MAX_QOS and --max-qos; a variable overrides the file, a " +
  "flag overrides both.";
const LISTENER_HEAD =
  "The options from here on belong to one listener: that of the `listener` line above them. There may be several listeners, " +
  "each with its own options. `port` and `bind_address` above are for a broker with a single listener; use either them or `listener`.";

/** A configuration file with every option in a comment, made from the option table. */
export function exampleConfig(): string {
  const isOfListener = (option: Option) =>
    option.scope === "listener" || option.name === "listener";
  const lines = [...prose(HEAD), ""];
  for (const [theme, options] of optionsByTheme()) {
    const ofBroker = options.filter((option) => !isOfListener(option));
    if (ofBroker.length > 0) lines.push(`# --- ${theme} ---`, "");
    for (const option of ofBroker) lines.push(...entry(option), "");
  }
  lines.push("# --- A listener ---", "", ...prose(LISTENER_HEAD), "");
  for (const option of OPTIONS.filter(isOfListener)) lines.push(...entry(option), "");
  return lines.join("\n");
}

function entry(option: Option): string[] {
  const reload = option.reloadable ? "; SIGHUP changes it" : "";
  const facts = `${valueText(option)}; default: ${defaultText(option)}${reload}.`;
  return [
    ...prose(option.description),
    ...prose(facts),
    ...examples(option).map((text) => `#${option.name} ${text}`),
  ];
}

/** The default as values of lines; an option without one shows a placeholder. */
function examples(option: Option): readonly string[] {
  if (option.name === "listener") return ["1883"];
  const { default: standard, repeatable = false, type } = option;
  const texts = repeatable && Array.isArray(standard)
    ? standard.map(String)
    : [showValue(option, standard)];
  const valid = texts.filter((text) => text !== "" && parseValue(type, text).isValid);
  return valid.length > 0 ? valid : [placeholder(type)];
}

function prose(text: string): string[] {
  return wrap(text.replaceAll("`", ""), WIDTH - 2).map((line) => `# ${line}`);
}
