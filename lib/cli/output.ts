/** The exit status of the process. Scripts and systemd depend on it. */
export const EXIT = {
  /** All went well. */
  ok: 0,
  /** Something failed while running: a port that is taken, a log file that cannot be opened. */
  failed: 1,
  /** The command line is not understood. */
  usage: 2,
  /** The configuration is not valid. */
  configuration: 3,
} as const;

/** Writes text to standard output. */
export function print(text: string): void {
  printBytes(new TextEncoder().encode(text));
}

/** Writes bytes to standard output; `false`: its reader has gone. */
export function printBytes(bytes: Uint8Array): boolean {
  return writeAll(Deno.stdout, bytes);
}

/** Writes text to standard error. */
export function printError(text: string): void {
  writeAll(Deno.stderr, new TextEncoder().encode(text));
}

/** Writes problems to standard error, a line each; returns the exit status of an invalid configuration. */
export function printProblems(problems: readonly string[]): number {
  printError(problems.map((problem) => problem + "\n").join(""));
  return EXIT.configuration;
}

/** Writes all bytes, since one write may take only some. A reader that has gone (`| head`) is no error. */
function writeAll(writer: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): boolean {
  try {
    for (let offset = 0; offset < bytes.length;) offset += writer.writeSync(bytes.subarray(offset));
    return true;
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
    return false;
  }
}

/** What was tried, and why it failed: `Cannot restore a.db: No such file or directory`. An error that says both stays as it is. */
export function failureText(act: string, error: unknown): string {
  const message = messageOf(error);
  if (message.startsWith("Cannot ")) return message;
  // The system's number and call say nothing to who reads it; which file it was stands in the act.
  return `Cannot ${act}: ${message.replace(/ \(os error \d+\).*$/s, "")}`;
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
