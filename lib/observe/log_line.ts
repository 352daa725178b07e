/** The severity of a line. */
export type LogLevel = "debug" | "info" | "warning" | "error";

/** The fields of a line beside its message. The program chooses their names; strangers may choose their values. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * One line of text, without its end: `2026-11-23T06:36:20.123Z info  message key=value`.
 *
 * Client Identifiers, topics and payloads come from strangers. Every control character in them is written as an escape, so that no value
 * can end a line and forge the next one, hide text, or control a terminal.
 */
export function formatText(
  time: string,
  level: LogLevel,
  message: string,
  fields?: LogFields,
): string {
  let line = time === "" ? "" : `${time} `;
  line += `${level.padEnd(LEVEL_WIDTH)} ${escapeControls(message)}`;
  for (const name in fields) {
    const value = fields[name];
    if (value !== undefined) line += ` ${name}=${formatValue(value)}`;
  }
  return line;
}

/** One line of JSON, without its end: `{"time":"...","level":"info","message":"...","key":"value"}`. */
export function formatJson(
  time: string,
  level: LogLevel,
  message: string,
  fields?: LogFields,
): string {
  const line: Record<string, unknown> = time === "" ? {} : { time };
  line.level = level;
  line.message = message;
  for (const name in fields) {
    const value = fields[name];
    if (value !== undefined) line[name] = isPlain(value) ? value : describe(value);
  }
  // JSON.stringify does not escape U+2028 and similar characters, and some readers of logs end a line there.
  return escapeControls(JSON.stringify(line));
}

const LEVEL_WIDTH = "error".length;
const PLAIN_TEXT = /^[\x20-\x7e]*$/;
/** Printable ASCII that needs neither quotes nor escapes: what most values are. */
const BARE_VALUE = /^[!#-<>-[\]-~]+$/;
const TIDY_VALUE = /^[^\s"=\\]+$/;
/** Control characters, invisible formatting (including bidirectional overrides), line and paragraph separators, lone surrogates. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

function formatValue(value: unknown): string {
  if (typeof value !== "string" && isPlain(value)) return String(value);
  const text = describe(value);
  if (BARE_VALUE.test(text)) return text;
  const escaped = escapeControls(text);
  if (escaped === text && TIDY_VALUE.test(text)) return text;
  return `"${escapeControls(text.replaceAll("\\", "\\\\").replaceAll('"', '\\"'))}"`;
}

function isPlain(value: unknown): boolean {
  switch (typeof value) {
    case "string":
    case "number":
    case "boolean":
      return true;
    default:
      return value === null;
  }
}

/** Describes a value that is neither text nor number. An error gives its message only: a stack has many lines and shows our paths. */
function describe(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (typeof value === "bigint") return value.toString();
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}

function escapeControls(text: string): string {
  // Most texts have nothing to escape, and this expression says so in a third of the time.
  if (PLAIN_TEXT.test(text)) return text;
  return text.replace(HIDDEN, escapeCharacter);
}

function escapeCharacter(character: string): string {
  switch (character) {
    case "\n":
      return "\\n";
    case "\r":
      return "\\r";
    case "\t":
      return "\\t";
  }
  const code = character.codePointAt(0) ?? 0;
  if (code > 0xffff) {
    return character.split("").map((unit) => hexadecimal(unit.charCodeAt(0))).join("");
  }
  return hexadecimal(code);
}

function hexadecimal(code: number): string {
  return `\\u${code.toString(16).padStart(4, "0")}`;
}
