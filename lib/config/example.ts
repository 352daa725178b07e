import { defaultText, optionsByTheme, valueText, wrap } from "./document.ts";
import type { Option } from "./option.ts";
import { OPTIONS } from "./options.ts";
import { parseValue, placeholder, showValue } from "./value.ts";

/** The width of lines of prose. */
const WIDTH = 98;

const HEAD =
  "Every option, in a comment with its default: as it is, this file changes nothing. Uncomment " +
  "what shall be different. A line that is wrong is an error that names it; `flux-mqtt check -c FILE` tells before the " +
  "start. An option is a variable and a flag as well: max_qos is MQTT_MAX_QOS and --max-qos; a variable goes over the file, a " +
  "flag over both.";
const LISTENER_HEAD =
  "From here on options of one listener. They belong to the `listener` line above them; there may be several, " +
  "each with its own. `port` and `bind_address` above are for a broker with one listener: use these or those.";

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
