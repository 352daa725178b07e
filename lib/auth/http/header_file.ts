import type { Loaded } from "../password_file.ts";

/** Headers, name and value. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** Understands a file with headers, one `Name: value` a line. */
export function parseHeaderFile(path: string, text: string): Loaded<HeaderList> {
  const headers: [string, string][] = [];
  const problems: string[] = [];
  for (const [index, row] of text.split("\n").entries()) {
    const line = row.trim();
    if (line === "" || line.startsWith("#")) continue;
    const end = line.indexOf(":");
    const name = line.slice(0, Math.max(0, end)).trim();
    const value = line.slice(end + 1).trim();
    if (isHeader(name, value)) headers.push([name, value]);
    // Not the line: it is a secret.
    else problems.push(`${path}:${index + 1}: Must be a header, as in Authorization: Bearer TOKEN`);
  }
  if (problems.length > 0) return { isValid: false, problems };
  return headers.length > 0 ? { isValid: true, value: headers } : {
    isValid: false,
    problems: [`${path}: Must hold a header, as in Authorization: Bearer TOKEN`],
  };
}

function isHeader(name: string, value: string): boolean {
  try {
    return name !== "" && value !== "" && new Headers([[name, value]]).has(name);
  } catch {
    return false;
  }
}
