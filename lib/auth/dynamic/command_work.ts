import { makePasswordHash } from "../password_hash.ts";
import { CLIENT_COMMANDS } from "./client_commands.ts";
import type { Command, CommandContext, CommandResult } from "./command.ts";
import type { DynamicDocument, DynamicPassword } from "./document.ts";
import { field, FieldError, isObject, type JsonObject, textField } from "./fields.ts";
import { GROUP_COMMANDS } from "./group_commands.ts";
import { parsePassword } from "./parse_document.ts";
import { ROLE_COMMANDS } from "./role_commands.ts";

/** An answer to one command. */
export interface CommandAnswer {
  readonly command: string;
  readonly data?: object;
  readonly error?: string;
  readonly correlationData?: string;
}

/**
 * Bytes of lists in the answers to one message: what a client may send in a message asks tens of thousands of times for all clients. The
 * first list may be longer, since nobody could get it otherwise.
 */
const MAX_LISTED_BYTES = 4 * 1024 * 1024;
/** How long commands are handled without a pause, milliseconds: others are served by the same thread. */
const BUSY_MS = 5;

const COMMANDS: ReadonlyMap<string, readonly [name: string, command: Command]> = new Map(
  Object.entries({ ...CLIENT_COMMANDS, ...GROUP_COMMANDS, ...ROLE_COMMANDS })
    .map(([name, command]) => [name.toLowerCase(), [name, command]]),
);

/** The commands of one message, each on what those before it have made. */
export class CommandWork {
  /** What they have made so far. */
  document: DynamicDocument;
  readonly #context: Omit<CommandContext, "document" | "hash">;
  #listedBytes = 0;

  /** They begin with this document. */
  constructor(document: DynamicDocument, context: Omit<CommandContext, "document" | "hash">) {
    this.document = document;
    this.#context = context;
  }

  /** Runs them all; `say` is told the name of each. */
  async run(text: string, say: (command: string) => void): Promise<readonly CommandAnswer[]> {
    const commands = commandsOf(text);
    if (typeof commands === "string") return [{ command: "Unknown command", error: commands }];
    const answers: CommandAnswer[] = [];
    let pauseAtMs = performance.now() + BUSY_MS;
    for (const json of commands) {
      answers.push(await this.#answer(json, say));
      if (performance.now() < pauseAtMs) continue;
      await new Promise((resolve) => setTimeout(resolve, 0));
      pauseAtMs = performance.now() + BUSY_MS;
    }
    return answers;
  }

  async #answer(json: unknown, say: (command: string) => void): Promise<CommandAnswer> {
    if (!isObject(json)) return { command: "Unknown command", error: "Command not an object" };
    const given = field(json, "command");
    if (typeof given !== "string") return { command: "Unknown command", error: "Missing command" };
    const [command, run] = COMMANDS.get(given.toLowerCase()) ?? [given, undefined];
    let correlation: { correlationData?: string } = {};
    try {
      const correlationData = textField(json, "correlationData");
      if (correlationData !== undefined) correlation = { correlationData };
      if (run === undefined) throw new FieldError("Unknown command");
      if (this.#listedBytes > MAX_LISTED_BYTES) throw new FieldError("Answer too long");
      say(command);
      const data = await this.#run(run, json);
      return { command, ...data === undefined ? {} : { data }, ...correlation };
    } catch (error) {
      if (!(error instanceof FieldError)) throw error;
      return { command, error: error.message, ...correlation };
    }
  }

  async #run(run: Command, json: JsonObject): Promise<object | undefined> {
    const result: CommandResult = await run(
      { ...this.#context, hash, document: this.document },
      json,
    );
    if (result.document !== undefined) this.document = result.document;
    if (result.data !== undefined) this.#listedBytes += JSON.stringify(result.data).length;
    return result.data;
  }
}

function commandsOf(text: string): readonly unknown[] | string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return "Payload not valid JSON";
  }
  const commands = isObject(json) ? field(json, "commands") : undefined;
  return Array.isArray(commands) ? commands : "Invalid/missing commands";
}

async function hash(password: string): Promise<DynamicPassword> {
  return parsePassword(await makePasswordHash(new TextEncoder().encode(password)));
}
