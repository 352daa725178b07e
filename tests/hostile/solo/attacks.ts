import type { SoloAttack } from "./attack.ts";
import { BREACHES } from "./breaches.ts";
import { ENDS } from "./ends.ts";
import { FILLS } from "./fills.ts";
import { STALLS } from "./stalls.ts";

/** All that are made alone, by name. */
export const SOLO_ATTACKS: ReadonlyMap<string, SoloAttack> = new Map(
  [...ENDS, ...STALLS, ...BREACHES, ...FILLS].map((attack) => [attack.name, attack]),
);
