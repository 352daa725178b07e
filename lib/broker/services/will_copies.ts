import type { Will } from "../../codec/mod.ts";
import type { Core } from "../core/core.ts";
import { Client, type Connection } from "../state/connection.ts";
import { SessionCopy } from "../state/session_copy.ts";
import { KEPT_SECONDS } from "./lifecycle.ts";
import { putCopyWill } from "./shared_sessions.ts";
import { publishOwnWill, restoreWill } from "./wills.ts";

/**
 * The client comes to this node, and by the log it is still connected to another one, which leaves its will to this node: it is due unless it
 * has a delay, which has not passed. [MQTT-3.1.3-9]
 */
export function dueWill({ copy, session }: Client, endsSession: boolean): Will | undefined {
  const stored = copy?.will;
  if (stored === undefined || stored.isOrphan === true) return undefined;
  const { will, dueAtMs } = stored;
  const delaySeconds = Math.min(will.properties?.willDelayInterval ?? 0, session.expirySeconds);
  return endsSession || dueAtMs === Infinity && delaySeconds === 0 ? will : undefined;
}

/** The will of a connection whose session has gone to another node, which publishes it if it is due. */
export function leaveWill(
  core: Core,
  client: Client,
  connection: Connection,
  endsSession: boolean,
): void {
  const { will } = connection;
  if (will === undefined || !client.session.isPersistent) return;
  core.wills.remove(will);
  connection.will = undefined;
  if (endsSession) return core.store?.deleteWill(client.session.clientId);
  client.copy ??= new SessionCopy(false);
  client.copy.will = { will, dueAtMs: Infinity };
}

/** The session has gone to another node: its will is over, unless that node has yet to say that it has published it. */
export function leaveCopyWill(core: Core, client: Client, endsSession: boolean): void {
  const { copy } = client;
  if (copy === null) return;
  copy.isWillOwed = !endsSession && dueWill(client, false) !== undefined;
  if (!copy.isWillOwed) putCopyWill(core, client, undefined);
}

/** The will waits as a copy that another node publishes. */
export function suspendDelayedWill(core: Core, client: Client): void {
  const { delayedWill, session: { clientId } } = client;
  if (delayedWill === null) return;
  const { will, deadline: { atMs: dueAtMs }, isOrphan } = delayedWill;
  core.deadlines.clear(delayedWill.deadline);
  core.wills.remove(will);
  client.delayedWill = null;
  if (core.lostClients.get(clientId) === client) core.lostClients.delete(clientId);
  client.copy ??= new SessionCopy(false);
  client.copy.will = { will, dueAtMs, isOrphan };
}

/** The will of a session that has come here is this node's affair. */
export function resumeWill(core: Core, client: Client): void {
  const will = client.copy?.will;
  if (will === undefined) return;
  client.copy!.will = undefined;
  restoreWill(core, client, will);
  core.releases.soon();
}

/** The client is here, so the will that waited for it is not published. [MQTT-3.1.3-9] */
export function dropCopyWill(core: Core, clientId: string): void {
  const client = core.clients.get(clientId);
  if (client?.copy?.will !== undefined) putCopyWill(core, client, undefined);
}

/** The session has ended with a claim of an earlier process, and its will was due, which the log does not have. */
export function publishOwed(core: Core, clientId: string, will: Will): void {
  const client = Client.restored(clientId);
  client.session.expirySeconds = KEPT_SECONDS;
  publishOwnWill(core, client, will);
}
