import { safe } from "./terminal_text.ts";

/** A step of a trace, or its end, from the API. */
export interface TraceStep {
  readonly event: string;
  readonly text: string;
  readonly atMs?: number;
  readonly clientId?: string;
  readonly rule?: string;
  readonly payload?: string;
  readonly isCut?: boolean;
  /** At the end: how many steps were shown, and how many were left out. */
  readonly lines?: number;
  readonly skipped?: number;
  readonly omitted?: number;
}

/** The sign before a step. */
const SIGNS: Readonly<Record<string, string>> = {
  in: "\u2192 in",
  out: "\u2190 out",
  session_ended: "ended",
};
const SIGN_WIDTH = 12;
const CLIENT_WIDTH = 20;
const INDENT = " ".repeat(13);

/** Formats a step: a line, with the rule and the payload below it. */
export function traceText(step: TraceStep): string {
  if (step.event === "end") return endText(step);
  const { atMs = 0, event, clientId = "", text, rule, payload, isCut } = step;
  const time = new Date(atMs).toISOString().slice(11, 23);
  const sign = (SIGNS[event] ?? safe(event)).padEnd(SIGN_WIDTH);
  const client = (safe(clientId) || "the broker").padEnd(CLIENT_WIDTH);
  const lines = [`${time} ${client} ${sign} ${safe(text)}`];
  if (rule !== undefined) lines.push(`${INDENT}rule ${safe(rule)}`);
  if (payload !== undefined) lines.push(`${INDENT}${safe(payload)}${isCut ? "\u2026" : ""}`);
  return lines.join("\n") + "\n";
}

function endText({ text, lines = 0, skipped = 0, omitted = 0 }: TraceStep): string {
  const left = [
    skipped > 0 ? `, ${skipped} came too fast and are left out` : "",
    omitted > 0 ? `, ${omitted} about further clients are left out` : "",
  ];
  return `${safe(text)}: ${lines === 1 ? "1 step" : `${lines} steps`}${left.join("")}\n`;
}
