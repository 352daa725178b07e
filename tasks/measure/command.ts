// deno-lint-ignore-file no-console -- part of command line tools

/** Begins a Markdown table: the first column is text, numbers stand in the others. */
export function printHead(columns: readonly string[]): void {
  printRow(columns);
  console.log(`|---|${"--:|".repeat(columns.length - 1)}`);
}

/** A row of it. */
export function printRow(cells: readonly (string | number)[]): void {
  console.log(`| ${cells.join(" | ")} |`);
}

/** As a person reads it: `12,345`, with decimals where asked. */
export function show(value: number, decimals = 0): string {
  return value.toLocaleString("en", {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
}

/** Of bytes, in the unit of 1,048,576. */
export function megabytes(bytes: number): string {
  return show(bytes / 1024 / 1024, 1);
}

/** Runs the command; what it throws is printed and makes its exit status 1. */
export async function run(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    console.error(`\nFailed: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
