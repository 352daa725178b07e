import type { LogPort } from "../broker/mod.ts";
import { DATABASE_NAME, removeIfThere, stamp } from "./store_files.ts";
import { isLogDamaged } from "./write_ahead_log.ts";

/** Files of each kind that are kept for whoever wants to look into them. */
const KEPT_COPIES = 3;

/** `flux-mqtt.db.damaged-2026-01-31T12-00-00-000Z-wal`: what it is of, and since when. */
const ASIDE = /^(flux-mqtt\.db(?:-wal)?)\.damaged-(\d{4}-\d\d-\d\dT[\d-]+Z)/;

/** Where a damaged database is put, with its log. */
export function asidePath(directory: string, at: string): string {
  return `${directory}/${DATABASE_NAME}.damaged-${at}`;
}

/**
 * Looks at the log before SQLite does, which reads past damage in it without a word: a copy is set aside, and it is said. With
 * `interval` a power cut leaves such a log as a matter of course. One without its database must not be taken for that of the next.
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
    log.error("The store's database is gone: what is left of it, its log, is set aside", { aside });
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
