import type { Config } from "../config/mod.ts";
import { IMPORT_MARK } from "../mosquitto/mod.ts";

/** mosquitto's name for its database. */
const DATABASE = "mosquitto.db";

/** Warns about a database of mosquitto in the store's directory that was not imported. */
export function importWarnings({ persistence, persistenceLocation }: Config): readonly string[] {
  const directory = persistenceLocation.replace(/\/+$/, "");
  const path = `${directory}/${DATABASE}`;
  if (!persistence || !isThere(path) || isThere(`${directory}/${IMPORT_MARK}`)) return [];
  return [`${path} was not imported: flux-mqtt import ${path} -c FILE imports it`];
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
