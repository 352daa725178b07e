import type { LogPort } from "../broker/mod.ts";
import { DATABASE_NAME, removeIfThere, stamp } from "./store_files.ts";
import { isLogDamaged } from "./write_ahead_log.ts";

/** How many files of each kind are kept, for those who want to examine them. */
const KEPT_COPIES = 3;

/** A name such as `flux-mqtt.db.damaged-2026-01-31T12-00-00-000Z-wal`: the file that it was, and when it was set aside. */
const ASIDE = /^(flux-mqtt\.db(?:-wal)?)\.damaged-(\d{4}-\d\d-\d\dT[\d-]+Z)/;

/** The path to which a damaged database is moved, with its log. */
export function asidePath(directory: string, at: string): string {
  return `${directory}/${DATABASE_NAME}.damaged-${at}`;
}

/**
 * Checks the log before SQLite reads it, because SQLite ignores damage in it silently: a copy is set aside, with a warning. With
 * `interval` a power cut normally leaves such a log. A log without its database must not be applied to the next database.
 */
export function checkLog(
  directory: string,
  hasDatabase: boolean,
  durability: "always" | "interval",
  log: LogPort,
): void {
  const path = `${directory}/${DATABASE_NAME}-wal`;
  const aside = `${path}.damaged-${stamp()}`;
  if (!hasDatabase) {
    Deno.renameSync(path, aside);
    log.error("The store's database is missing: its log is set aside", { aside });
    return;
  }
  const bytes = Deno.readFileSync(path);
  if (!isLogDamaged(bytes)) return;
  Deno.writeFileSync(aside, bytes, { mode: 0o600 });
  if (durability === "interval") {
    log.info("The store's log ends early, as after a power cut: the last second may be lost", {
      aside,
    });
  } else {
    log.error("The store's log is damaged: a copy is set aside, and the last commits may be lost", {
      aside,
    });
  }
}

/** Removes what was set aside long ago: of each kind a few are kept. */
export function removeOldCopies(directory: string, names: Iterable<string>, log: LogPort): void {
  const stamps = new Map<string, Map<string, string[]>>();
  for (const name of names) {
    const [, kind, at] = ASIDE.exec(name) ?? [];
    if (kind === undefined || at === undefined) continue;
    const ofKind = stamps.get(kind) ?? new Map<string, string[]>();
    stamps.set(kind, ofKind);
    ofKind.set(at, [...ofKind.get(at) ?? [], name]);
  }
  for (const ofKind of stamps.values()) {
    const old = [...ofKind].toSorted(([a], [b]) => a < b ? 1 : -1).slice(KEPT_COPIES);
    for (const name of old.flatMap(([, names]) => names)) {
      removeIfThere(`${directory}/${name}`);
      log.info("Removed a damaged file of the store that was set aside long ago", { name });
    }
  }
}
