// deno-lint-ignore-file no-console -- a command line tool
/**
 * Attacks a real broker at every kind of listener in many ways at once, and shows what a well-behaved client notices and what is left
 * behind. With `--attack` it makes one attack alone, on a broker with 512 MB of heap and the configuration that the attack needs.
 *
 *     deno task hostile                          60 s, then 20 s to see whether memory still grows
 *     deno task hostile --seconds 10 --seed 7    a seed repeats only the bytes; their timing varies
 *     deno task hostile --attack request-blanks  one attack; all: all of them in turn; list: their names
 *     deno task hostile --attack all --epoll     attacks the faster connections of Linux
 *     deno task hostile --attack all --executable dist/flux-mqtt    attacks a compiled broker
 *
 * Needs Linux and openssl. Exits with 1 if the broker fails an attack.
 *
 * @module
 */
import {
  GROWTH_LIMIT_BYTES,
  hostileRun,
  percentile,
  REST_LIMIT_BYTES,
  type Siege,
} from "../tests/hostile/run.ts";
import { oldDeno } from "../tests/hostile/doors.ts";
import { LEVELS, type Vitals } from "../tests/hostile/vitals.ts";
import { SOLO_ATTACKS } from "../tests/hostile/solo/attacks.ts";
import { HEAP_MB, type SoloResult, soloRun } from "../tests/hostile/solo/run.ts";
import { readFlags, whole } from "./flags.ts";

const MB = 1024 * 1024;
const P99_LIMIT_MS = 500;
const USE = `Attacks the broker at every kind of listener, and looks at what others notice.

  --seconds SECONDS  and a third of it once more; default: 60
  --seed NUMBER      of what the attackers do; default: a new one
  --attack NAME      one attack alone, on a broker of its own; all: one after the other; list: their names
  --epoll            with --attack: at connections by epoll, as start:epoll has them, instead of Deno's own
  --executable FILE  a compiled broker instead of main.ts; stalls and heap cannot be seen in it then. With FLUX_MQTT_OLD_DENO=true
                     one of a Deno older than the broker needs, without TLS`;

const { seconds, seed, attack, epoll, executable } = readFlags(USE, {
  seconds: 60,
  seed: whole(Date.now() % 1_000_000, 0),
  attack: "",
  epoll: false,
  executable: "",
});
const compiled = executable === "" ? undefined : await Deno.realPath(executable);
const isOld = compiled !== undefined && Object.keys(oldDeno()).length > 0;
if (isOld) {
  console.log(
    "An executable of an older Deno, in which TLS does not work: tls and wss are not attacked",
  );
}
if (attack !== "") Deno.exit(await attackAlone(attack));
console.log(`${seconds} s, seed ${seed}`);
const { before, sieges, failures } = await hostileRun({
  seed,
  seconds: [seconds, Math.ceil(seconds / 3)],
  floodBytes: 100 * MB,
  connectTimeoutSeconds: 10,
  sendTimeoutSeconds: 5,
  p99LimitMs: P99_LIMIT_MS,
  executable: compiled,
  onStep: (what) => console.log(what),
});
for (const siege of sieges) printTally(siege);
printVitals(before, sieges);
for (const siege of sieges) printExperience(siege);
for (const failure of failures) console.error(`Does not hold: ${failure}`);
if (failures.length > 0) Deno.exit(1);
console.log(`
All holds: nobody lost anything, p99 is within ${P99_LIMIT_MS} ms, and everything is as before but for memory, which may
stay ${REST_LIMIT_BYTES / MB} MB higher and then grow by no more than ${
  GROWTH_LIMIT_BYTES / MB
} MB (much of it is free, but stays with malloc)`);

/** Prints how often each attack was made at each listener. */
function printTally({ seconds, tally }: Siege): void {
  const doors = ["tcp", "tls", "ws", "wss", "unix", "proxy"];
  console.log(`\nBegun in ${seconds} s`.padEnd(31) + row(doors));
  for (const [name, counts] of tally) {
    console.log(name.padEnd(30) + row(doors.map((door) => counts.get(door) ?? "-")));
  }
}

function printVitals(before: Vitals, sieges: readonly Siege[]): void {
  const columns = sieges.flatMap(() => ["peak", "after"]);
  console.log("\nThe broker".padEnd(31) + row(["before", ...columns]));
  const line = (name: string, read: (vitals: Partial<Vitals>) => number | undefined) => {
    const found = [before, ...sieges.flatMap(({ peak, after }) => [peak, after])].map(read);
    console.log(name.padEnd(30) + row(found.map((value) => value ?? "")));
  };
  line("memory, MB", ({ residentBytes }) => Math.round(residentBytes! / MB));
  line("descriptors", ({ descriptors }) => descriptors);
  for (const name of LEVELS) line(name, ({ levels }) => levels?.[name]);
}

function printExperience({ seconds, experience, settledMs, receivedBytes }: Siege): void {
  const { sent, roundTripMs, connectMs } = experience;
  const show = (values: readonly number[]) =>
    [0.5, 0.99, 1].map((part) => percentile(values, part).toFixed(1)).join(" / ");
  console.log(`
In ${seconds} s, with ${(receivedBytes / MB).toFixed(0)} MB published:
  QoS 1 to itself, ${sent} sent, ${roundTripMs.length} came back: ${
    show(roundTripMs)
  } ms (p50 / p99 / most)
  ${connectMs.length} newcomers${isOld ? "" : " over TLS"}: ${show(connectMs)} ms
  everything as before ${
    (settledMs / 1000).toFixed(1)
  } s after the last attack, all their sockets still open`);
}

function row(cells: readonly (string | number)[]): string {
  return cells.map((cell) => String(cell).padStart(9)).join("");
}

/** Returns the exit status. */
async function attackAlone(name: string): Promise<number> {
  if (name === "list") {
    for (const { name, what } of SOLO_ATTACKS.values()) console.log(name.padEnd(24) + what);
    return 0;
  }
  const attacks = name === "all" ? [...SOLO_ATTACKS.values()] : [SOLO_ATTACKS.get(name)];
  console.log(`Each ${seconds} s, with ${HEAP_MB} MB of heap`);
  console.log(
    "p99 at a broker beside it, and under attack, of it the broker's own work, longest stall of the event loop: ms; memory: MB\n",
  );
  const columns = [
    "rounds",
    "calm",
    "p99",
    "own",
    "connect",
    "stall",
    "turn",
    "steps",
    "heap",
    "buffers",
    "process",
    "after",
    "after, s",
  ];
  console.log(" ".repeat(24) + row(columns));
  let failed = 0;
  for (const attack of attacks) {
    if (attack === undefined) {
      console.error(`--attack: There is none of the name "${name}"; see --attack list`);
      return 2;
    }
    const result = await soloRun(attack, seconds, compiled, epoll ? "epoll" : "deno");
    printSolo(result);
    if (result.failures.length > 0) failed++;
  }
  console.log(`\n${attacks.length - failed} of ${attacks.length} hold`);
  return failed > 0 ? 1 : 0;
}

function printSolo(result: SoloResult): void {
  const { attack, rounds, calm, attacked, stallMs, turnMs, turnSteps, failures } = result;
  const p99 = (values: readonly number[]) => percentile(values, 0.99).toFixed(1);
  const { heapBytes, externalBytes, residentBytes, residentBytesAfter } = result;
  const mb = [heapBytes, externalBytes, residentBytes, residentBytesAfter].map((bytes) =>
    Math.round(bytes / MB)
  );
  const { roundTripMs, ownMs, connectMs } = attacked;
  const times = [calm.roundTripMs, roundTripMs, ownMs, connectMs].map(p99);
  const settled = (result.settledMs / 1000).toFixed(0);
  const inside = [stallMs.toFixed(0), turnMs.toFixed(0), turnSteps, ...mb, settled];
  // Of a compiled broker not all is known.
  const cells = inside.map((cell) => Number.isNaN(Number(cell)) ? "-" : cell);
  console.log(attack.name.padEnd(24) + row([rounds, ...times, ...cells]));
  for (const failure of failures) console.log(`  does not hold: ${failure}`);
}
