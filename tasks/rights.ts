// deno-lint-ignore-file no-console -- a command line tool
/**
 * Compares the broker's access rights with a real mosquitto's for random ACL files. Each difference must have a known reason.
 *
 *     deno task rights                         1,000 files
 *     deno task rights --files 10 --seed 7     ten, the first made from seed 7
 *
 * Exits with 1 if a difference has none.
 *
 * @module
 */
import { Random } from "../tests/support/random.ts";
import {
  CLIENTS,
  compareRights,
  type Difference,
  hasMosquitto,
  ODD_CLIENTS,
  randomAcl,
} from "../tests/interop/acl_mosquitto.ts";
import { readFlags, whole } from "./flags.ts";

const USE = `Asks a real mosquitto about random ACL files.

  --files NUMBER  default: 1000
  --seed NUMBER   of the first one; default: 1`;
/** Brokers that are asked at once. */
const AT_ONCE = 4;

/** The known reasons for differences, and the differences they explain. */
const REASONS: readonly [reason: string, fits: (difference: Difference) => boolean][] = [
  [
    "a name that begins with $ does not open topics that begin with $ to us: a client could choose $SYS",
    ({ client, topicName, allowedBy }) =>
      allowedBy === "mosquitto" && topicName.startsWith("$") &&
      client.some((name) => name?.startsWith("$")),
  ],
  [
    "no pattern allows anything to a name with a slash: it would be further levels",
    ({ client, allowedBy }) =>
      allowedBy === "mosquitto" && client.some((name) => name?.includes("/")),
  ],
];

const { files, seed } = readFlags(USE, { files: whole(1000), seed: whole(1, 0) });
if (!await hasMosquitto()) {
  console.error("There is no mosquitto on this machine");
  Deno.exit(2);
}
const counts = new Map<string, number>();
const unexplained: string[] = [];
let checks = 0;
let next = seed;
await Promise.all(Array.from({ length: AT_ONCE }, async () => {
  while (next < seed + files) await ask(next++);
}));
console.log(`${files} files, ${checks} checks, seeds ${seed} to ${seed + files - 1}\n`);
console.log("differences  reason");
for (const [reason] of REASONS) {
  console.log(`${String(counts.get(reason) ?? 0).padStart(11)}  ${reason}`);
}
console.log(`${String(unexplained.length).padStart(11)}  without a reason`);
for (const text of unexplained.slice(0, 10)) console.log(`\n${text}`);
if (unexplained.length > 0) Deno.exit(1);

async function ask(fileSeed: number): Promise<void> {
  const text = randomAcl(new Random(fileSeed));
  const result = await compareRights(text, [...CLIENTS, ...ODD_CLIENTS]);
  checks += result.checks;
  for (const difference of result.differences) {
    const found = REASONS.find(([, fits]) => fits(difference));
    if (found !== undefined) counts.set(found[0], (counts.get(found[0]) ?? 0) + 1);
    else unexplained.push(`Seed ${fileSeed}: ${JSON.stringify(difference)}\n${text}`);
  }
}
