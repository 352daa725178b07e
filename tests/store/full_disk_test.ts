import { equal, ok } from "node:assert/strict";
import { statfsSync } from "node:fs";
import { DATABASE_NAME } from "../../lib/store/mod.ts";
import { RESERVE_NAME } from "../../lib/store/reserve.ts";
import { BrokerProcess } from "../support/broker_process.ts";
import { netTest } from "../support/net_test.ts";
import { aMessage, committed, delivery, sequences, stateOf } from "./contract_support.ts";
import { fillStore, takeAll } from "./filling.ts";
import { ManualClock } from "./manual_clock.ts";
import { accepts, keepSession, LARGE } from "./refusals.ts";
import { SmallDisk, untilReserved } from "./small_disk.ts";
import { LogRecord, open } from "./sqlite_support.ts";

netTest(
  "SqliteStore: on a full disk what is there can be deleted, and the reserve comes back",
  async () => {
    await using disk = await SmallDisk.mount(8192);
    if (disk === undefined) return;
    const log = new LogRecord();
    const { store, close } = open(disk.path, { log });
    store.putSession("a", 60, Infinity);
    for (let i = 1; i <= 5000; i++) store.putDelivery("a", delivery(i));
    await committed(store);
    await untilReserved(disk.path);
    equal(Deno.statSync(`${disk.path}/${RESERVE_NAME}`).mode! & 0o777, 0o600);
    disk.fill();
    // All of these, each of its own.
    for (let i = 1; i <= 5000; i += 50) {
      for (let one = i; one < i + 50; one++) store.deleteDelivery("a", delivery(one));
      await committed(store);
    }
    log.find(/The disk is full/);
    equal(log.lines.filter(({ message }) => /Cannot write/.test(message)).length, 0);
    equal(store.isFull, true);
    equal(store.isFailing, true);
    await disk.empty();
    await log.said(/The disk has room again/);
    equal(store.isFull, false);
    await untilReserved(disk.path);
    await close();
    const again = open(disk.path);
    deepEmpty(stateOf(again.state).sessions.map(sequences));
    await again.close();
  },
);

function deepEmpty(all: number[][]): void {
  equal(JSON.stringify(all), "[[]]");
}

netTest(
  "SqliteStore: a disk that was full when the process ended is full for the next",
  async () => {
    await using disk = await SmallDisk.mount(8192);
    if (disk === undefined) return;
    const first = open(disk.path);
    first.store.putSession("a", 60, Infinity);
    await committed(first.store);
    await untilReserved(disk.path);
    disk.fill();
    first.store.putDelivery("a", delivery(1, 1, aMessage({ payload: LARGE })));
    await committed(first.store);
    equal(first.store.isFull, true);
    await first.close();
    const log = new LogRecord();
    const second = open(disk.path, { log });
    second.store.begin();
    await log.said(/The disk is full/);
    equal(second.store.isFull, true);
    await disk.empty();
    await log.said(/The disk has room again/);
    await second.close();
  },
  true,
);

netTest(
  "SqliteStore: on a full disk the clock may have jumped: the reserve makes room to correct the times",
  async () => {
    await using disk = await SmallDisk.mount(8192);
    if (disk === undefined) return;
    const startMs = Date.UTC(2026, 0, 1);
    const hourMs = 3_600_000;
    const first = open(disk.path, { clock: new ManualClock(startMs) });
    first.store.putSession("a", 7200, startMs + 2 * hourMs);
    for (let i = 1; i <= 2000; i++) {
      const message = aMessage({ expiresAtMs: startMs + 2 * hourMs });
      first.store.putDelivery("a", delivery(i, 1, message));
    }
    await committed(first.store);
    await untilReserved(disk.path);
    await first.close();
    disk.fill();
    const log = new LogRecord();
    const clock = new ManualClock(startMs - hourMs);
    const second = open(disk.path, { clock, log });
    log.find(/The clock has jumped/);
    const [session] = second.state.sessions;
    equal(session!.expiresAtMs, startMs + hourMs);
    second.store.begin();
    await log.said(/The disk is full/);
    second.store.deleteSession("a");
    await committed(second.store);
    await disk.empty();
    await log.said(/The disk has room again/);
    await second.close();
  },
);

netTest(
  "a disk that the store has filled by itself has room again when clients have taken what waits",
  async () => {
    await using disk = await SmallDisk.mount(16_384);
    if (disk === undefined) return;
    const config = `persistence_location ${disk.path}/data\nmax_store_bytes 0\n`;
    await using broker = await BrokerProcess.start({ config });
    const { port } = broker;
    await keepSession(port);
    await untilReserved(`${disk.path}/data`);
    for (let round = 1; round <= 2; round++) {
      const count = await fillStore(port);
      ok(count > 10, `${count} messages`);
      await broker.untilLog((log) => log.split("The disk is full").length === 1 + round);
      ok(await takeAll(port, count) >= count);
      await broker.untilLog((log) => log.split("The disk has room again").length === 1 + round);
      await accepts(port);
    }
  },
  true,
);

netTest("without a limit of its own the store leaves a tenth of the file system free", async () => {
  await using disk = await SmallDisk.mount(32_768);
  if (disk === undefined) return;
  const config = `persistence_location ${disk.path}/data\nmax_queued_bytes 0\n`;
  await using broker = await BrokerProcess.start({ config });
  const { port } = broker;
  await keepSession(port);
  await broker.untilLog(/may grow until a tenth/);
  const count = await fillStore(port);
  await broker.untilLog(/The store is full/);
  const { bavail, blocks } = statfsSync(disk.path);
  ok(bavail / blocks > 0.1, `${bavail} of ${blocks} blocks`);
  const { size } = Deno.statSync(`${disk.path}/data/${DATABASE_NAME}`);
  ok(size > 0.4 * 32_768 * 1024, `${size} bytes`);
  ok(await takeAll(port, count) >= count);
  await broker.untilLog(/The store has room again/);
  await accepts(port);
}, true);
