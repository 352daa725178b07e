import { deepEqual, equal } from "node:assert/strict";
import type { StoredState } from "../../lib/broker/mod.ts";
import { aMessage, aWill, committed, delivery, Retainer } from "./contract_support.ts";
import { ManualClock } from "./manual_clock.ts";
import { copyFiles, LogRecord, open, storeTest } from "./sqlite_support.ts";

const HOUR_MS = 3_600_000;
const IN_1972_MS = Date.UTC(1972, 0, 1);
const IN_2026_MS = Date.UTC(2026, 0, 1);

/** Stores one of everything that has a time, an hour away, and one that has none; the process ends an hour and a half later. */
async function fill(directory: string, startMs: number): Promise<void> {
  const clock = new ManualClock(startMs);
  const { store, close } = open(directory, { clock });
  const atMs = startMs + 2 * HOUR_MS;
  store.putSession("a", 7200, atMs);
  store.putSession("endless", Infinity, Infinity);
  store.putDelivery("a", delivery(1, 1, aMessage({ expiresAtMs: atMs })));
  store.putDelivery("a", delivery(2));
  store.putWill("a", { will: aWill(), dueAtMs: atMs });
  store.putWill("endless", { will: aWill(), dueAtMs: Infinity });
  new Retainer(store).put({ retain: true, expiresAtMs: atMs });
  await committed(store);
  clock.advance(HOUR_MS);
  await close();
}

/** All times in a state, as the hours that are left. */
function hoursLeft({ sessions, retained }: StoredState, nowMs: number): Record<string, number[]> {
  const hours = (times: number[]) => times.map((ms) => (ms - nowMs) / HOUR_MS);
  const all = [...sessions];
  return {
    sessions: hours(all.map(({ expiresAtMs }) => expiresAtMs)),
    messages: hours(
      all.flatMap(({ deliveries }) =>
        deliveries.map(({ delivery }) => delivery.message.expiresAtMs)
      ),
    ),
    wills: hours(all.flatMap(({ will }) => will === undefined ? [] : [will.dueAtMs])),
    retained: hours([...retained].map(({ expiresAtMs }) => expiresAtMs)),
  };
}

const LEFT = (hours: number) => ({
  sessions: [hours, Infinity],
  messages: [hours, Infinity],
  wills: [hours, Infinity],
  retained: [hours],
});

const WEEK_MS = 7 * 24 * HOUR_MS;
const jumps: [why: string, firstMs: number, thenMs: number][] = [
  ["first in 1972, then right", IN_1972_MS, IN_2026_MS],
  ["right, then in 1972", IN_2026_MS, IN_1972_MS],
  ["in 1972, and in 1972 again", IN_1972_MS, IN_1972_MS],
  ["an hour back", IN_2026_MS, IN_2026_MS - HOUR_MS],
];
for (const [why, firstMs, thenMs] of jumps) {
  storeTest(`a clock that is ${why}, costs nothing of what is left`, async (directory) => {
    await fill(directory, firstMs);
    const log = new LogRecord();
    const clock = new ManualClock(thenMs);
    const first = open(directory, { clock, log });
    deepEqual(hoursLeft(first.state, thenMs), LEFT(1));
    equal(first.lastSeenMs, firstMs + HOUR_MS);
    const said = log.lines;
    deepEqual(said.map(({ level, fields }) => ({ level, fields })), [{
      level: "warning",
      fields: {
        lastSeen: new Date(firstMs + HOUR_MS).toISOString(),
        now: new Date(thenMs).toISOString(),
      },
    }]);
    // One that is killed before it has written anything leaves times that are right.
    await copyFiles(directory, `${directory}-copy`);
    await first.close();
    const again = open(`${directory}-copy`, { clock: new ManualClock(thenMs + HOUR_MS / 2) });
    deepEqual(hoursLeft(again.state, thenMs + HOUR_MS / 2), LEFT(0.5));
    await again.close();
    await Deno.remove(`${directory}-copy`, { recursive: true });
  });
}

const downtimes: [why: string, firstMs: number, downMs: number][] = [
  ["a week off", IN_2026_MS, WEEK_MS],
  ["a week off, all before the clock is right", IN_1972_MS, WEEK_MS],
  ["put right by half a second", IN_2026_MS, -500],
];
for (const [why, firstMs, downMs] of downtimes) {
  storeTest(`the times of a broker that was ${why}, are as they were`, async (directory) => {
    await fill(directory, firstMs);
    const log = new LogRecord();
    const nowMs = firstMs + HOUR_MS + downMs;
    const { state, lastSeenMs, close } = open(directory, { clock: new ManualClock(nowMs), log });
    deepEqual(hoursLeft(state, firstMs), LEFT(2));
    equal(lastSeenMs, firstMs + HOUR_MS);
    deepEqual(log.lines, []);
    await close();
  });
}
