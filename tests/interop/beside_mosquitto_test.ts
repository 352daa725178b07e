import { strict as assert } from "node:assert";
import { load } from "../config/support.ts";
import { LocalServer } from "../support/local_server.ts";
import { MosquittoBroker } from "../support/mosquitto_broker.ts";
import { type Case, in31 } from "./beside/case.ts";
import { DIFFERENCES } from "./beside/differences.ts";
import { EXCHANGES } from "./beside/exchanges.ts";
import { fileOf, FILES, ownLines } from "./beside/files.ts";
import { FIRST_PACKETS } from "./beside/first_packets.ts";
import { besideTest, problemOf, renamed } from "./beside/judge.ts";
import { LATER_PACKETS } from "./beside/later_packets.ts";
import { CASE_NAMES, label } from "./beside/names.ts";
import { PROGRAM_CASES, PROGRAM_FILES } from "./beside/programs.ts";
import { SUBSCRIBED } from "./beside/subscribed.ts";
import { listeners, talk } from "./beside/talk.ts";

/** What this broker answers, packet by packet, beside what mosquitto answers: what mosquitto's own broker tests are about, and more. */

/** Plays the cases at both brokers, with these lines in both files, and returns what is wrong. */
async function playAll(
  cases: readonly Case[],
  lines: readonly string[] = [],
): Promise<readonly string[]> {
  const { own, listener } = ownLines(lines);
  const config = load({ file: fileOf(lines) });
  const ours = new LocalServer(config.broker, config.listeners[0]!.options);
  await using theirs = await MosquittoBroker.start(own.join("\n"), false, listener.join("\n"));
  const before = label(lines);
  const wrong: string[] = [];
  try {
    for (const [i, { name, version, script }] of cases.entries()) {
      const said = await Promise.all(
        [ours, theirs].map(({ port }) => talk(listeners([port]), renamed(script, i), version)),
      ) as [string[], string[]];
      const problem = problemOf(`${before}${name} v${version}`, ...said);
      if (problem !== "") wrong.push(problem);
    }
  } finally {
    await ours.server.close();
  }
  return wrong;
}

const ROOMS: readonly (readonly [name: string, cases: readonly Case[]])[] = [
  ["first packets", FIRST_PACKETS],
  ["later packets", LATER_PACKETS],
  ["exchanges", EXCHANGES],
  ["exchanges with subscriptions, retained messages and wills", SUBSCRIBED],
  ["exchanges of mosquitto's other broker tests", PROGRAM_CASES],
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
  const wrong = await Promise.all(
    [...FILES, ...PROGRAM_FILES].map(([lines, cases]) => playAll(cases, lines)),
  );
  assert.equal(wrong.flat().join("\n\n"), "");
});

Deno.test("every line of the table of differences is about some case", () => {
  for (const { cases, why } of DIFFERENCES) {
    assert.ok(CASE_NAMES.some((name) => cases.test(name)), why);
  }
});
