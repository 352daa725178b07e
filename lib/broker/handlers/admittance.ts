import type { Core } from "../core/core.ts";
import type { Admittance, AuthenticationRequest } from "../ground/ports.ts";
import { dropUnreadable } from "../services/deliver.ts";
import { rewatch } from "../services/watch.ts";
import type { Connection } from "../state/connection.ts";

/** The request of an admitted client, with the user name, grant and time limit that access control has set. */
export function admitted(
  core: Core,
  connection: Connection,
  request: AuthenticationRequest,
  admittance: Admittance,
): AuthenticationRequest {
  const { userName = request.userName, grant } = admittance;
  limitTime(core, connection, admittance);
  return { ...request, userName, ...(grant === undefined ? {} : { grant }) };
}

/** A connected client has authenticated again: its time limit starts anew, and it gets its current rights. */
export function renew(core: Core, connection: Connection, admittance: Admittance): void {
  limitTime(core, connection, admittance);
  rewatch(core, connection);
  const client = connection.client!;
  if (admittance.grant === client.identity.grant) return;
  const identity = { ...client.identity, grant: admittance.grant };
  connection.identity = client.identity = identity;
  if (!core.ports.access.checksTopics) return;
  core.router.clearRoutes();
  dropUnreadable(core, client);
}

function limitTime(core: Core, connection: Connection, { validForMs }: Admittance): void {
  connection.allowedUntilMs = validForMs === undefined ? Infinity : core.nowMs + validForMs;
}
