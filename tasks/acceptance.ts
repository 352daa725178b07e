// deno-lint-ignore-file no-console -- a command line tool
/**
 * Runs the acceptance guide, row by row, with mosquitto's clients against the real broker, and writes the report.
 *
 *     deno task acceptance [--out FILE] [--with-tests]
 *
 * The exit status is the number of failed rows. Rows that need mosquitto's clients are skipped where they are not installed.
 *
 * @module
 */
import { VERSION } from "../lib/version.ts";
import { BrokerProcess } from "../tests/support/broker_process.ts";
import { findMosquitto } from "../tests/support/clients.ts";
import { report, summary } from "./acceptance/report.ts";
import type { Outcome, Row } from "./acceptance/row.ts";
import { ROWS } from "./acceptance/rows.ts";
import { readFlags } from "./flags.ts";

const USE = `Runs the acceptance guide with real clients and writes the report.

  --out FILE    default: acceptance-report.md
  --with-tests  the test suite is a row of it`;

/** Runs one row against a broker of its own, which must also stop without errors. */
async function tryRow(row: Row, withTests: boolean, missing: string | undefined): Promise<Outcome> {
  const startMs = performance.now();
  const outcome = (status: Outcome["status"], observed: string): Outcome => ({
    row,
    status,
    observed,
    tookMs: performance.now() - startMs,
  });
  const { run } = row;
  if (typeof run !== "function") return outcome("skipped", run.skipped);
  if (missing !== undefined && row.id !== "1") return outcome("skipped", missing);
  try {
    await using broker = await BrokerProcess.start(row.broker);
    const untilLog = (pattern: RegExp) => broker.untilLog(pattern);
    const observed = await run({ port: broker.port, untilLog, withTests });
    await broker.stop();
    return outcome("passed", observed);
  } catch (error) {
    return outcome("failed", error instanceof Error ? error.message : String(error));
  }
}

/** `Debian GNU/Linux 12 (bookworm), Linux 6.1.0, x86_64`. */
function systemName(): string {
  const { os, arch } = Deno.build;
  let name = `${os} ${Deno.osRelease()}, ${arch}`;
  try {
    const pretty = /^PRETTY_NAME="?([^"\n]+)/m.exec(Deno.readTextFileSync("/etc/os-release"))?.[1];
    if (pretty !== undefined) name = `${pretty}, ${name}`;
  } catch {
    // This file exists only on Linux.
  }
  return name;
}

const { out, "with-tests": withTests } = readFlags(USE, {
  out: "acceptance-report.md",
  "with-tests": false,
});
const mosquitto = await findMosquitto();
const missing = "missing" in mosquitto ? mosquitto.missing : undefined;
const outcomes: Outcome[] = [];
for (const row of ROWS) {
  const outcome = await tryRow(row, withTests, missing);
  outcomes.push(outcome);
  const { status, observed } = outcome;
  const detail = status === "passed" ? "" : `: ${observed}`;
  console.log(`${status.padEnd(7)} ${row.id.padEnd(4)} ${row.title}${detail}`);
}
await Deno.writeTextFile(
  out,
  report(outcomes, {
    date: new Date(),
    version: VERSION,
    system: systemName(),
    deno: Deno.version.deno,
    mosquitto: "client" in mosquitto ? mosquitto.client : undefined,
  }),
);
console.log(`The report is in ${out}`);
console.log(summary(outcomes));
Deno.exitCode = outcomes.filter(({ status }) => status === "failed").length;
