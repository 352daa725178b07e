import { ARGV_PROGRAMS } from "./programs/argv.ts";
import { type Program, PROGRAM_NAMES, type ProgramName } from "./programs/program.ts";
import { PUB_PROGRAMS } from "./programs/pub.ts";
import { PUB_WAY_PROGRAMS } from "./programs/pub_ways.ts";
import { RR_PROGRAMS } from "./programs/rr.ts";
import { Stage } from "./programs/stage.ts";
import { SUB_PROGRAMS } from "./programs/sub.ts";

/** Every test program of mosquitto's client commands. The type holds that none is missing. */
const PROGRAMS: Readonly<Record<ProgramName, Program>> = {
  ...ARGV_PROGRAMS,
  ...SUB_PROGRAMS,
  ...PUB_PROGRAMS,
  ...PUB_WAY_PROGRAMS,
  ...RR_PROGRAMS,
};

for (const name of PROGRAM_NAMES) {
  const { holds, run } = PROGRAMS[name];
  Deno.test(`mosquitto's ${name}: ${holds}`, async () => {
    await using stage = new Stage();
    await run(stage);
  });
}
