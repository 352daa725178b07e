/**
 * `deno task sim -- --durability always --seeds 100000 --from 0 --steps 80`: simulates many more seeds than the gate. With `always` (the
 * default) and `interval` the broker's process is killed and its power is cut; with `none` nothing crashes. `--bridge` simulates two
 * brokers and a bridge, `--cluster` the nodes of a cluster. The first failures are shown with their last events; `--seeds 1 --from SEED` with the same durability replays one.
 *
 * @module
 */
import { runBridge } from "../tests/sim/bridge/run.ts";
import { runCluster } from "../tests/sim/cluster/run.ts";
import { DEFAULT_STEPS, explain, run } from "../tests/sim/run.ts";
import type { Asked } from "../tests/sim/settings.ts";
import { readFlags, whole } from "./flags.ts";

const USE = `Simulates clients, links and crashes against the broker.

  --durability WORD  always, interval or none; default: always
  --seeds COUNT      default: 10000
  --from SEED        the first; default: 0
  --steps COUNT      of each world; default: ${DEFAULT_STEPS}
  --chaos COUNT      one call in so many of some of the broker's own methods throws; default: 0, none does
  --appetite WORD    always or never: whether clients go to the limits; default: in one world of three
  --bridge           two brokers with a bridge between them; of the other flags seeds, from and failures count
  --cluster          nodes of a cluster over a log; of the other flags seeds, from, steps, failures and trace count
  --shares           with --cluster: clients have a shared subscription
  --snapshots        with --cluster: nodes make snapshots, the log is shortened, and nodes that are new or were away start from them
  --disks            with --cluster: nodes lose their disks as well; needs --snapshots
  --expiries         with --cluster: some sessions of a client end with its connection, and others do not
  --absences         with --cluster: nodes are away for minutes as well
  --failures COUNT   after which to stop; default: 1
  --trace EVENTS     of a failure that are shown; default: 60`;

const flags = readFlags(USE, {
  durability: "always",
  seeds: whole(10_000),
  from: whole(0, 0),
  steps: whole(DEFAULT_STEPS),
  chaos: whole(0, 0),
  appetite: "",
  bridge: false,
  cluster: false,
  shares: false,
  snapshots: false,
  disks: false,
  expiries: false,
  absences: false,
  failures: whole(1),
  trace: whole(60, 0),
});
const { durability, from } = flags;
if (durability !== "always" && durability !== "interval" && durability !== "none") {
  say(`--durability is always, interval or none, not ${durability}`);
  Deno.exit(2);
}
const { appetite } = flags;
if (appetite !== "" && appetite !== "always" && appetite !== "never") {
  say(`--appetite is always or never, not ${appetite}`);
  Deno.exit(2);
}
const asked: Asked = {
  durability,
  ...(flags.chaos > 0 ? { chaosOneIn: flags.chaos } : {}),
  ...(appetite === "" ? {} : { appetite }),
};
const to = from + flags.seeds;
const startMs = performance.now();
let failed = 0;
for (let seed = from; seed < to && failed < flags.failures; seed++) {
  const broken = attempt(seed);
  if (broken !== undefined) {
    failed++;
    say(broken);
  }
  // What a world leaves behind is freed between two turns of the event loop alone: without one, 4,000 worlds took 6 GB.
  await new Promise((resolve) => setTimeout(resolve, 0));
  const done = seed + 1 - from;
  if (done % 1000 === 0) say(`${done} seeds, ${failed} failed, ${seconds()} s`);
}
say(failed === 0 ? `${to - from} seeds kept all promises, ${seconds()} s` : `${failed} failed`);
Deno.exit(failed === 0 ? 0 : 1);

/** What a person reads of a failure; `undefined`: there is none. */
function attempt(seed: number): string | undefined {
  if (flags.bridge) return runBridge(seed);
  if (flags.cluster) {
    const { steps, trace: traceEvents, shares: hasShare, snapshots: hasSnapshots } = flags;
    const { expiries: hasExpiries, disks: hasLostDisks, absences: hasAbsences } = flags;
    const parts = { hasShare, hasSnapshots, hasLostDisks, hasExpiries, hasAbsences };
    return runCluster(seed, { steps, traceEvents, ...parts });
  }
  const failure = run(seed, flags.steps, asked);
  if (failure === undefined) return undefined;
  const { trace } = failure;
  return explain({ ...failure, trace: trace.slice(trace.length - flags.trace) });
}

function seconds(): string {
  return ((performance.now() - startMs) / 1000).toFixed(1);
}

function say(text: string): void {
  // deno-lint-ignore no-console
  console.log(text);
}
