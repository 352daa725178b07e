import { Problem } from "../problem.ts";
import type { ApiRequest, Route } from "../route.ts";
import { text } from "../schema.ts";

/** The media type of SQLite files. */
const SQLITE_TYPE = "application/vnd.sqlite3";

/** The operation that downloads a copy of the store. */
export const BACKUP_ROUTES: readonly Route[] = [
  {
    method: "POST",
    path: "/api/v1/backup",
    role: "admin",
    summary:
      "A backup of the store while the broker runs, the same as that of flux-mqtt store backup: all that is acknowledged is in it, and SQLite has checked it",
    answer: text("The database"),
    contentType: SQLITE_TYPE,
    handle: backup,
  },
];

async function backup({ context, caller, backups }: ApiRequest): Promise<Response> {
  const { backUp, log } = context;
  if (backUp === undefined) throw new Problem(409, "There is no durable store");
  if (backups.isRunning) throw new Problem(409, "A backup is being made already");
  backups.isRunning = true;
  try {
    const { readable, sizeBytes, content } = await backUp();
    const by = caller?.identity.userName;
    log.info("Backup made at the dashboard", { sizeBytes, ...content, by });
    return new Response(readable, {
      headers: {
        "content-type": SQLITE_TYPE,
        "content-length": String(sizeBytes),
        "content-disposition": 'attachment; filename="flux-mqtt.db"',
      },
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.error("Cannot make a backup", { reason });
    throw new Problem(507, `Cannot make a backup: ${reason}`);
  } finally {
    backups.isRunning = false;
  }
}
