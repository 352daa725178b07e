import { strict as assert } from "node:assert";
import { DatabaseError, importDatabase, readDatabase } from "../../lib/mosquitto/mod.ts";
import { SILENT } from "../../lib/net/mod.ts";
import { openStore } from "../../lib/store/mod.ts";
import { callFlux } from "../support/flux.ts";
import { DatabaseWriter } from "./database_writer.ts";

const HOUR = Math.floor(Date.now() / 1000) + 3600;
/** A User Property `a: b`, with the length of all before it. */
const USER_PROPERTY = [7, 0x26, 0, 1, 0x61, 0, 1, 0x62];

/** One of everything, as version 5 has it. */
function version5(): DatabaseWriter {
  return new DatabaseWriter(5)
    .message(1, "plant/ö", "kept", { retain: true, properties: USER_PROPERTY, expiresAt: HOUR })
    .message(2, "plant/a", "two", { qos: 2 })
    .message(3, "plant/b", "old", { expiresAt: 1000 })
    .client("forever")
    .client("hour", 7200, HOUR)
    .client("connected", 60)
    .client("over", 60, 1000)
    .client("clean", 0)
    .clientMessage("forever", 2, 5, 2, 9)
    .clientMessage("hour", 2, 0, 1, 11, 1, [2, 0x0b, 9])
    .clientMessage("hour", 3, 0, 1, 11)
    .clientMessage("nobody", 2, 0, 1, 11)
    .subscription("forever", "plant/+", 2, 4 | 8, 9)
    .subscription("over", "#", 0)
    .retained(1)
    .retained(3);
}

async function inDirectory(act: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "flux-import-" });
  try {
    await act(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("importDatabase() takes over a file of version 5", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/mosquitto.db`;
    Deno.writeFileSync(file, version5().bytes());
    const data = `${directory}/data`;
    const { version, counts } = await importDatabase({ file, directory: data });
    assert.equal(version, 5);
    assert.deepEqual(counts, {
      sessions: 3,
      subscriptions: 1,
      queued: 1,
      inFlight: 1,
      retained: 1,
      released: 0,
      endedSessions: 2,
      goneMessages: 2,
      withoutSession: 2,
    });
    const { state, close } = openStore({
      directory: data,
      durability: "interval",
      log: SILENT,
    });
    await close();
    const [kept] = state.retained;
    assert.equal(kept!.topicName, "plant/ö");
    assert.deepEqual(kept!.properties?.userProperties, [["a", "b"]]);
    assert.equal(kept!.expiresAtMs, HOUR * 1000);
    assert.equal(kept!.publisherId, "pump");
    const sessions = new Map(Array.from(state.sessions, (session) => [session.clientId, session]));
    assert.deepEqual([...sessions.keys()].sort(), ["connected", "forever", "hour"]);
    const forever = sessions.get("forever")!;
    assert.equal(forever.expirySeconds, Infinity);
    assert.equal(forever.owner, undefined);
    assert.deepEqual(forever.subscriptions, [{
      topicFilter: "plant/+",
      qos: 2,
      noLocal: true,
      retainAsPublished: true,
      subscriptionIdentifier: 9,
    }]);
    const [released] = forever.deliveries;
    assert.equal(released!.packetId, 5);
    assert.equal(released!.state, "released");
    assert.equal(sessions.get("hour")!.expiresAtMs, HOUR * 1000);
    assert.deepEqual(sessions.get("hour")!.deliveries[0]!.delivery.subscriptionIdentifiers, [9]);
    assert.equal(sessions.get("connected")!.expiresAtMs, Infinity);
  }));

Deno.test("readDatabase() believes user names of 2.0 only where they can be those of their clients", () => {
  // As 2.0.11 writes them: bytes of the length swapped for each client that has no name.
  const writer = new DatabaseWriter(6).client("a", 60, HOUR, "alice");
  const stale = `alice${"\0".repeat(0x0500 - 5)}`;
  writer.client("b", 60, HOUR, stale).client("c", 60, HOUR, "alice").client("d", 60, HOUR, stale);
  writer.client("e", 60, HOUR, "bob").client("f", 60, HOUR, "bob");
  assert.deepEqual(
    readDatabase(writer.bytes()).clients.map(({ clientId, userName }) => [clientId, userName]),
    [
      ["a", "alice"],
      ["b", undefined],
      ["c", undefined],
      ["d", undefined],
      ["e", "bob"],
      ["f", "bob"],
    ],
  );
});

const DAMAGED: readonly [what: string, bytes: Uint8Array<ArrayBuffer>, message: RegExp][] = [
  ["another file", new TextEncoder().encode("SQLite format 3\0"), /no database of mosquitto/],
  ["an empty file", new Uint8Array(), /no database of mosquitto/],
  ["a head alone", version5().bytes().slice(0, 23), /truncated: it has nothing but its head/],
  ["a file that ends in a chunk", version5().bytes().slice(0, -3), /truncated or damaged/],
  ["a file that ends in a chunk's head", version5().bytes().slice(0, -12), /head of a chunk/],
  ...[1, 2, 3, 4].map((version): (typeof DAMAGED)[number] => [
    `version ${version}`,
    new DatabaseWriter(version).bytes(),
    new RegExp(`this is ${version}: let a mosquitto 1\\.6 or newer load and save it first`),
  ]),
  ["version 7", new DatabaseWriter(7).bytes(), /this is 7: this program does not know it/],
  ["QoS 3", new DatabaseWriter(6).message(1, "a", "", { qos: 3 }).bytes(), /QoS is 3/],
  ["a topic with a wildcard", new DatabaseWriter(6).message(1, "a/#", "").bytes(), /"a\/#"/],
  ["a filter that is none", new DatabaseWriter(6).subscription("c", "a#", 0).bytes(), /"a#"/],
  [
    "a Subscription Identifier that no packet has",
    new DatabaseWriter(6).subscription("c", "a", 0, 0, 268_435_456).bytes(),
    /Identifier is 268435456/,
  ],
  ...Object.entries({ message: 2, "client message": 3, retained: 4, subscription: 5, client: 6 })
    .map(([kind, number]): (typeof DAMAGED)[number] => [
      `a chunk that is too short, of kind ${kind}`,
      new DatabaseWriter(6).chunk(number, [1, 2]).bytes(),
      /has 2 left/,
    ]),
  [
    "properties that are none",
    new DatabaseWriter(6).message(1, "a", "", { properties: [2, 0xff, 1] }).bytes(),
    /damaged/,
  ],
  [
    "bytes behind properties",
    new DatabaseWriter(6).message(1, "a", "", { properties: [0, 1] }).bytes(),
    /bytes are left/,
  ],
];

Deno.test("readDatabase() passes over chunks of kinds that nobody knows, as mosquitto does", () => {
  const bytes = new DatabaseWriter(6).chunk(99, [1, 2, 3]).subscription("c", "a", 1).bytes();
  assert.equal(readDatabase(bytes).subscriptions.length, 1);
});

for (const [what, bytes, message] of DAMAGED) {
  Deno.test(`readDatabase() refuses ${what}, and says where`, () => {
    assert.throws(
      () => readDatabase(bytes),
      (error) => error instanceof DatabaseError && message.test(error.message),
    );
  });
}

Deno.test("readDatabase() throws nothing but its own error, wherever a byte is wrong or the file ends", () => {
  const whole = version5().bytes();
  for (let at = 0; at < whole.length; at++) {
    for (const value of [0, 0xff, whole[at]! ^ 1]) {
      const bytes = whole.slice();
      bytes[at] = value;
      for (const tried of [bytes, bytes.slice(0, at)]) {
        try {
          readDatabase(tried);
        } catch (error) {
          assert.ok(error instanceof DatabaseError, `Byte ${at} is ${value}: ${error}`);
        }
      }
    }
  }
});

Deno.test("import leaves the store as it was where the file is damaged", () =>
  inDirectory(async (directory) => {
    const [file, data] = [`${directory}/mosquitto.db`, `${directory}/data`];
    Deno.writeFileSync(file, version5().bytes());
    assert.equal((await callFlux(["import", file, "-d", data])).status, 0);
    const before = Deno.readFileSync(`${data}/flux-mqtt.db`);
    Deno.writeFileSync(file, version5().bytes().slice(0, -3));
    const { status, error } = await callFlux(["import", file, "-d", data, "--replace"]);
    assert.equal(status, 1);
    assert.match(
      error,
      /mosquitto\.db: The file is truncated .*\(at byte \d+\)\nNothing was changed/,
    );
    assert.deepEqual(Deno.readFileSync(`${data}/flux-mqtt.db`), before);
    assert.deepEqual([...Deno.readDirSync(data)].filter(({ isDirectory }) => isDirectory), []);
  }));

Deno.test("import says what is wrong with its command line", async () => {
  for (
    const [args, message] of [
      [[], /path of a mosquitto\.db/],
      [["a", "b"], /b: Is not understood/],
      [["--nonsense"], /nonsense/],
    ] as const
  ) {
    const { status, error } = await callFlux(["import", ...args]);
    assert.equal(status, 2);
    assert.match(error, message);
  }
  const missing = await callFlux(["import", "/nowhere/mosquitto.db"]);
  assert.equal(missing.status, 1);
  assert.match(missing.error, /nowhere/);
});

Deno.test("check says that a mosquitto's database was not imported", () =>
  inDirectory(async (directory) => {
    const config = `${directory}/flux.conf`;
    Deno.writeTextFileSync(config, `persistence_location ${directory}/\n`);
    assert.doesNotMatch((await callFlux(["check", "-c", config])).out, /not imported/);
    Deno.writeFileSync(`${directory}/mosquitto.db`, version5().bytes());
    const { status, out } = await callFlux(["check", "-c", config]);
    assert.equal(status, 0);
    assert.match(
      out,
      /warning: .*mosquitto\.db was not imported: flux-mqtt import .*mosquitto\.db -c FILE/,
    );
    const { error } = await callFlux(["import", `${directory}/mosquitto.db`, "-c", config]);
    assert.equal(error, "");
    assert.doesNotMatch((await callFlux(["check", "-c", config])).out, /not imported/);
  }));
