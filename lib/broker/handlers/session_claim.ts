import { ReasonCode } from "../../codec/mod.ts";
import type { Core } from "../core/core.ts";
import { beyondFree } from "../core/name_book.ts";
import type { CloseReason } from "../ground/close_reason.ts";
import { isSameUser, ownerOf, quotaKeyOf } from "../ground/owner.ts";
import type { ClientIdentity } from "../ground/ports.ts";
import { type Leave, leaveOf } from "../ground/promises.ts";
import type { Client, Connection } from "../state/connection.ts";

/** What a connecting client finds under its Client Identifier, and what would happen to it. Nothing has been changed yet. */
export interface SessionClaim {
  /** The owner of the session from now on. */
  readonly owner: string;
  readonly existing: Client | undefined;
  /** The existing session belongs to another user. */
  readonly isForeign: boolean;
  /** The existing session ends: the client wants a clean start, or may not have it. */
  readonly isEnding: boolean;
  /** A stored session ends with that, or has ended and this is not committed yet: CONNACK reports it. */
  readonly hasEndedStored: boolean;
}

/** Examines the existing session. */
export function claimSession(
  core: Core,
  connection: Connection,
  identity: ClientIdentity,
): SessionClaim {
  const owner = ownerOf(identity, connection.mountPoint);
  const existing = core.clients.get(identity.clientId);
  const isForeign = existing !== undefined && isOfAnother(core, existing, owner);
  const isEnding = existing !== undefined &&
    (isForeign || connection.asked.cleanStart || mayNotPassOn(core, existing, identity));
  const hasEndedStored = core.releases.isEnding(identity.clientId) ||
    isEnding && existing.session.isPersistent;
  return { owner, existing, isForeign, isEnding, hasEndedStored };
}

/** Whether this client's session or will belongs to another user. */
export function isOfAnother(
  { options }: Core,
  client: Client,
  owner: string | undefined,
): boolean {
  return options.sessionOwner !== "any" && client.owner !== undefined && client.owner !== owner;
}

/** Whether access control could not check what this identity may read by the subscriptions of the session. */
function mayNotPassOn({ ports }: Core, existing: Client, identity: ClientIdentity): boolean {
  return ports.access.readsByFilter === true && !existing.isRestored && !identity.isBridge &&
    !isSameUser(existing.identity, identity);
}

/** Why a client that access control has admitted cannot have this session; nothing has been changed yet. */
export function refusalOf(
  core: Core,
  identity: ClientIdentity,
  { owner, existing, isForeign, isEnding, hasEndedStored }: SessionClaim,
): CloseReason | undefined {
  const { sessionOwner, maxSessions } = core.options;
  if (identity.isBridge) return undefined;
  // A connected client is never replaced by another user; a disconnected one keeps its session only if the operator configured that.
  if (isForeign && (existing!.connection !== null || sessionOwner === "refuse")) {
    const reasonCode = ReasonCode.ClientIdentifierNotValid;
    return { reasonCode, message: "Client Identifier belongs to another user" };
  }
  const reasonCode = ReasonCode.QuotaExceeded;
  if (connackLeaves(core, false, hasEndedStored) === "refused") {
    return { reasonCode, message: "Store cannot end the old session" };
  }
  if (existing !== undefined && !isEnding) return undefined;
  const others = core.clients.size - (existing === undefined ? 0 : 1);
  if (maxSessions > 0 && others >= maxSessions) {
    return { reasonCode, message: "Too many sessions" };
  }
  const key = quotaKeyOf(identity);
  const mostOfUser = maxSessionsOfUser(core);
  // The session that ends makes room for the new one.
  const ofUser = core.sessionCounts.get(key) - (existing?.quotaKey === key ? 1 : 0);
  if (mostOfUser > 0 && ofUser >= mostOfUser) {
    return { reasonCode, message: "Too many sessions of this user or address" };
  }
  return hasRoomForNames(core, [identity.clientId, identity.userName, owner, key], existing)
    ? undefined
    : { reasonCode, message: "No room for names as long as these" };
}

/** Whether there is room for these names. Names of the usual length always have room: the number of sessions limits them. */
function hasRoomForNames(
  core: Core,
  names: readonly (string | undefined)[],
  ending: Client | undefined,
) {
  const { options: { maxTotalQueuedBytes }, totalQueuedBytes, longNames } = core;
  const sizeBytes = beyondFree(names);
  if (sizeBytes === 0 || maxTotalQueuedBytes === 0) return true;
  const endingBytes = ending === undefined ? 0 : longNames.of(ending);
  return totalQueuedBytes - endingBytes + sizeBytes <= maxTotalQueuedBytes;
}

/** Whether and when CONNACK is sent: see the table in `ground/promises.ts`. */
export function connackLeaves(core: Core, isPersistent: boolean, hasWritten: boolean): Leave {
  return leaveOf("connack", {
    isStoreFailing: core.store?.isFailing === true,
    isPersistent,
    hasWritten,
    hasHeld: false,
    isRepeat: false,
    canRefuse: true,
  });
}

/** The most sessions of one user or address; 0: no limit. The default is half of all sessions, so that there is room for others. */
function maxSessionsOfUser({ options: { maxSessions, maxSessionsPerUser } }: Core): number {
  return maxSessionsPerUser >= 0 ? maxSessionsPerUser : Math.ceil(maxSessions / 2);
}
