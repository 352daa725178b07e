import { equal, fail } from "node:assert/strict";
import { longTest } from "../../support/long.ts";
import { type ClusterRunInit, runCluster } from "./run.ts";

/** Worlds of one kind. */
interface Worlds extends ClusterRunInit {
  readonly name: string;
  /** What they have to keep. */
  readonly promises: string;
}

/** Steps of a world that has more than the usual ones. */
const MORE_STEPS = 60;

/** The usual ones. */
export const PLAIN: Worlds = {
  name: "A cluster",
  promises:
    "A cluster loses nothing acknowledged, repeats nothing of QoS 2, keeps the order, publishes wills once and is the same on all nodes",
};

/** The same with more steps. */
export const LONGER: Worlds = { ...PLAIN, steps: MORE_STEPS };

/** Clients have a shared subscription. */
export const WITH_SHARE: Worlds = {
  name: "A cluster with a shared subscription",
  promises:
    "A shared subscription of a cluster loses nothing acknowledged of QoS 1 and repeats nothing of QoS 2",
  steps: MORE_STEPS,
  hasShare: true,
};

/** Some sessions of a client end with its connection, and others do not. */
export const WITH_EXPIRIES: Worlds = {
  ...LONGER,
  name: "A cluster with sessions of all kinds",
  hasExpiries: true,
};

/** Both. */
export const WITH_SHARE_AND_EXPIRIES: Worlds = {
  ...WITH_EXPIRIES,
  name: "A cluster with a shared subscription and sessions of all kinds",
  hasShare: true,
};

/** Nodes are away for longer than some sessions wait. */
export const WITH_ABSENCES: Worlds = {
  ...LONGER,
  name: "A cluster whose nodes are away for minutes",
  promises:
    "A cluster whose nodes are away for longer than some sessions wait for their clients keeps what it promises",
  hasAbsences: true,
};

/** Nodes make snapshots, and start from them. */
export const WITH_SNAPSHOTS: Worlds = {
  name: "A cluster with snapshots",
  promises:
    "A cluster whose log is shortened, and whose nodes start from snapshots, keeps what it promises",
  steps: MORE_STEPS,
  hasSnapshots: true,
};

/** And where nodes lose their disks. */
export const WITH_LOST_DISKS: Worlds = {
  ...WITH_SNAPSHOTS,
  name: "A cluster that loses disks",
  promises:
    "A cluster whose nodes lose their disks, and start from the log or a snapshot, keeps what it promises",
  hasLostDisks: true,
};

/** With a shared subscription too. */
export const WITH_SHARE_AND_LOST_DISKS: Worlds = {
  ...WITH_LOST_DISKS,
  name: "A cluster with a shared subscription that loses disks",
  promises:
    "A shared subscription of a cluster whose nodes lose their disks loses nothing acknowledged of QoS 1 and repeats nothing of QoS 2",
  hasShare: true,
};

/** A test for each seed that showed a fault. By now a change of the simulation may have made another world of it. */
export function testFound(
  worlds: Worlds,
  found: readonly (readonly [seed: number, fault: string])[],
): void {
  for (const [seed, fault] of found) {
    const run = () => equal(runCluster(seed, worlds), undefined);
    Deno.test(`${worlds.name}, seed ${seed}: ${fault}`, run);
  }
}

/** A test of these seeds, the last one included, which fails with the first that breaks a promise. `test`: default: with the long ones. */
export function testSeeds(
  worlds: Worlds,
  first: number,
  last: number,
  test: (name: string, run: () => void) => void = longTest,
): void {
  test(`${worlds.promises}, seeds ${first} to ${last}`, () => {
    for (let seed = first; seed <= last; seed++) {
      const broken = runCluster(seed, worlds);
      if (broken !== undefined) fail(broken);
    }
  });
}

/** The same of all from `first` on, `end` not included, so many in a test. */
export function testMoreSeeds(worlds: Worlds, first: number, end: number, perTest: number): void {
  for (; first < end; first += perTest) testSeeds(worlds, first, first + perTest - 1);
}
