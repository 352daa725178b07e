import { strict as assert } from "node:assert";
import { BrokerProcess, type BrokerProcessInit } from "../support/broker_process.ts";
import { freePort } from "../support/free_port.ts";
import { isLeftOut } from "../support/long.ts";
import { TwoNodes } from "../support/two_nodes.ts";
import { whyNoNatsServer } from "../support/nats_server.ts";
import type { Case } from "./beside/case.ts";
import { problemAtTwoNodes, renamed } from "./beside/judge.ts";
import { listeners, type Place, talk } from "./beside/talk.ts";
import { TwoNodesPlace } from "./beside/two_nodes.ts";
import {
  fileOf,
  FILES_BESIDE,
  LATER_CASES,
  LATER_RULES,
  LISTENER_COUNT,
  WHOLE_FILE_CASES,
} from "./beside/whole_files.ts";

/** A file of many listeners, with users, rules, mount points and limits, at two nodes: they answer as one broker does. */

const portsOf = () => Array.from({ length: LISTENER_COUNT }, freePort);

function init(ports: readonly number[], directory: string): BrokerProcessInit {
  return {
    config: fileOf(ports).replaceAll("DIR", directory),
    isPortOwn: true,
    flags: ["--no-persistence", "--acl-subscribe", "mosquitto", "--max-failure-delay", "0"],
  };
}

async function play(cases: readonly Case[], two: Place, one: Place): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const [i, { name, version, script }] of cases.entries()) {
    const said = await Promise.all(
      [two, one].map((place) => talk(place, renamed(script, i), version)),
    ) as [string[], string[]];
    wrong.push(problemAtTwoNodes(`${name} v${version}`, ...said));
  }
  return wrong.filter((text) => text !== "");
}

async function tryFile(): Promise<void> {
  const [ofHere, ofThere, ofOne] = [portsOf(), portsOf(), portsOf()];
  const directory = await Deno.makeTempDir();
  for (const [name, text] of Object.entries(FILES_BESIDE)) {
    await Deno.writeTextFile(`${directory}/${name}`, text);
  }
  try {
    await using alone = await BrokerProcess.start(init(ofOne, directory));
    const rest = [ofHere, ofThere];
    await using nodes = await TwoNodes.start(() => init(rest.shift()!, directory));
    const brokers = [alone, nodes.here, nodes.there];
    for (const broker of brokers) {
      await broker.untilLog((log) => (log.match(/Listening/g) ?? []).length >= LISTENER_COUNT);
    }
    const one = listeners(ofOne);
    await using both = await TwoNodesPlace.open(
      [listeners(ofHere), listeners(ofThere)],
      [ofHere.at(-1)!, ofThere.at(-1)!],
    );
    const wrong = [...await play(WHOLE_FILE_CASES, both, one)];
    await Deno.writeTextFile(`${directory}/rules`, LATER_RULES);
    for (const broker of brokers) broker.signal("SIGHUP");
    for (const broker of brokers) {
      await broker.untilLog(/Users and rules are read again/, 10_000);
    }
    wrong.push(...await play(LATER_CASES, both, one));
    assert.equal(wrong.join("\n\n"), "");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const name =
  "a file of many listeners means to two nodes what it means to one broker, or as the table of their differences has it";
const missing = whyNoNatsServer();
// deno-lint-ignore no-console -- whoever reads the results is to know
if (missing !== undefined) console.log(`Skipped: a file of many listeners: ${missing}`);
Deno.test({
  name,
  ignore: missing !== undefined || isLeftOut(name),
  sanitizeOps: true,
  sanitizeResources: true,
  fn: tryFile,
});
