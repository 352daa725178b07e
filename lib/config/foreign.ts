import type { ForeignOption } from "./option.ts";
import { integer, MAX_COUNT } from "./rows.ts";

/**
 * Options of mosquitto that do nothing here, or have another name: a file that has them starts the broker, and each is said once. What
 * would change the meaning of the file is refused (`refused.ts`).
 */
export const FOREIGN_OPTIONS: readonly ForeignOption[] = [
  {
    name: "retain_expiry_interval",
    type: integer(0, MAX_COUNT),
    noEffect: "expired retained messages go when they expire, not at intervals",
  },
];
