import type { Case } from "./case.ts";
import { EXCHANGES } from "./exchanges.ts";
import { FILES } from "./files.ts";
import { FIRST_PACKETS } from "./first_packets.ts";
import { LATER_PACKETS } from "./later_packets.ts";
import { PROGRAM_CASES, PROGRAM_FILES } from "./programs.ts";
import { AFTER, AFTER_TWICE, BEFORE } from "./restarted.ts";
import { SUBSCRIBED } from "./subscribed.ts";
import { LATER_CASES, WHOLE_FILE_CASES } from "./whole_files.ts";

/** What stands before the names of cases at brokers with these lines. */
export function label(lines: readonly string[]): string {
  return lines.length === 0 ? "" : `${lines.map((line) => line.trim()).join(", ")}: `;
}

function named(cases: readonly Case[], lines: readonly string[] = []): string[] {
  return cases.map(({ name, version }) => `${label(lines)}${name} v${version}`);
}

/** The names of all cases, with their versions. Packets and exchanges of 3.1.1 are also played in 3.1. */
export const CASE_NAMES: readonly string[] = [
  ...[FIRST_PACKETS, LATER_PACKETS, EXCHANGES, SUBSCRIBED, PROGRAM_CASES].flatMap((cases) =>
    named(cases)
  ),
  ...[LATER_PACKETS, EXCHANGES, SUBSCRIBED].flatMap((cases) =>
    named(cases.filter(({ version }) => version === 4).map((one) => ({ ...one, version: 3 })))
  ),
  ...[WHOLE_FILE_CASES, LATER_CASES, BEFORE, AFTER, AFTER_TWICE].flatMap((cases) => named(cases)),
  ...[...FILES, ...PROGRAM_FILES].flatMap(([lines, cases]) => named(cases, lines)),
];
