import { type Connect, ReasonCode } from "../../codec/mod.ts";
import type { Core } from "../core/core.ts";
import type { AuthenticationRequest, ClientIdentity } from "../ground/ports.ts";
import { actFor, disconnect, limitExpiry, refuse } from "../services/lifecycle.ts";
import { settleLeft, whenFlightsAreRead } from "../services/session_moves.ts";
import { dropCopyWill } from "../services/will_copies.ts";
import type { Client, Connection } from "../state/connection.ts";
import { expirySecondsOf } from "./bridge.ts";
import { claimSession, refusalOf } from "./session_claim.ts";

/**
 * Goes on when the session of this client belongs to this node by the log of the cluster: then all is here that other nodes have
 * acknowledged for it. At once where there is no cluster, or nothing that outlives the connection.
 */
export function claimInCluster(
  core: Core,
  connection: Connection,
  request: AuthenticationRequest,
  goOn: () => void,
): void {
  const { cluster } = core;
  if (cluster === null) return goOn();
  const hasWill = cluster.isReady && leavesWill(core, connection, request.clientId);
  if (!hasWill && !isShared(core, connection, request.connect)) return goOn();
  const claim = claimSession(core, connection, request);
  const refusal = refusalOf(core, request, claim) ?? (cluster.isReady ? undefined : UNREACHABLE);
  if (refusal !== undefined) {
    return refuse(core, connection, refusal.reasonCode, refusal.message);
  }
  // What it still sends on another connection must not count behind the claim.
  if (claim.existing !== undefined) takeOver(core, claim.existing, request);
  let isOver = false;
  const limitMs = core.options.connectTimeoutSeconds * 1000;
  core.deadlines.set(connection.watch, core.nowMs + 2 * limitMs);
  connection.stops.stopUntil("admission", core.nowMs + limitMs, core.deadlines, () => {
    isOver = true;
    const { reasonCode, message } = UNREACHABLE;
    actFor(core, connection, () => refuse(core, connection, reasonCode, message));
  });
  const endsSession = claim.isEnding || request.connect.cleanStart;
  const { clientId } = request;
  const goOnHere = (isOvertaken: boolean) => {
    const isElsewhere = core.clients.get(clientId)?.copy?.isElsewhere === true;
    // No Reason Code of CONNACK says that the client is at another node by now, or has another connection here.
    if ((isElsewhere || isOvertaken) && connection.state !== "closed") {
      refuse(core, connection, UNREACHABLE.reasonCode, UNREACHABLE.message);
    }
    if (!isOver && connection.state !== "closed") {
      dropCopyWill(core, clientId);
      actFor(core, connection, goOn);
    }
    if (isOver || connection.state === "closed") settleLeft(core, clientId);
  };
  cluster.claim(
    clientId,
    endsSession,
    (isOvertaken) => whenFlightsAreRead(core, clientId, () => goOnHere(isOvertaken)),
    () => isOver || connection.state === "closed",
  );
}

const UNREACHABLE = {
  reasonCode: ReasonCode.ServerUnavailable,
  message: "The cluster is not reached, which has the session",
} as const;

/** Whether all nodes know this client's session: it outlives its connection, or did. */
export function isShared(core: Core, connection: Connection, connect: Connect): boolean {
  const { bridge } = connection.listener;
  if (bridge !== undefined && bridge.isOfCluster !== true) return false;
  return !connect.cleanStart || limitExpiry(core, expirySecondsOf(connection, connect)) > 0;
}

/** Whether the client has left a will at another node: this one publishes it where the log has come to the claim. [MQTT-3.1.3-9] */
function leavesWill(core: Core, { listener }: Connection, clientId: string): boolean {
  return listener.bridge === undefined && core.clients.get(clientId)?.copy?.will !== undefined;
}

/** Ends the connection that the client has. [MQTT-3.1.4-3] */
export function takeOver(core: Core, existing: Client, by: ClientIdentity): void {
  if (existing.connection === null) return;
  core.metrics.sessionsTakenOver++;
  core.observers?.tell("takenOver", existing, by);
  const reasonCode = ReasonCode.SessionTakenOver;
  disconnect(core, existing.connection, { reasonCode, message: "Session taken over" });
}
