import type { Config } from "../config/mod.ts";
import { IMPORT_MARK } from "../mosquitto/mod.ts";

/** Mosquitto's own name for its database. */
const DATABASE = "mosquitto.db";

/** A mosquitto has stored something where the broker will store, and nobody has imported that. */
export function importWarnings({ persistence, persistenceLocation }: Config): readonly string[] {
  const directory = persistenceLocation.replace(/\/+$/, "");
  const path = `${directory}/${DATABASE}`;
  if (!persistence || !isThere(path) || isThere(`${directory}/${IMPORT_MARK}`)) return [];
  return [`${path} was not imported: flux-mqtt import ${path} -c FILE takes over what is in it`];
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
