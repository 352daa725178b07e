import { strict as assert } from "node:assert";
import { load } from "../config/support.ts";
import { LocalNodes } from "../support/local_nodes.ts";
import { LocalServer } from "../support/local_server.ts";
import { NatsServer, natsTest } from "../support/nats_server.ts";
import { type Case, in31 } from "./beside/case.ts";
import { EXCHANGES } from "./beside/exchanges.ts";
import { fileOf, FILES } from "./beside/files.ts";
import { FIRST_PACKETS } from "./beside/first_packets.ts";
import { problemAtTwoNodes, renamed } from "./beside/judge.ts";
import { LATER_PACKETS } from "./beside/later_packets.ts";
import { CASE_NAMES, label } from "./beside/names.ts";
import { PROGRAM_CASES, PROGRAM_FILES } from "./beside/programs.ts";
import { SUBSCRIBED } from "./beside/subscribed.ts";
import { listeners, type Place, talk } from "./beside/talk.ts";
import { TwoNodesPlace } from "./beside/two_nodes.ts";
import { TWO_NODES_DIFFERENCES } from "./beside/two_nodes_differences.ts";

/** What mosquitto's broker tests are about, at two nodes: they answer as one broker does, which is held against mosquitto itself. */

/** Plays the cases at one broker and at two nodes, with these lines in their files, and returns what is wrong. */
async function playAll(
  nats: NatsServer,
  cases: readonly Case[],
  lines: readonly string[] = [],
): Promise<readonly string[]> {
  const { broker: options, listeners: [first] } = load({ file: fileOf(lines) });
  const listener = first!.options;
  const alone = new LocalServer(options, listener);
  const wrong: string[] = [];
  try {
    await using nodes = await LocalNodes.start(nats.url, { options, listener });
    await using place = await TwoNodesPlace.open(placesOf(nodes.ports), await nodes.listen());
    for (const [i, { name, version, script }] of cases.entries()) {
      const said = await Promise.all(
        [place, listeners([alone.port])].map((at) => talk(at, renamed(script, i), version)),
      ) as [string[], string[]];
      wrong.push(problemAtTwoNodes(`${label(lines)}${name} v${version}`, ...said));
    }
  } finally {
    await alone.server.close();
  }
  return wrong.filter((text) => text !== "");
}

function placesOf([here, there]: readonly [number, number]): [Place, Place] {
  return [listeners([here]), listeners([there])];
}

const ROOMS: readonly (readonly [name: string, cases: readonly Case[]])[] = [
  ["first and later packets", [...FIRST_PACKETS, ...LATER_PACKETS]],
  ["exchanges", [...EXCHANGES, ...SUBSCRIBED, ...PROGRAM_CASES]],
  ["exchanges of 3.1", in31(...EXCHANGES, ...SUBSCRIBED)],
];
for (const [name, cases] of ROOMS) {
  natsTest(
    `${cases.length} ${name}, each client at the other node, are answered as one broker answers them, or as the table has it`,
    async () => {
      await using nats = await NatsServer.start();
      assert.equal((await playAll(nats, cases)).join("\n\n"), "");
    },
  );
}

natsTest("lines of mosquitto's file change the answers of two nodes as those of one", async () => {
  await using nats = await NatsServer.start();
  const wrong = await Promise.all(
    [...FILES, ...PROGRAM_FILES].map(([lines, cases]) => playAll(nats, cases, lines)),
  );
  assert.equal(wrong.flat().join("\n\n"), "");
});

Deno.test("every line of the table of two nodes' differences is about some case", () => {
  for (const { cases, why } of TWO_NODES_DIFFERENCES) {
    assert.ok(CASE_NAMES.some((name) => cases.test(name)), `${cases} ${why}`);
  }
});
