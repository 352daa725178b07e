import type { LogPort } from "../../lib/broker/mod.ts";
import {
  DATABASE_NAME,
  type OpenedStore,
  openStore,
  type OpenStoreInit,
} from "../../lib/store/mod.ts";
import { isLeftOut } from "../support/long.ts";

/** What a store has said. */
export interface LogLine {
  readonly level: "debug" | "info" | "warning" | "error";
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>> | undefined;
}

/** Keeps what is said, for a test to look at or to wait for. */
export class LogRecord implements LogPort {
  readonly debugOn = false;
  readonly lines: LogLine[] = [];
  #waiting: (() => void)[] = [];

  debug(message: string, fields?: Readonly<Record<string, unknown>>): void {
    this.#add({ level: "debug", message, fields });
  }
  info(message: string, fields?: Readonly<Record<string, unknown>>): void {
    this.#add({ level: "info", message, fields });
  }
  warning(message: string, fields?: Readonly<Record<string, unknown>>): void {
    this.#add({ level: "warning", message, fields });
  }
  error(message: string, fields?: Readonly<Record<string, unknown>>): void {
    this.#add({ level: "error", message, fields });
  }

  /** The first line that matches; throws where there is none. */
  find(message: RegExp): LogLine {
    const line = this.lines.find((one) => message.test(one.message));
    if (line === undefined) throw new Error(`Not said: ${message}`);
    return line;
  }

  /** Waits until a line matches. */
  async said(message: RegExp): Promise<LogLine> {
    while (!this.lines.some((line) => message.test(line.message))) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return this.find(message);
  }

  #add(line: LogLine): void {
    this.lines.push(line);
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** Opens a store that is to be quiet; what a test says nothing about is ordinary. */
export function open(directory: string, given: Partial<OpenStoreInit> = {}): OpenedStore {
  return openStore({ directory, durability: "always", log: new LogRecord(), ...given });
}

/** A directory of its own, which is removed afterwards. */
export async function inDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "flux-store-" });
  try {
    await run(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Copies the files as they are now: what a process that is killed at this moment leaves behind. */
export async function copyFiles(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true, mode: 0o700 });
  for (const suffix of ["", "-wal"]) {
    const name = DATABASE_NAME + suffix;
    await Deno.copyFile(`${from}/${name}`, `${to}/${name}`).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
}

/** A test with a directory of its own. */
export function storeTest(
  what: string,
  run: (directory: string) => Promise<void>,
  isLong = false,
): void {
  const name = `SqliteStore: ${what}`;
  Deno.test({
    name,
    ignore: isLong && isLeftOut(name),
    sanitizeOps: true,
    sanitizeResources: true,
    fn: () => inDirectory(run),
  });
}
