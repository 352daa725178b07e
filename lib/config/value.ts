import { isTopicName } from "../topic/mod.ts";
import type { LogDestination } from "../observe/mod.ts";
import type { Option, OptionType, OptionValue } from "./option.ts";

/** Text understood, or what is wrong with it and what would be right. */
export type Parsed<T> =
  | { readonly isValid: true; readonly value: T }
  | { readonly isValid: false; readonly problem: string };

/** A destination as `log_dest` names it; the facility of syslog is another option's. */
export type NamedDestination =
  | Exclude<LogDestination, { readonly type: "syslog" }>
  | { readonly type: "syslog" };

/** Which words stand for true and false: a file has mosquitto's, flags and environment know more. */
export type BooleanWords = "file" | "any";

/** Where a `listener` line listens; address `""`: everywhere. Port 0: a Unix socket, and the address is its path. */
export interface ListenerValue {
  readonly port: number;
  readonly address: string;
}

/** What `text` means for an option of this type. */
export function parseValue(
  type: OptionType,
  text: string,
  words: BooleanWords = "file",
): Parsed<OptionValue> {
  if (text === "" && type.kind !== "text") return problem(`Needs a value: ${expected(type)}`);
  switch (type.kind) {
    case "boolean":
      return parseBoolean(type, text, words);
    case "integer":
      return parseInteger(type, text);
    case "choice":
      return type.choices.includes(text) ? valid(text) : mismatch(type, text);
    case "text":
      return parseText(type, text);
    case "path":
      return text.includes("\0") ? mismatch(type, text) : valid(text);
    case "topic":
      return isTopicName(text) ? valid(text) : mismatch(type, text);
    case "duration":
      return parseDuration(type, text);
    case "versions":
      return parseVersions(type, text);
    case "listener":
      return textIf(parseListener(text), text);
    case "log_dest":
      return textIf(parseLogDestination(text), text);
  }
}

/** `1883`, `1883 localhost`: the port, and the address if there is one. */
export function parseListener(text: string): Parsed<ListenerValue> {
  const type: OptionType = { kind: "listener" };
  const [portText = "", address = "", ...rest] = text.split(/\s+/);
  if (rest.length > 0 || !/^\d{1,5}$/.test(portText)) return mismatch(type, text);
  const port = Number(portText);
  if (port === 0 && address === "") {
    return problem(
      `Must name a port from 1 to 65535, or 0 and the path of a Unix socket, is "${text}"`,
    );
  }
  return port > 65_535 ? mismatch(type, text) : valid({ port, address });
}

/** `none` gives undefined: what was named before it does not count. */
export function parseLogDestination(text: string): Parsed<NamedDestination | undefined> {
  const [word = "", ...rest] = text.split(/\s+/);
  switch (word) {
    case "none":
      if (rest.length === 0) return valid(undefined);
      break;
    case "stderr":
      if (rest.length === 0) return valid({ type: "stderr" });
      break;
    case "stdout":
      if (rest.length === 0 || rest.join(" ") === "unbuffered") return valid({ type: "stdout" });
      break;
    case "file": {
      const path = text.slice(word.length).trim();
      return path === ""
        ? problem("Needs a path: `log_dest file PATH`")
        : valid({ type: "file", path });
    }
    case "syslog":
    case "topic":
      if (rest.length === 0) return valid({ type: word });
      break;
    case "dlt":
    case "android":
      return problem(`There is no ${word} here; use syslog, or stderr, which systemd collects`);
  }
  return mismatch({ kind: "log_dest" }, text);
}

/** A value as it would stand in a file; `""` where there is none. */
export function showValue(option: Option, value: OptionValue): string {
  if (option.type.kind === "duration") return value === 0 ? "never" : `${value}s`;
  return Array.isArray(value) ? value.join(", ") : String(value);
}

/** What a value of this type looks like, for errors. */
export function expected(type: OptionType): string {
  switch (type.kind) {
    case "boolean":
      return "true or false";
    case "integer":
      return `a whole number from ${type.min} to ${type.max}`;
    case "choice":
      return orList(type.choices);
    case "text":
      return `text of at most ${type.maxLength} characters`;
    case "path":
      return "a path";
    case "topic":
      return "a topic without + and #";
    case "duration":
      return "a number and s, h, d, w, m (30 days) or y, such as 14d, or never";
    case "versions":
      return "3, 4 and 5 with commas between, such as 4, 5";
    case "listener":
      return "a port from 1 to 65535, and an address if it shall not be all; or 0 and the path of a Unix socket";
    case "log_dest":
      return "stderr, stdout, syslog, topic, none or file PATH";
  }
}

function parseBoolean(type: OptionType, text: string, words: BooleanWords): Parsed<boolean> {
  const word = words === "any" ? text.toLowerCase() : text;
  if (word === "true" || word === "1") return valid(true);
  if (word === "false" || word === "0") return valid(false);
  if (words === "any" && word === "yes") return valid(true);
  if (words === "any" && word === "no") return valid(false);
  return mismatch(type, text);
}

function parseInteger(type: OptionType & { kind: "integer" }, text: string): Parsed<number> {
  // No leading zeros: mosquitto reads 010 as octal, people as ten.
  if (!/^-?(0|[1-9]\d{0,15})$/.test(text)) return mismatch(type, text);
  const number = Number(text);
  return number < type.min || number > type.max ? mismatch(type, text) : valid(number);
}

function parseText(type: OptionType & { kind: "text" }, text: string): Parsed<string> {
  const hasControls = /\p{Cc}/u.test(text);
  return hasControls || text.length > type.maxLength ? mismatch(type, text) : valid(text);
}

const SECONDS: Readonly<Record<string, number>> = {
  s: 1,
  h: 3600,
  d: 86_400,
  w: 7 * 86_400,
  m: 30 * 86_400,
  y: 365 * 86_400,
};

function parseDuration(type: OptionType, text: string): Parsed<number> {
  if (text === "never") return valid(0);
  const [, digits = "", unit = ""] = /^([1-9]\d{0,8})([shdwmy])$/.exec(text) ?? [];
  const seconds = SECONDS[unit];
  return seconds === undefined ? mismatch(type, text) : valid(Number(digits) * seconds);
}

function parseVersions(type: OptionType, text: string): Parsed<readonly number[]> {
  const words = text.split(/[\s,]+/).filter((word) => word !== "");
  if (words.length === 0 || words.some((word) => !["3", "4", "5"].includes(word))) {
    return mismatch(type, text);
  }
  return valid([...new Set(words.map(Number))].sort());
}

function valid<T>(value: T): Parsed<T> {
  return { isValid: true, value };
}

function problem(text: string): Parsed<never> {
  return { isValid: false, problem: text };
}

function mismatch(type: OptionType, text: string): Parsed<never> {
  return problem(`Must be ${expected(type)}, is "${text}"`);
}

/** The text itself once it is known to be good; whoever needs its parts takes it apart again. */
function textIf(parsed: Parsed<unknown>, text: string): Parsed<string> {
  return parsed.isValid ? valid(text) : parsed;
}

function orList(words: readonly string[]): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
