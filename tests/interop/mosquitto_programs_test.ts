import { ARGV_PROGRAMS } from "./programs/argv.ts";
import { type Program, PROGRAM_NAMES, type ProgramName } from "./programs/program.ts";
import { PUB_PROGRAMS } from "./programs/pub.ts";
import { PUB_WAY_PROGRAMS } from "./programs/pub_ways.ts";
import { RR_PROGRAMS } from "./programs/rr.ts";
import { Stage } from "./programs/stage.ts";
import { oneEnd, twoEnds } from "../support/local_ends.ts";
import { NatsServer, natsTest } from "../support/nats_server.ts";
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
    await using stage = new Stage(oneEnd());
    await run(stage);
  });
}

/** Those that are about a broker, not only about the command line. */
const AT_BROKERS = { ...SUB_PROGRAMS, ...PUB_PROGRAMS, ...PUB_WAY_PROGRAMS, ...RR_PROGRAMS };

natsTest(
  "mosquitto's programs for client commands hold where what they hear is at another node",
  async () => {
    await using nats = await NatsServer.start();
    for (const [name, { run }] of Object.entries<Program>(AT_BROKERS)) {
      await using stage = new Stage(await twoEnds(nats));
      try {
        await run(stage);
      } catch (error) {
        throw new Error(name, { cause: error });
      }
    }
  },
  true,
);
