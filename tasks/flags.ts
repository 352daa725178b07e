// deno-lint-ignore-file no-console -- part of command line tools
import { parseArgs } from "node:util";

/** The default of a flag that takes only whole numbers. */
export interface Whole {
  readonly value: number;
  /** The least value. */
  readonly min: number;
}

/** A flag for a count; with a least value of 0, for a seed. */
export function whole(value: number, min: 0 | 1 = 1): Whole {
  return { value, min };
}

/** Flags by name, each with its default, whose type is that of the value. */
export type Defaults = Readonly<
  Record<string, number | Whole | boolean | readonly number[] | string>
>;
/** The values after reading the command line. */
export type Values<D> = {
  -readonly [K in keyof D]: D[K] extends number | Whole ? number
    : D[K] extends boolean ? boolean
    : D[K] extends string ? string
    : readonly number[];
};

/**
 * Reads the command line: `--name 10`, `--name 10,100` if the default is a list, `--name` if it is false. For an unknown flag it prints
 * `use` and exits with status 2, for `--help` with 0.
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
): Exclude<Defaults[string], Whole> {
  if (typeof fallback === "object" && "min" in fallback) return wholeOf(name, given, fallback);
  if (typeof given !== "string" || typeof fallback === "string") return given ?? fallback;
  const numbers = given.split(",").map(Number);
  if (numbers.some((number) => !(number > 0 && number < Infinity))) {
    throw new Error(`--${name}: Must be above 0, is "${given}"`);
  }
  if (typeof fallback !== "number") return numbers;
  if (numbers.length > 1) throw new Error(`--${name}: Must be one number, is "${given}"`);
  return numbers[0]!;
}

function wholeOf(
  name: string,
  given: string | boolean | undefined,
  { value, min }: Whole,
): number {
  if (given === undefined) return value;
  const number = Number(given);
  if (Number.isSafeInteger(number) && number >= min) return number;
  throw new Error(`--${name}: Must be a whole number of ${min} or more, is "${given}"`);
}
