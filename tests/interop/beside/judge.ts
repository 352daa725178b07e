import { hasMosquitto } from "../../support/mosquitto_broker.ts";
import { type Difference, DIFFERENCES } from "./differences.ts";
import { TWO_NODES_DIFFERENCES } from "./two_nodes_differences.ts";

/** What two brokers said, compared. */

/** The table of differences is that of one version. */
const VERSION = "2.0.11";

const isThatVersion = hasMosquitto && await (async () => {
  const { stdout } = await new Deno.Command("mosquitto", { args: ["-h"] }).output();
  if (new TextDecoder().decode(stdout).includes(`version ${VERSION}`)) return true;
  // deno-lint-ignore no-console -- whoever reads the results is to know
  console.log(`Skipped: this mosquitto is not ${VERSION}, whose answers are known`);
  return false;
})();

/** A test beside the mosquitto whose answers are known. */
export function besideTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: !isThatVersion, fn, sanitizeOps: true, sanitizeResources: true });
}

/** A refusal, in a packet or by a packet that comes before the end. */
const REFUSAL = /^ {2}(\w+)< (DISCONNECT|CONNACK (?!(\w+=\w+ )?(sessionPresent )?Success))/;

/** Without last words before the end, where the other broker ends without. In DISCONNECT even the words may differ: 2.0.11 is silent in most cases. */
function judged(said: readonly string[], other: readonly string[]): string[] {
  const refused = new Set(other.map((line) => REFUSAL.exec(line)?.[1]));
  return said.filter((line, i) => {
    const [, name, type] = REFUSAL.exec(line) ?? [];
    if (name === undefined || said[i + 1] !== `  ${name}< closed`) return true;
    return type !== "DISCONNECT" && refused.has(name);
  });
}

/** A script with Client Identifiers of its own. */
export function renamed(script: string, i: number): string {
  return script.replaceAll(/clientId=(\w)/g, `clientId=c${i}$1`);
}

/** What is wrong with this broker's answers beside mosquitto's, or with the table of differences; nothing: "". */
export function problemOf(
  name: string,
  ours: readonly string[],
  theirs: readonly string[],
): string {
  return compared(name, DIFFERENCES, judged(ours, theirs), judged(theirs, ours));
}

/** What is wrong with the answers of two nodes beside those of one broker, or with the table of their differences; nothing: "". */
export function problemAtTwoNodes(
  name: string,
  two: readonly string[],
  one: readonly string[],
): string {
  return compared(name, TWO_NODES_DIFFERENCES, two, one);
}

function compared(
  name: string,
  differences: readonly Difference[],
  ...sides: readonly [ours: readonly string[], theirs: readonly string[]]
): string {
  const [ours, theirs] = sides.map((said) => said.join("\n")) as [string, string];
  const known = differences.find(({ cases }) => cases.test(name));
  if (known === undefined) return ours === theirs ? "" : `${name}\n${ours}\nTHEIRS\n${theirs}`;
  if (ours === theirs) {
    return known.isChance ? "" : `${name}: there is no difference: ${known.why}\n${ours}`;
  }
  return known.ours.test(ours) ? "" : `${name}: must end with ${known.ours}\n${ours}`;
}
