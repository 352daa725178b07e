import { parseArgs } from "node:util";
import { type ApiClient, ApiError } from "./api_client.ts";
import { API_FLAGS, API_NOTE, askingApi, openApi } from "./api_flags.ts";
import type { Flags } from "./commands.ts";
import { flagProblem } from "./flag_problem.ts";
import { flagsHelp } from "./help.ts";
import { EXIT, messageOf, print, printError } from "./output.ts";
import { safe } from "./terminal_text.ts";
import { type TraceStep, traceText } from "./trace_text.ts";

/** The flags of `trace`. */
export const TRACE_FLAGS = {
  client: {
    type: "string",
    value: "ID",
    text: "What happens to this client, and to its messages.",
  },
  topic: {
    type: "string",
    value: "FILTER",
    text: "What happens to messages on the topics of this Topic Filter.",
  },
  for: { type: "string", value: "TIME", text: "How long: 30s, 5m or 1h at most. [60s]" },
  lines: { type: "string", value: "NUMBER", text: "Steps at most, 1 to 100000. [10000]" },
  payload: {
    type: "string",
    value: "FORMAT",
    choices: ["auto", "text", "json", "hex", "none"],
    text: "How payloads are shown. [auto]",
  },
  bytes: {
    type: "string",
    value: "NUMBER",
    text: "Bytes of a payload that are shown, 1 to 65536. [256]",
  },
  json: { type: "boolean", text: "Prints each step as a line of JSON." },
  ...API_FLAGS,
  help: { type: "boolean", text: "Prints this help." },
} as const satisfies Flags;

/** Its usage and what it does, for help and man page. */
export const TRACE_USE =
  `Shows what happens to a client or a topic, live, by the broker's API: packets in and out, who gets what, what waits and is dropped, and
the line of the acl_file that decides:
flux-mqtt trace --client ID | --topic FILTER [--for 60s] [--url URL] [--token-file FILE]`;

const SECONDS = 60;
const MAX_SECONDS = 3600;
const UNITS: Readonly<Record<string, number>> = { "": 1, s: 1, m: 60, h: 3600 };

/** What to trace. */
interface Tracing {
  readonly api: ApiClient;
  readonly query: Readonly<Record<string, string | number>>;
  readonly isJson: boolean;
}

/** `flux-mqtt trace`. */
export async function trace(args: readonly string[]): Promise<number> {
  let values;
  try {
    values = parseArgs({ args: [...args], options: TRACE_FLAGS }).values;
  } catch (error) {
    return refuse(flagProblem(error, TRACE_FLAGS));
  }
  if (values.help) {
    print(`${TRACE_USE}\n\n${flagsHelp(TRACE_FLAGS)}${API_NOTE}`);
    return EXIT.ok;
  }
  const tracing = tracingOf(values);
  if (typeof tracing === "string") return refuse(tracing);
  const ending = new AbortController();
  const onSignal = () => ending.abort();
  Deno.addSignalListener("SIGINT", onSignal);
  try {
    return await askingApi(() => follow(tracing, ending.signal));
  } finally {
    Deno.removeSignalListener("SIGINT", onSignal);
  }
}

async function follow({ api, query, isJson }: Tracing, signal: AbortSignal): Promise<number> {
  const isTerminal = Deno.stdout.isTerminal();
  for await (const line of api.lines("/trace", query, signal)) {
    print(isJson ? `${isTerminal ? safe(line) : line}\n` : traceText(stepOf(line)));
  }
  return EXIT.ok;
}

function stepOf(line: string): TraceStep {
  try {
    return JSON.parse(line);
  } catch {
    throw new ApiError("The broker answers with what is no JSON");
  }
}

function tracingOf(
  values: Readonly<Record<string, string | boolean | undefined>>,
): Tracing | string {
  const { client, topic, lines, payload, bytes } = values;
  if ((client === undefined) === (topic === undefined)) {
    return "--client or --topic: Must be given, one of the two";
  }
  const seconds = secondsOf(String(values.for ?? SECONDS));
  if (seconds === undefined) {
    return `--for: Must be a time from 1s to 1h, as 30s or 5m, is "${values.for}"`;
  }
  const given = Object.entries({ client, topic, lines, payload, bytes })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, String(value)]);
  try {
    return {
      api: openApi(values),
      query: { ...Object.fromEntries(given), for: seconds },
      isJson: values.json === true,
    };
  } catch (error) {
    return messageOf(error);
  }
}

function secondsOf(text: string): number | undefined {
  const unit = text.at(-1) ?? "";
  const isNamed = unit in UNITS;
  const number = Number(isNamed ? text.slice(0, -1) : text);
  const seconds = number * (isNamed ? UNITS[unit]! : 1);
  const isWhole = Number.isInteger(seconds) && text.trim() === text && text !== "";
  return isWhole && seconds >= 1 && seconds <= MAX_SECONDS ? seconds : undefined;
}

function refuse(problem: string): number {
  printError(`${problem}\nSee flux-mqtt trace --help\n`);
  return EXIT.usage;
}
