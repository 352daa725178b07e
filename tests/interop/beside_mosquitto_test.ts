import { strict as assert } from "node:assert";
import { load } from "../config/support.ts";
import { LocalServer } from "../support/local_server.ts";
import { hasMosquitto, MosquittoBroker } from "../support/mosquitto_broker.ts";
import type { Case } from "./beside/case.ts";
import { DIFFERENCES } from "./beside/differences.ts";
import { EXCHANGES } from "./beside/exchanges.ts";
import { FILES } from "./beside/files.ts";
import { FIRST_PACKETS } from "./beside/first_packets.ts";
import { LATER_PACKETS } from "./beside/later_packets.ts";
import { SUBSCRIBED } from "./beside/subscribed.ts";
import { talk } from "./beside/talk.ts";

/** What this broker answers, packet by packet, beside what mosquitto answers: what mosquitto's own broker tests are about, and more. */

/** The table of differences is that of one version. */
const VERSION = "2.0.11";

const isThatVersion = hasMosquitto && await (async () => {
  const { stdout } = await new Deno.Command("mosquitto", { args: ["-h"] }).output();
  if (new TextDecoder().decode(stdout).includes(`version ${VERSION}`)) return true;
  // deno-lint-ignore no-console -- whoever reads the results is to know
  console.log(`Skipped: this mosquitto is not ${VERSION}, whose answers are known`);
  return false;
})();

function besideTest(name: string, fn: () => Promise<void>): void {
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

/** Plays the cases at both brokers, with these lines in both files, and returns what is wrong. */
async function playAll(
  cases: readonly Case[],
  lines: readonly string[] = [],
): Promise<readonly string[]> {
  const [own, listener] = [false, true].map((isListener) =>
    lines.filter((line) => line.startsWith(" ") === isListener)
  ) as [string[], string[]];
  const file = [...own, "allow_anonymous true", "listener 1883 127.0.0.1", ...listener].join("\n");
  const config = load({ file });
  const ours = new LocalServer(config.broker, config.listeners[0]!.options);
  await using theirs = await MosquittoBroker.start(own.join("\n"), false, listener.join("\n"));
  const label = lines.length === 0 ? "" : `${lines.map((line) => line.trim()).join(", ")}: `;
  const wrong: string[] = [];
  try {
    for (const [i, { name, version, script }] of cases.entries()) {
      const unique = script.replaceAll(/clientId=(\w)/g, `clientId=c${i}$1`);
      const said = await Promise.all(
        [ours, theirs].map(({ port }) => talk(port, unique, version)),
      ) as [string[], string[]];
      const problem = problemOf(`${label}${name} v${version}`, ...said);
      if (problem !== "") wrong.push(problem);
    }
  } finally {
    await ours.server.close();
  }
  return wrong;
}

function problemOf(name: string, ours: readonly string[], theirs: readonly string[]): string {
  const both = [judged(ours, theirs), judged(theirs, ours)].map((said) => said.join("\n"));
  const known = DIFFERENCES.find(({ cases }) => cases.test(name));
  if (known === undefined) return both[0] === both[1] ? "" : `${name}\n${both.join("\nTHEIRS\n")}`;
  if (both[0] === both[1]) return `${name}: there is no difference: ${known.why}\n${both[0]}`;
  return known.ours.test(both[0]!) ? "" : `${name}: must end with ${known.ours}\n${both[0]}`;
}

/** What is played in 3.1.1, in 3.1. */
function in31(...cases: readonly Case[]): Case[] {
  return cases.filter(({ version }) => version === 4).map((one) => ({ ...one, version: 3 }));
}

const ROOMS: readonly (readonly [name: string, cases: readonly Case[]])[] = [
  ["first packets", FIRST_PACKETS],
  ["later packets", LATER_PACKETS],
  ["exchanges", EXCHANGES],
  ["exchanges with subscriptions, retained messages and wills", SUBSCRIBED],
  ["packets and exchanges of 3.1", in31(...LATER_PACKETS, ...EXCHANGES, ...SUBSCRIBED)],
];
for (const [name, cases] of ROOMS) {
  besideTest(
    `${cases.length} ${name} are answered as mosquitto answers them, or as the table of differences has it`,
    async () => {
      assert.equal((await playAll(cases)).join("\n\n"), "");
    },
  );
}

besideTest("lines of mosquitto's file change the answers of both brokers alike", async () => {
  const wrong = await Promise.all(FILES.map(([lines, cases]) => playAll(cases, lines)));
  assert.equal(wrong.flat().join("\n\n"), "");
});

Deno.test("every line of the table of differences is about some case", () => {
  const label = (lines: readonly string[]) => `${lines.map((line) => line.trim()).join(", ")}: `;
  const names = [
    ...ROOMS.flatMap(([, cases]) => cases).map(({ name, version }) => `${name} v${version}`),
    ...FILES.flatMap(([lines, cases]) =>
      cases.map(({ name, version }) => `${label(lines)}${name} v${version}`)
    ),
  ];
  for (const { cases, why } of DIFFERENCES) assert.ok(names.some((name) => cases.test(name)), why);
});
