/** One `NAME:VALUE` line. */
export interface Entry {
  readonly name: string;
  readonly value: string;
  /** From 1. */
  readonly line: number;
}

/** Parses a file of `NAME:VALUE` lines. `#` in the first column begins a comment; blanks around name and value are removed. */
export function readEntries(path: string, text: string): { entries: Entry[]; problems: string[] } {
  const entries: Entry[] = [];
  const problems: string[] = [];
  const lines = new Map<string, number>();
  for (const [index, row] of rowsOf(text).entries()) {
    const line = index + 1;
    if (isIdle(row)) continue;
    const colon = row.indexOf(":");
    const name = row.slice(0, colon < 0 ? row.length : colon).trim();
    const first = lines.get(name);
    if (colon < 0) problems.push(`${path}:${line}: Must be USER:HASH, has no colon`);
    else if (name === "") problems.push(`${path}:${line}: Must have a user name before the colon`);
    else if (first !== undefined) {
      problems.push(`${path}:${line}: User ${name} stands at ${path}:${first} already`);
    } else {
      lines.set(name, line);
      entries.push({ name, value: row.slice(colon + 1).trim(), line });
    }
  }
  return { entries, problems };
}

/** The text with this user's line set, or removed where there is no value; `undefined`: there was no line to remove. */
export function editEntry(
  text: string,
  name: string,
  value: string | undefined,
): string | undefined {
  const end = text.includes("\r\n") ? "\r\n" : "\n";
  const rows = rowsOf(text);
  if (rows.at(-1) === "") rows.pop();
  const isTheirs = (row: string) =>
    !isIdle(row) && row.includes(":") && row.slice(0, row.indexOf(":")).trim() === name;
  const at = rows.findIndex(isTheirs);
  if (value === undefined) {
    if (at < 0) return undefined;
    rows.splice(at, 1);
  } else if (at < 0) rows.push(`${name}:${value}`);
  else rows[at] = `${name}:${value}`;
  return rows.map((row) => row + end).join("");
}

function rowsOf(text: string): string[] {
  return text.replace(/^\ufeff/, "").split(/\r?\n/);
}

function isIdle(row: string): boolean {
  return row.startsWith("#") || row.trim() === "";
}
