import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { Server } from "../../lib/net/mod.ts";
import { netTest } from "../support/net_test.ts";
import { aMessage, committed, delivery, sequences, stateOf } from "./contract_support.ts";
import { accepts, keepSession, refuses } from "./refusals.ts";
import { SmallDisk, untilReserved } from "./small_disk.ts";
import { LogRecord, open } from "./sqlite_support.ts";

/** More than the reserve has room for. */
const HUGE = new Uint8Array(1_500_000);

netTest("SqliteStore: a read-only directory is refused at once, with the reason", async () => {
  await using disk = await SmallDisk.mount(8192);
  if (disk === undefined) return;
  await open(disk.path).close();
  await disk.remount("ro");
  throws(() => open(disk.path), /^Error: Cannot write \S+: Read-only file system/);
});

netTest(
  "SqliteStore: what a full disk refuses stays pending, in order, until there is room",
  async () => {
    await using disk = await SmallDisk.mount(8192);
    if (disk === undefined) return;
    const log = new LogRecord();
    const { store, close } = open(disk.path, { log });
    store.putSession("a", 60, Infinity);
    await committed(store);
    await untilReserved(disk.path);
    disk.fill();
    const done: number[] = [];
    const put = (sequence: number) => {
      store.putDelivery("a", delivery(sequence, 1, aMessage({ payload: HUGE })));
      return new Promise<void>((resolve) => store.commit(() => (done.push(sequence), resolve())));
    };
    const first = put(1);
    await log.said(/Cannot write to the store/);
    equal(store.isFailing, true);
    const second = put(2);
    store.putDelivery("a", delivery(3)); // Cancelled: it needs no disk, but its commit waits for its turn.
    store.deleteDelivery("a", delivery(3));
    const third = committed(store);
    deepEqual(done, []);
    await disk.empty();
    await Promise.all([first, second, third]);
    deepEqual(done, [1, 2]);
    await log.said(/has room again/);
    equal(store.isFailing, false);
    ok(store.stats.failures > 0);
    log.find(/can be written again/);
    await close();
    const again = open(disk.path);
    deepEqual(stateOf(again.state).sessions.map(sequences), [[1, 2]]);
    await again.close();
  },
  true,
);

netTest("SqliteStore: closing while the disk is full does not wait for it", async () => {
  await using disk = await SmallDisk.mount(8192);
  if (disk === undefined) return;
  const log = new LogRecord();
  const { store, close } = open(disk.path, { log });
  store.putSession("a", 60, Infinity);
  await committed(store);
  disk.fill();
  store.putDelivery("a", delivery(1, 1, aMessage({ payload: HUGE })));
  store.commit(() => {
    throw new Error("Not stored, and yet committed");
  });
  // At once, before the failure is known; and a second time.
  await Promise.all([close(), store.close()]);
  await disk.empty();
  const again = open(disk.path);
  deepEqual(stateOf(again.state).sessions.map(sequences), [[]]);
  await again.close();
});

netTest(
  "a broker whose disk is full refuses QoS 1 and 2, serves the rest, and recovers",
  async () => {
    await using disk = await SmallDisk.mount(8192);
    if (disk === undefined) return;
    const log = new LogRecord();
    const { store, state, close } = open(disk.path, { log });
    const server = new Server({ log, store });
    server.restore(state);
    const port = server.listen({ port: 0 });
    try {
      await keepSession(port);
      await untilReserved(disk.path);
      for (let round = 0; round < 2; round++) {
        disk.fill();
        await refuses(port, () => log.said(/The disk is full/));
        log.lines.length = 0;
        await disk.empty();
        await log.said(/The disk has room again/);
        await accepts(port);
      }
    } finally {
      await server.close();
      await close();
    }
  },
);
