import { parseArgs } from "node:util";
import type { ApiClient } from "./api_client.ts";
import { API_FLAGS, API_NOTE, askingApi, openApi } from "./api_flags.ts";
import type { Flags } from "./commands.ts";
import { flagProblem } from "./flag_problem.ts";
import { flagsHelp } from "./help.ts";
import { EXIT, messageOf, print, printError } from "./output.ts";
import { safe } from "./terminal_text.ts";
import {
  clientLines,
  type ClientRow,
  detailLines,
  headLines,
  type Overview,
  SORT_COLUMNS,
} from "./top_screen.ts";

/** The flags of `top`. */
export const TOP_FLAGS = {
  ...API_FLAGS,
  sort: {
    type: "string",
    value: "COLUMN",
    choices: SORT_COLUMNS,
    text: "The column that clients are sorted by, the largest first. [queuedMessages]",
  },
  client: {
    type: "string",
    value: "ID",
    text: "Shows this client alone, with all that is known of it.",
  },
  interval: { type: "string", value: "SECONDS", text: "The interval, 1 to 3600. [2]" },
  once: { type: "boolean", text: "Prints it once and ends." },
  help: { type: "boolean", text: "Prints this help." },
} as const satisfies Flags;

/** Its usage and what it does, for help and man page. */
export const TOP_USE = `Shows what a broker does, at intervals, by its API:
flux-mqtt top [--url URL] [--token-file FILE] [--sort COLUMN] [--client ID] [--once]
At a terminal: s sorts by the next column, q ends.`;

/** The most lines that are printed if standard output is no terminal. */
const PLAIN_ROWS = 20;
const CLEAR = "\x1b[H\x1b[2J";

/** What to show, and how. */
interface Looking {
  readonly api: ApiClient;
  readonly clientId: string | undefined;
  readonly intervalMs: number;
  sort: string;
}

/** `flux-mqtt top`. */
export async function top(args: readonly string[]): Promise<number> {
  let values;
  try {
    values = parseArgs({ args: [...args], options: TOP_FLAGS }).values;
  } catch (error) {
    return refuse(flagProblem(error, TOP_FLAGS));
  }
  if (values.help) {
    print(`${TOP_USE}\n\n${flagsHelp(TOP_FLAGS)}${API_NOTE}`);
    return EXIT.ok;
  }
  const looking = lookingOf(values);
  if (typeof looking === "string") return refuse(looking);
  return await askingApi(async () => {
    if (values.once || !Deno.stdout.isTerminal()) {
      print((await screen(looking, PLAIN_ROWS)).map(safe).join("\n") + "\n");
      return EXIT.ok;
    }
    return await follow(looking);
  });
}

function lookingOf(
  values: Readonly<Record<string, string | boolean | undefined>>,
): Looking | string {
  const { sort = "queuedMessages", interval = "2", client } = values;
  if (!SORT_COLUMNS.includes(String(sort))) {
    return `--sort: Must be one of ${SORT_COLUMNS.join(", ")}, is "${sort}"`;
  }
  const seconds = Number(interval);
  if (!(seconds >= 1 && seconds <= 3600)) {
    return `--interval: Must be a number from 1 to 3600, is "${interval}"`;
  }
  try {
    return {
      api: openApi(values),
      clientId: client === undefined ? undefined : String(client),
      intervalMs: seconds * 1000,
      sort: String(sort),
    };
  } catch (error) {
    return messageOf(error);
  }
}

/** The lines to show, at most `rows`. */
async function screen({ api, clientId, sort }: Looking, rows: number): Promise<string[]> {
  if (clientId !== undefined) {
    return detailLines(await api.get(`/clients/${encodeURIComponent(clientId)}`));
  }
  const head = headLines(await api.get<Overview>("/overview"));
  const limit = Math.min(1000, Math.max(1, rows - head.length - 1));
  const order = sort === "clientId" ? "asc" : "desc";
  const { items } = await api.get<{ items: ClientRow[] }>("/clients", { sort, order, limit });
  return [...head, ...clientLines(items, sort)];
}

/** Shows it again at each interval, until `q` or Ctrl+C. */
async function follow(looking: Looking): Promise<number> {
  let isEnded = false;
  let wake = () => {};
  const hasKeys = Deno.stdin.isTerminal();
  if (hasKeys) Deno.stdin.setRaw(true, { cbreak: true });
  const keys = hasKeys ? Deno.stdin.readable.getReader() : undefined;
  const read = async () => {
    for (
      let part = await keys?.read();
      part !== undefined && !part.done;
      part = await keys?.read()
    ) {
      const key = String.fromCharCode(part.value[0] ?? 0);
      if (key === "q") isEnded = true;
      if (key === "s") looking.sort = next(looking.sort);
      wake();
    }
  };
  read().catch(() => {});
  try {
    while (!isEnded) {
      const { rows, columns } = Deno.consoleSize();
      const lines = (await screen(looking, rows - 1)).map(safe);
      print(CLEAR + lines.slice(0, rows - 1).map((line) => line.slice(0, columns)).join("\n"));
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, looking.intervalMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  } finally {
    if (hasKeys) Deno.stdin.setRaw(false);
    await keys?.cancel();
    print("\n");
  }
  return EXIT.ok;
}

function next(sort: string): string {
  return SORT_COLUMNS[(SORT_COLUMNS.indexOf(sort) + 1) % SORT_COLUMNS.length]!;
}

function refuse(problem: string): number {
  printError(`${problem}\nSee flux-mqtt top --help\n`);
  return EXIT.usage;
}
