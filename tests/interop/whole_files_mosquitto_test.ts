import { strict as assert } from "node:assert";
import { BrokerProcess } from "../support/broker_process.ts";
import { freePort } from "../support/free_port.ts";
import { MosquittoBroker } from "../support/mosquitto_broker.ts";
import { besideTest, problemOf, renamed } from "./beside/judge.ts";
import type { Case } from "./beside/case.ts";
import { AFTER, AFTER_TWICE, BEFORE } from "./beside/restarted.ts";
import { DurablePlace, listeners, type Place, talk } from "./beside/talk.ts";
import {
  fileOf,
  FILES_BESIDE,
  LATER_CASES,
  LATER_RULES,
  LISTENER_COUNT,
  WHOLE_FILE_CASES,
} from "./beside/whole_files.ts";

/** Whole files of mosquitto, with users, rules, mount points and limits, at both brokers as processes. */

const portsOf = () => Array.from({ length: LISTENER_COUNT }, freePort);

async function play(
  cases: readonly Case[],
  both: readonly [ours: Place, theirs: Place],
): Promise<string[]> {
  const wrong: string[] = [];
  for (const [i, { name, version, script }] of cases.entries()) {
    const said = await Promise.all(
      both.map((place) => talk(place, renamed(script, i), version)),
    ) as [string[], string[]];
    wrong.push(problemOf(`${name} v${version}`, ...said));
  }
  return wrong.filter((text) => text !== "");
}

besideTest(
  "a file of many listeners, with line endings of Windows, means to us what it means to mosquitto",
  async () => {
    const [ours, theirs] = [portsOf(), portsOf()];
    await using mosquitto = await MosquittoBroker.ofFile(
      theirs.at(-1)!,
      fileOf(theirs),
      FILES_BESIDE,
    );
    await mosquitto.start();
    const directory = await Deno.makeTempDir();
    for (const [name, text] of Object.entries(FILES_BESIDE)) {
      await Deno.writeTextFile(`${directory}/${name}`, text);
    }
    try {
      await using broker = await BrokerProcess.start({
        config: fileOf(ours).replaceAll("DIR", directory),
        isPortOwn: true,
        // mosquitto knows neither.
        flags: ["--no-persistence", "--acl-subscribe", "mosquitto", "--max-failure-delay", "0"],
      });
      await broker.untilLog((log) => (log.match(/Listening/g) ?? []).length >= LISTENER_COUNT);
      const wrong = await play(WHOLE_FILE_CASES, [listeners(ours), listeners(theirs)]);
      await Deno.writeTextFile(`${directory}/rules`, LATER_RULES);
      await mosquitto.write("rules", LATER_RULES);
      broker.signal("SIGHUP");
      mosquitto.reload();
      await broker.untilLog(/Users and rules are read again/, 10_000);
      wrong.push(...await play(LATER_CASES, [listeners(ours), listeners(theirs)]));
      assert.equal(wrong.join("\n\n"), "");
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
);

besideTest("what is kept over two restarts is the same at both brokers", async () => {
  const directory = await Deno.makeTempDir();
  await using mosquitto = await MosquittoBroker.start("", true);
  const config = `persistence_location ${directory}`;
  const start = () => BrokerProcess.start({ config });
  const wrong: string[] = [];
  try {
    for (const [i, cases] of [BEFORE, AFTER, AFTER_TWICE].entries()) {
      await using broker = await start();
      if (i > 0) await mosquitto.start();
      using ours = await DurablePlace.open(broker.port);
      using theirs = await DurablePlace.open(mosquitto.port);
      wrong.push(...await play(cases, [ours, theirs]));
      await broker.stop();
      await mosquitto.stop();
    }
    assert.equal(wrong.join("\n\n"), "");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
