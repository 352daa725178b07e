import { strict as assert } from "node:assert";
import { MqttClient } from "../../lib/client/mod.ts";
import { BrokerProcess } from "../support/broker_process.ts";
import { callFlux, runFlux } from "../support/flux.ts";

const QOS1 = { qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
const text = (value: string) => new TextEncoder().encode(value);

/** A session with two filters and five messages that wait for it, a bridge's that is left over, and a retained message. */
async function fill(broker: BrokerProcess): Promise<void> {
  const place = { hostname: "127.0.0.1", port: broker.port };
  const properties = { sessionExpiryInterval: 3600 };
  const archive = await MqttClient.connect({ ...place, clientId: "archive\x1b[2J", properties });
  await archive.subscribe([{ topicFilter: "a/#", ...QOS1 }, { topicFilter: "b", ...QOS1 }]);
  await archive.disconnect();
  const sensor = await MqttClient.connect({ ...place, clientId: "sensor" });
  for (let i = 0; i < 5; i++) await sensor.publish("a/b", text(`${i}`), { qos: 1 });
  await sensor.publish("c", text("kept"), { qos: 1, retain: true });
  await sensor.disconnect();
}

Deno.test({
  name:
    "store tells what a running broker has stored, and backs it up; the backup is restored elsewhere",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn(t) {
    const directory = await Deno.makeTempDir();
    try {
      const data = `${directory}/data`;
      const flux = (...args: string[]) => callFlux(["store", ...args]);
      {
        await using broker = await BrokerProcess.start({ config: `persistence_location ${data}` });
        await fill(broker);
        await t.step("size, list, inspect and verify, while it runs", async () => {
          const size = await flux("size", "-d", data);
          assert.match(size.out, /^sessions +1$/m);
          assert.match(size.out, /^deliveries +5$/m);
          assert.match(size.out, /^retained +1$/m);
          const list = await flux("list", "-d", data);
          assert.match(list.out, /^archive\?\[2J +- +2 +5 +20\d\d-/m);
          const session = await flux("inspect", "-d", data, "archive\x1b[2J");
          assert.match(session.out, /^subscribes to +a\/#$/m);
          assert.equal((await flux("inspect", "-d", data, "nobody")).status, 1);
          assert.deepEqual(await flux("verify", "-d", data), {
            status: 0,
            out: `${data}/flux-mqtt.db is whole\n`,
            error: "",
          });
        });
        await t.step("what must not happen to a running broker is refused", async () => {
          for (const action of [["compact"], ["restore", `${directory}/backup`]]) {
            if (action[0] === "restore") await flux("backup", "-d", data, `${directory}/backup`);
            const { status, error } = await flux(...action, "-d", data);
            assert.equal(status, 1);
            assert.match(error, /another broker has it/);
          }
          const again = await flux("backup", "-d", data, `${directory}/backup`);
          assert.equal(again.status, 1);
          assert.match(again.error, /^Cannot back up to \S+backup: File exists\n$/);
        });
      }
      await t.step("restore and compact, where none runs", async () => {
        const restored = `${directory}/restored`;
        const { status, out } = await flux("restore", `${directory}/backup`, "-d", restored);
        assert.equal(status, 0, out);
        // In a process of its own: with the permissions that people run it with, SQLite can do less.
        const compacted = await runFlux(["store", "compact", "-d", restored]);
        assert.deepEqual([compacted.status, compacted.error], [0, ""]);
        assert.match(compacted.out, /^\S+\/flux-mqtt\.db: \d+\.\d MB before, \d+\.\d MB now\n$/);
        assert.match(
          (await flux("restore", `${directory}/backup`, "-d", restored)).out,
          /the old store is now .*before-restore/,
        );
        await using broker = await BrokerProcess.start({
          config: `persistence_location ${restored}`,
        });
        const place = { hostname: "127.0.0.1", port: broker.port };
        const got: string[] = [];
        const all = Promise.withResolvers<void>();
        const archive = await MqttClient.connect({
          ...place,
          clientId: "archive\x1b[2J",
          cleanStart: false,
          properties: { sessionExpiryInterval: 3600 },
          onMessage: ({ payload }) => {
            if (got.push(new TextDecoder().decode(payload)) === 5) all.resolve();
          },
        });
        await all.promise;
        await archive.disconnect();
        assert.deepEqual(got, ["0", "1", "2", "3", "4"]);
      });
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});

Deno.test("store verify finds damage, and restore takes no damaged backup", async () => {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${directory}/flux-mqtt.db`, "no database".repeat(500));
    const verified = await callFlux(["store", "verify", "-d", directory]);
    assert.equal(verified.status, 1);
    assert.match(verified.error, /changes too fast, or is damaged/);
    const restored = await callFlux([
      "store",
      "restore",
      `${directory}/flux-mqtt.db`,
      "-d",
      `${directory}/x`,
    ]);
    assert.equal(restored.status, 1);
    assert.match(restored.error, /not a database/);
    assert.throws(() => Deno.statSync(`${directory}/x`), Deno.errors.NotFound);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("store says where there is none", async () => {
  const { status, error } = await callFlux(["store", "size", "-d", "/nonexistent"]);
  assert.deepEqual([status, error.split(";")[0]], [1, "/nonexistent: There is no store here"]);
});

const misuses: [args: string[], error: RegExp][] = [
  [[], /^Needs one of size, list, /],
  [["burn"], /^burn: Is not an action; needs one of size, list, /],
  [["lst"], /^lst: Is not an action; did you mean list\?$/m],
  [["backup"], /^backup needs a FILE$/m],
  [["size", "x"], /^x: Is not understood$/m],
  [["inspect", "x", "y"], /^y: Is not understood$/m],
];
for (const [args, error] of misuses) {
  Deno.test(`flux-mqtt store ${args.join(" ")} is refused: status 2`, async () => {
    const run = await callFlux(["store", ...args]);
    assert.equal(run.status, 2);
    assert.match(run.error, error);
  });
}

/** What is asked of a directory with a file that is no database, and the answer. */
const REFUSED: readonly [args: readonly string[], error: RegExp][] = [
  [["restore", "nothing.db"], /^Cannot restore nothing\.db: No such file or directory\n$/],
  [["restore", "garbage.db"], /^Cannot restore garbage\.db: file is not a database\n$/],
  [["compact"], /^Cannot compact data: file is not a database\n$/],
  [["size"], /^Cannot copy data\/flux-mqtt\.db: it changes too fast, or is damaged\n$/],
  [["backup", "data/flux-mqtt.db"], /^Cannot back up to data\/flux-mqtt\.db: File exists\n$/],
];

for (const [args, error] of REFUSED) {
  Deno.test(`store ${args.join(" ")}: what cannot be done is told with the act and the file`, async () => {
    const directory = await Deno.makeTempDir();
    try {
      await Deno.mkdir(`${directory}/data`);
      for (const name of ["garbage.db", "data/flux-mqtt.db"]) {
        await Deno.writeTextFile(`${directory}/${name}`, "no database\n".repeat(1000));
      }
      const run = await runFlux(["store", ...args], { cwd: directory });
      assert.equal(run.status, 1);
      assert.match(run.error, error);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  });
}
