/** How the process ends; said in `--help`, because scripts and systemd look at it. */
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

/** Text to standard output. */
export function print(text: string): void {
  printBytes(new TextEncoder().encode(text));
}

/** Bytes to standard output; `false`: nobody reads them any more. */
export function printBytes(bytes: Uint8Array): boolean {
  return writeAll(Deno.stdout, bytes);
}

/** Text to standard error. */
export function printError(text: string): void {
  writeAll(Deno.stderr, new TextEncoder().encode(text));
}

/** To standard error, a line each; returns the exit status of a configuration that is not valid. */
export function printProblems(problems: readonly string[]): number {
  printError(problems.map((problem) => problem + "\n").join(""));
  return EXIT.configuration;
}

/** A write may take only part; a reader that has gone (`| head`) is no error of ours. */
function writeAll(writer: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): boolean {
  try {
    for (let offset = 0; offset < bytes.length;) offset += writer.writeSync(bytes.subarray(offset));
    return true;
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
    return false;
  }
}

/** What is wrong, of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
