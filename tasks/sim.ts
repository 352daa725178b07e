/**
 * `deno task sim -- --durability always --seeds 100000 --from 0 --steps 80`: simulates many more seeds than the gate does. With
 * `always` (the default) and `interval` the broker's process is killed and its power is cut; with `none` nothing crashes. The
 * first failures are explained with their last events; `--seeds 1 --from SEED` and the same durability replay one.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { DEFAULT_STEPS, explain, run } from "../tests/sim/run.ts";
import type { Asked } from "../tests/sim/settings.ts";

const { values } = parseArgs({
  args: Deno.args.filter((argument) => argument !== "--"),
  options: {
    durability: { type: "string", default: "always" },
    seeds: { type: "string", default: "10000" },
    from: { type: "string", default: "0" },
    steps: { type: "string", default: String(DEFAULT_STEPS) },
    /** Failures after which to stop. */
    failures: { type: "string", default: "1" },
    /** Events of a failure that are shown. */
    trace: { type: "string", default: "60" },
  },
});
const { durability } = values;
if (durability !== "always" && durability !== "interval" && durability !== "none") {
  say(`--durability is always, interval or none, not ${durability}`);
  Deno.exit(2);
}
const asked: Asked = { durability };
const from = Number(values.from);
const to = from + Number(values.seeds);
const startMs = performance.now();
let failed = 0;
for (let seed = from; seed < to && failed < Number(values.failures); seed++) {
  const failure = run(seed, Number(values.steps), asked);
  if (failure !== undefined) {
    failed++;
    say(
      explain({
        ...failure,
        trace: failure.trace.slice(failure.trace.length - Number(values.trace)),
      }),
    );
  }
  const done = seed + 1 - from;
  if (done % 5000 === 0) say(`${done} seeds, ${failed} failed, ${seconds()} s`);
}
say(failed === 0 ? `${to - from} seeds kept all promises, ${seconds()} s` : `${failed} failed`);
Deno.exit(failed === 0 ? 0 : 1);

function seconds(): string {
  return ((performance.now() - startMs) / 1000).toFixed(1);
}

function say(text: string): void {
  // deno-lint-ignore no-console
  console.log(text);
}
