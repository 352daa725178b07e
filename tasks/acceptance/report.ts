import type { Outcome } from "./row.ts";

/** What the report says about the run beside its rows. */
export interface Circumstances {
  readonly date: Date;
  readonly version: string;
  readonly system: string;
  readonly deno: string;
  /** `undefined`: not installed. */
  readonly mosquitto: string | undefined;
}

/** `N passed, N failed, N skipped`. */
export function summary(outcomes: readonly Outcome[]): string {
  const count = (status: Outcome["status"]) =>
    outcomes.filter((outcome) => outcome.status === status).length;
  return `${count("passed")} passed, ${count("failed")} failed, ${count("skipped")} skipped`;
}

/** The report in Markdown, in the form that the guide gives. */
export function report(outcomes: readonly Outcome[], circumstances: Circumstances): string {
  const { date, version, system, deno, mosquitto } = circumstances;
  const failed = outcomes.filter(({ status }) => status === "failed");
  return [
    "# MQTT Broker test report",
    "",
    `- Date: ${date.toISOString().slice(0, 16).replace("T", " ")} UTC`,
    "- Tester: `deno task acceptance`",
    `- Version: flux-mqtt ${version}`,
    `- Operating system: ${system}`,
    `- Deno: ${deno}`,
    `- mosquitto clients: ${mosquitto ?? "not installed"}`,
    "",
    "## Summary",
    "",
    `${outcomes.length} rows: ${summary(outcomes)}.`,
    "",
    "## Results in detail",
    "",
    "Each row has a broker of its own, freshly started on a free port.",
    "",
    "| # | what is tested | how | what must happen | result | what happened |",
    "|---|---|---|---|---|---|",
    ...outcomes.map(line),
    "",
    "## Problems",
    "",
    ...(failed.length === 0 ? ["None."] : failed.flatMap(problem)),
    "",
    "## Suggestions",
    "",
    ...suggestions(outcomes).map((text) => `- ${text}`),
    "",
  ].join("\n");
}

function line({ row, status, observed, tookMs }: Outcome): string {
  const took = status === "skipped" ? "" : ` (${(tookMs / 1000).toFixed(1)} s)`;
  const what = status === "failed" ? "see Problems" : observed;
  const cells = [row.id, row.title, row.how, row.expected, status + took, what];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function problem({ row, observed }: Outcome): string[] {
  return [`### ${row.id} ${row.title}`, "", "```", observed.replaceAll("```", "'''"), "```", ""];
}

function suggestions(outcomes: readonly Outcome[]): string[] {
  const reasons = new Map<string, string[]>();
  for (const { row, status, observed } of outcomes) {
    if (status !== "skipped") continue;
    reasons.set(observed, [...reasons.get(observed) ?? [], row.id]);
  }
  const skipped = [...reasons].map(([reason, ids]) => `Run ${ids.join(", ")} later: ${reason}.`);
  const failed = outcomes.some(({ status }) => status === "failed")
    ? ["Repeat the failed rows alone, by the command in their third column."]
    : [];
  const all = [...failed, ...skipped];
  return all.length === 0 ? ["None."] : all;
}
