import type { LogDestination } from "../observe/mod.ts";
import { isTopicName } from "../topic/mod.ts";
import type { OfKind, Option, OptionType, OptionValue } from "./option.ts";

/** A value, or a message that says what is wrong with the text and what would be right. */
export type Parsed<T> =
  | { readonly isValid: true; readonly value: T }
  | { readonly isValid: false; readonly problem: string };

/** A destination as `log_dest` names it. Syslog's facility is set by another option. */
export type NamedDestination =
  | Exclude<LogDestination, { readonly type: "syslog" }>
  | { readonly type: "syslog" };

/** Which words mean true and false: files accept mosquitto's words, flags and environment accept more. */
export type BooleanWords = "file" | "any";

/** Where a `listener` line listens. Address `""`: all addresses. Port 0: a Unix socket, and the address is its path. */
export interface ListenerValue {
  readonly port: number;
  readonly address: string;
}

/** How values of one kind are parsed and described. */
interface Kind<T extends OptionType> {
  /** The placeholder for a value in help texts. */
  placeholder(type: T): string;
  /** What a valid value is, for error messages. */
  expected(type: T): string;
  /** Parses a text; `undefined`: it is invalid. */
  parse(type: T, text: string, words: BooleanWords): OptionValue | undefined;
  /** The value goes to the end of its line: a `#` in it begins no comment. */
  readonly toLineEnd?: true;
}

const KINDS: { readonly [K in OptionType["kind"]]: Kind<OfKind<K>> } = {
  boolean: {
    placeholder: () => "true|false",
    expected: () => "true or false",
    parse: (_, text, words) => parseBoolean(words === "any" ? text.toLowerCase() : text, words),
  },
  integer: {
    placeholder: () => "NUMBER",
    expected: ({ min, max }) => `a whole number from ${min} to ${max}`,
    parse: ({ min, max }, text) => parseInteger(text, min, max),
  },
  choice: {
    placeholder: ({ choices }) => choices.length > 4 ? "WORD" : choices.join("|"),
    expected: ({ choices }) => orList(choices),
    parse: ({ choices }, text) => choices.includes(text) ? text : undefined,
  },
  text: {
    placeholder: () => "TEXT",
    expected: ({ maxLength }) => `text of at most ${maxLength} characters`,
    parse: ({ maxLength }, text) =>
      /\p{Cc}/u.test(text) || text.length > maxLength ? undefined : text,
    toLineEnd: true,
  },
  path: {
    placeholder: () => "PATH",
    expected: () => "a path",
    parse: (_, text) => text.includes("\0") ? undefined : text,
    toLineEnd: true,
  },
  url: {
    placeholder: () => "URL",
    expected: () => "a URL that begins with http:// or https://",
    parse: (_, text) =>
      (text.startsWith("http://") || text.startsWith("https://")) && URL.canParse(text)
        ? text
        : undefined,
    toLineEnd: true,
  },
  topic: {
    placeholder: () => "TOPIC",
    expected: () => "a topic without + and #",
    parse: (_, text) => isTopicName(text) ? text : undefined,
    toLineEnd: true,
  },
  duration: {
    placeholder: () => "DURATION",
    expected: () => "a number and s, h, d, w, m (30 days) or y, such as 14d, or never",
    parse: (_, text) => parseDuration(text),
  },
  versions: {
    placeholder: () => "3,4,5",
    expected: () => "3, 4 and 5 separated by commas, such as 4, 5",
    parse: (_, text) => parseVersions(text),
  },
  // The next two only check the text; whoever needs its parts parses it again.
  listener: {
    placeholder: () => '"PORT [ADDRESS]"',
    expected: () =>
      "a port from 1 to 65535, with or without an address behind it; or 0 and the path of a Unix socket",
    parse: (_, text) => parseListener(text) === undefined ? undefined : text,
  },
  log_dest: {
    placeholder: () => "DESTINATION",
    expected: () => "stderr, stdout, syslog, topic, none or file PATH",
    parse: (_, text) => parseLogDestination(text) === undefined ? undefined : text,
    toLineEnd: true,
  },
};

/** Parses the text of an option of this type. */
export function parseValue(
  type: OptionType,
  text: string,
  words: BooleanWords = "file",
): Parsed<OptionValue> {
  const kind = kindOf(type);
  if (text === "" && type.kind !== "text") {
    return { isValid: false, problem: needsValue(type) };
  }
  const value = kind.parse(type, text, words);
  return value === undefined
    ? { isValid: false, problem: `Must be ${kind.expected(type)}, is "${text}"` }
    : { isValid: true, value };
}

/** What is said of an option of this type without a value. */
export function needsValue(type: OptionType): string {
  return `Needs a value: ${kindOf(type).expected(type)}`;
}

/** The placeholder for a value of this type. */
export function placeholder(type: OptionType): string {
  return kindOf(type).placeholder(type);
}

/** Removes the comment behind a value in a file. As in mosquitto, values that go to the end of their line have none. */
export function withoutComment(type: OptionType | undefined, rest: string): string {
  const isWhole = type === undefined || kindOf(type).toLineEnd;
  return isWhole ? rest : cutComment(rest);
}

/** A line without the comment at its end. */
export function cutComment(text: string): string {
  return text.replace(/(^|\s+)#.*$/, "");
}

/** A value as a file would have it; `""`: there is none. */
export function showValue(option: Option, value: OptionValue): string {
  if (option.type.kind === "duration") return value === 0 ? "never" : `${value}s`;
  return Array.isArray(value) ? value.join(", ") : String(value);
}

/** The words of a text, which are separated by white space. */
export function wordsOf(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

/** Parses the value of a `listener` line: `1883`, `1883 localhost`, `0 PATH`. */
export function parseListener(text: string): ListenerValue | undefined {
  const [portText = "", address = "", ...rest] = text.split(/\s+/);
  const port = Number(portText);
  if (rest.length > 0 || !/^\d{1,5}$/.test(portText) || port > 65_535) return undefined;
  return port === 0 && address === "" ? undefined : { port, address };
}

/** Parses the value of a `log_dest` line. `none` cancels the destinations before it. */
export function parseLogDestination(text: string): NamedDestination | "none" | undefined {
  const [word = "", ...rest] = text.split(/\s+/);
  const path = rest.length === 0 ? "" : text.slice(word.length).trim();
  if (word === "file") return path === "" ? undefined : { type: word, path };
  // mosquitto distinguishes `stdout unbuffered`; here no output is buffered.
  if (path !== "" && text !== "stdout unbuffered") return undefined;
  switch (word) {
    case "none":
      return word;
    case "stderr":
    case "stdout":
    case "syslog":
    case "topic":
      return { type: word };
  }
  return undefined;
}

/** A type fits the parser of its kind, which the compiler cannot infer. */
function kindOf(type: OptionType): Kind<OptionType> {
  return KINDS[type.kind];
}

function parseBoolean(word: string, words: BooleanWords): boolean | undefined {
  if (word === "true" || word === "1") return true;
  if (word === "false" || word === "0") return false;
  if (words === "file") return undefined;
  return word === "yes" ? true : word === "no" ? false : undefined;
}

function parseInteger(text: string, min: number, max: number): number | undefined {
  // Leading zeros are invalid: mosquitto reads 010 as octal, people as ten.
  if (!/^-?(0|[1-9]\d{0,15})$/.test(text)) return undefined;
  const number = Number(text);
  return number < min || number > max ? undefined : number;
}

const SECONDS: Readonly<Record<string, number>> = {
  s: 1,
  h: 3600,
  d: 86_400,
  w: 7 * 86_400,
  m: 30 * 86_400,
  y: 365 * 86_400,
};

function parseDuration(text: string): number | undefined {
  if (text === "never") return 0;
  const [, digits = "", unit = ""] = /^([1-9]\d{0,8})([shdwmy])$/.exec(text) ?? [];
  const seconds = SECONDS[unit];
  return seconds === undefined ? undefined : Number(digits) * seconds;
}

function parseVersions(text: string): readonly number[] | undefined {
  const words = wordsOf(text.replaceAll(",", " "));
  if (words.length === 0 || words.some((word) => !["3", "4", "5"].includes(word))) return undefined;
  return [...new Set(words.map(Number))].sort();
}

function orList(words: readonly string[]): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
