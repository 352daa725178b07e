import { safe } from "./terminal_text.ts";

/** Numbers of the broker, from the API. */
export type Numbers = Readonly<Record<string, number>>;

/** The broker as a whole. */
export interface Overview {
  readonly version: string;
  readonly startedMs: number;
  readonly hasStore: boolean;
  readonly gauges: Numbers;
  readonly warnings: readonly { readonly level: string; readonly text: string }[];
}

/** One row of the list of clients. */
export type ClientRow = Readonly<Record<string, string | number | boolean>>;

/** The columns with their widths; numbers are aligned to the right. */
const COLUMNS: readonly [key: string, title: string, width: number, isText?: true][] = [
  ["clientId", "CLIENT", 28, true],
  ["userName", "USER", 12, true],
  ["remoteAddress", "ADDRESS", 22, true],
  ["protocolVersion", "MQTT", 4],
  ["subscriptionCount", "SUBS", 6],
  ["queuedMessages", "WAITING", 8],
  ["inFlight", "FLIGHT", 7],
  ["unsentBytes", "UNSENT", 9],
  ["dropped", "DROPPED", 9],
  ["isConnected", "STATE", 6, true],
];

/** The columns to sort by. */
export const SORT_COLUMNS: readonly string[] = [
  "queuedMessages",
  "dropped",
  "inFlight",
  "unsentBytes",
  "subscriptionCount",
  "lastReceivedMs",
  "clientId",
];

/** The head of the screen: the state of the broker. */
export function headLines({ version, startedMs, hasStore, gauges, warnings }: Overview): string[] {
  const n = (name: string) => gauges[name] ?? 0;
  const up = duration((Date.now() - startedMs) / 1000);
  const store = hasStore
    ? `, store ${bytes(n("storeBytes"))}, ${rate(n("commitRate"))} commits`
    : "";
  return [
    `flux-mqtt ${version}, up ${up}: ${count(n("clients"))} clients, ${
      count(n("sessions"))
    } sessions, ` +
    `${count(n("subscriptions"))} subscriptions, ${count(n("retained"))} retained`,
    `messages ${rate(n("receivedRate"))} in, ${rate(n("sentRate"))} out, ${
      rate(n("droppedRate"))
    } dropped; ` +
    `data ${bytes(n("receivedBytesRate"))}/s in, ${bytes(n("sentBytesRate"))}/s out`,
    `memory ${bytes(n("memoryBytes"))}, processor ${(n("cpu") * 100).toFixed(0)} %, ` +
    `latency p99 ${(n("latencyP99") * 1000).toFixed(1)} ms, loop delay p99 ${
      (n("loopDelayP99") * 1000).toFixed(0)
    } ms, ${bytes(n("queuedBytes"))} wait${store}`,
    ...warnings.map(({ level, text }) => `${level}: ${safe(text)}`),
    "",
  ];
}

/** The list of clients. */
export function clientLines(rows: readonly ClientRow[], sort: string): string[] {
  const title = COLUMNS.map(([key, name, width, isText]) =>
    cell(key === sort ? `${name}*` : name, width, isText)
  );
  return [
    title.join(" ").trimEnd(),
    ...rows.map((row) =>
      COLUMNS.map(([key, , width, isText]) => cell(shown(key, row[key]), width, isText)).join(" ")
        .trimEnd()
    ),
  ];
}

/** One client, a line for each fact. */
export function detailLines(detail: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(detail).flatMap(([name, value]) => {
    if (Array.isArray(value)) {
      return value.map((text) => `${name.padEnd(24)} ${safe(String(text))}`);
    }
    const text = typeof value === "object" && value !== null
      ? Object.entries(value).map(([key, number]) => `${key} ${number}`).join(", ") || "-"
      : value === ""
      ? "-"
      : name.endsWith("Ms") && Number(value) > 0
      ? new Date(Number(value)).toISOString()
      : value === null
      ? "without end"
      : String(value);
    return [`${name.padEnd(24)} ${safe(text)}`];
  });
}

function shown(key: string, value: string | number | boolean | undefined): string {
  if (key === "isConnected") return value === true ? "here" : "away";
  if (key === "unsentBytes") return bytes(Number(value));
  return typeof value === "number" ? count(value) : safe(String(value ?? "")) || "-";
}

/** Cuts or pads a text to the width. */
function cell(text: string, width: number, isText = false): string {
  const cut = text.length > width ? `${text.slice(0, width - 1)}\u2026` : text;
  return isText ? cut.padEnd(width) : cut.padStart(width);
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en");
}

function rate(value: number): string {
  return `${value > 0 && value < 10 ? value.toFixed(1) : count(value)}/s`;
}

function bytes(value: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${units[unit]}`;
}

function duration(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1) return `${Math.floor(seconds)} s`;
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}
