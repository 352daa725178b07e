// deno-lint-ignore-file no-console -- part of command line tools
import { parseArgs } from "node:util";

/** Flags by their names, each with its default; the default's type says what it takes. */
export type Defaults = Readonly<Record<string, number | boolean | readonly number[] | string>>;
/** The same after the command line. */
export type Values<D> = {
  -readonly [K in keyof D]: D[K] extends number ? number
    : D[K] extends boolean ? boolean
    : D[K] extends string ? string
    : readonly number[];
};

/**
 * Reads the command line: `--name 10`, `--name 10,100` where the default is a list, `--name` where it is false. With one that is not
 * understood it prints `use` and ends with status 2, with `--help` 0.
 */
export function readFlags<const D extends Defaults>(use: string, defaults: D): Values<D> {
  const options = Object.fromEntries(
    Object.entries(defaults).map(([name, value]) =>
      [name, { type: typeof value === "boolean" ? "boolean" : "string" }] as const
    ),
  );
  try {
    const args = Deno.args.filter((arg) => arg !== "--");
    const parsed = parseArgs({ args, options: { ...options, help: { type: "boolean" } } });
    const values: Readonly<Record<string, string | boolean | undefined>> = parsed.values;
    if (values["help"] === true) {
      console.log(use);
      Deno.exit(0);
    }
    return Object.fromEntries(
      Object.entries(defaults).map(([name, fallback]) =>
        [name, valueOf(name, values[name], fallback)] as const
      ),
    ) as Values<D>;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${use}`);
    Deno.exit(2);
  }
}

function valueOf(
  name: string,
  given: string | boolean | undefined,
  fallback: Defaults[string],
): Defaults[string] {
  if (typeof given !== "string" || typeof fallback === "string") return given ?? fallback;
  const numbers = given.split(",").map(Number);
  if (numbers.some((number) => !(number > 0 && number < Infinity))) {
    throw new Error(`--${name}: Must be above 0, is "${given}"`);
  }
  if (typeof fallback !== "number") return numbers;
  if (numbers.length > 1) throw new Error(`--${name}: Must be one number, is "${given}"`);
  return numbers[0]!;
}

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
