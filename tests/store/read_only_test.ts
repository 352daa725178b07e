import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { DATABASE_NAME } from "../../lib/store/mod.ts";
import { BrokerProcess } from "../support/broker_process.ts";
import { netTest } from "../support/net_test.ts";
import { connectPacket, RawClient } from "../support/raw_client.ts";
import { accepts, keepSession, READER, refuses } from "./refusals.ts";
import { SmallDisk } from "./small_disk.ts";

/** All that the broker writes to while it runs; what SQLite would map into memory, too. */
function filesOf(disk: SmallDisk): string[] {
  const names = [...Deno.readDirSync(`${disk.path}/data`)].map(({ name }) => name);
  return names.filter((name) => name.startsWith(DATABASE_NAME)).map((name) => `data/${name}`);
}

function start(disk: SmallDisk): Promise<BrokerProcess> {
  const config = `persistence_location ${disk.path}/data\nsys_interval 1\n`;
  return BrokerProcess.start({ config });
}

function counted(broker: BrokerProcess, words: RegExp): number {
  return broker.log.split("\n").filter((line) => words.test(line)).length;
}

/** Waits until `$SYS` says whether the store fails. */
async function failing(port: number, expected: "0" | "1"): Promise<void> {
  using client = await RawClient.connect(port);
  await client.subscribe("$SYS/broker/store/failing");
  for (;;) {
    const packet = await client.receive();
    if (packet?.type === "publish" && new TextDecoder().decode(packet.payload) === expected) return;
  }
}

/** Connects a client with a stored session of its own; returns whether the session was there before. */
async function isPresent(port: number): Promise<boolean> {
  using client = await RawClient.open(port);
  await client.send(connectPacket({ ...READER, clientId: "late" }));
  const connack = await client.receive();
  return connack?.type === "connack" && connack.sessionPresent;
}

netTest(
  "a broker whose files become read-only refuses QoS 1 and 2, serves the rest, says so, and recovers",
  async () => {
    await using disk = await SmallDisk.mountBreakable(8192);
    if (disk === undefined) return;
    await using broker = await start(disk);
    await keepSession(broker.port);
    const names = filesOf(disk);
    deepEqual(names.toSorted(), [`data/${DATABASE_NAME}`, `data/${DATABASE_NAME}-wal`]);
    for (let round = 1; round <= 2; round++) {
      await disk.protect(true, ...names);
      await refuses(
        broker.port,
        () => broker.untilLog(() => counted(broker, /Cannot write to the store/) === round),
      );
      await failing(broker.port, "1");
      await disk.protect(false, ...names);
      await broker.untilLog(() => counted(broker, /can be written again/) === round);
      await accepts(broker.port);
      await failing(broker.port, "0");
    }
  },
);

netTest(
  "a session that begins while nothing can be stored is stored when it can be again",
  async () => {
    await using disk = await SmallDisk.mountBreakable(8192);
    if (disk === undefined) return;
    const broker = await start(disk);
    await keepSession(broker.port);
    const names = filesOf(disk);
    await disk.protect(true, ...names);
    await refuses(broker.port, () => broker.untilLog(/Cannot write to the store/));
    equal(await isPresent(broker.port), false);
    equal(await isPresent(broker.port), true);
    await disk.protect(false, ...names);
    await broker.untilLog(/can be written again/);
    // From now on Session Present waits for the commit.
    equal(await isPresent(broker.port), true);
    await broker.kill();
    await using next = await start(disk);
    equal(await isPresent(next.port), true);
  },
);

netTest(
  "a broker whose disk breaks and is read-only from then on serves the rest, and ends well",
  async () => {
    await using disk = await SmallDisk.mountBreakable(8192);
    if (disk === undefined) return;
    await using broker = await start(disk);
    await keepSession(broker.port);
    await disk.breakDown();
    await refuses(broker.port, () => broker.untilLog(/Cannot write to the store/));
    await failing(broker.port, "1");
    broker.signal("SIGTERM");
    const { code, signal } = await broker.ending(5000);
    deepEqual([code, signal], [0, null], broker.log);
    // The next one says what is wrong, and that is not that the file is damaged.
    await rejects(start(disk), (error: Error) => {
      match(error.message, /Ended with 1/);
      match(error.message, /Cannot open the store in \S+: Cannot write \S+: /);
      match(error.message, /read-only|readonly/i);
      equal(/damaged/.test(error.message), false);
      return true;
    });
  },
);
