import { ReasonCode } from "../../codec/mod.ts";
import type { Core } from "../core/core.ts";
import { beyondFree } from "../core/name_book.ts";
import type { CloseReason } from "../ground/close_reason.ts";
import { isSameUser, ownerOf, quotaKeyOf } from "../ground/owner.ts";
import type { ClientIdentity } from "../ground/ports.ts";
import { type Leave, leaveOf } from "../ground/promises.ts";
import type { Client, Connection } from "../state/connection.ts";

/** What somebody who comes in finds under its Client Identifier, and what becomes of that. Nothing has been done yet. */
export interface SessionClaim {
  /** Whose the session is from now on. */
  readonly owner: string;
  readonly existing: Client | undefined;
  /** The session is another user's. */
  readonly isForeign: boolean;
  /** The session ends: its client wants to begin anew, or may not have it. */
  readonly isEnding: boolean;
  /** A stored session is gone with that, or was just now: CONNACK says so. */
  readonly hasEndedStored: boolean;
}

/** Looks at what there is. */
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

/** Whether what this client has left is another user's. */
export function isOfAnother(
  { options }: Core,
  client: Client,
  owner: string | undefined,
): boolean {
  return options.sessionOwner !== "any" && client.owner !== undefined && client.owner !== owner;
}

/** Whether nobody could say what this client may read of the session's subscriptions. */
function mayNotPassOn({ ports }: Core, existing: Client, identity: ClientIdentity): boolean {
  return ports.access.readsByFilter === true && !existing.isRestored && !identity.isBridge &&
    !isSameUser(existing.identity, identity);
}

/** Why somebody who may come in cannot have this session; nothing has been done yet. */
export function refusalOf(
  core: Core,
  identity: ClientIdentity,
  { owner, existing, isForeign, isEnding, hasEndedStored }: SessionClaim,
): CloseReason | undefined {
  const { sessionOwner, maxSessions } = core.options;
  if (identity.isBridge) return undefined;
  // Whoever is connected stays; who is away keeps the session only where the operator says so.
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
  // The one that ends makes room for the one that begins.
  const ofUser = core.sessionCounts.get(key) - (existing?.quotaKey === key ? 1 : 0);
  if (mostOfUser > 0 && ofUser >= mostOfUser) {
    return { reasonCode, message: "Too many sessions of this user or address" };
  }
  return hasRoomForNames(core, [identity.clientId, identity.userName, owner, key], existing)
    ? undefined
    : { reasonCode, message: "No room for names as long as these" };
}

/** Names of everyday length always have room: there are no more of them than sessions. */
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

/** Whether and when CONNACK leaves: see the table. */
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

/** 0: no limit. By itself one user, or one address, has half of the sessions at most, so that there is room for others. */
function maxSessionsOfUser({ options: { maxSessions, maxSessionsPerUser } }: Core): number {
  return maxSessionsPerUser >= 0 ? maxSessionsPerUser : Math.ceil(maxSessions / 2);
}
