import { printHead, printRow, run, show } from "./command.ts";
import { requireLinux, tooManyConnections } from "./process.ts";

/**
 * Prints a table with a row for each number of connections, which `measure` prints; where the system does not allow so many, the row says
 * so. Needs Linux. Ends the command with status 1 where a measurement throws.
 */
export async function measureEach(
  columns: readonly string[],
  counts: readonly number[],
  measure: (count: number) => Promise<void>,
): Promise<void> {
  requireLinux();
  await run(async () => {
    printHead(columns);
    for (const count of counts) {
      const problem = tooManyConnections(count);
      if (problem === undefined) await measure(count);
      else printRow([show(count), `skipped: ${problem}`, ...columns.slice(2).map(() => "")]);
    }
  });
}
