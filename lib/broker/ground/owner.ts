import type { ClientIdentity } from "./ports.ts";
import { hostOf } from "./rate.ts";

/** The same string for all sessions of most brokers. */
const ANONYMOUS = JSON.stringify(["anonymous", "", ""]);

/**
 * The owner of a session: a user, a certificate, or all anonymous clients together, each under one mount point. Client Identifiers
 * are no secret, so a client that sends one has not proved that it began the session. Its queued messages, will and subscriptions
 * belong to its owner.
 *
 * A store keeps this text. It begins with the kind of owner, so that a user cannot have the same text as, say, a certificate.
 */
export function ownerOf(
  identity: Pick<ClientIdentity, "userName" | "certificate" | "isBridge">,
  mountPoint: string,
): string {
  const { userName, certificate, isBridge } = identity;
  if (isBridge) return JSON.stringify(["bridge", "", mountPoint]);
  if (userName !== undefined) return JSON.stringify(["user", userName, mountPoint]);
  if (certificate !== undefined) {
    return JSON.stringify(["certificate", certificate.subject, mountPoint]);
  }
  return mountPoint === "" ? ANONYMOUS : JSON.stringify(["anonymous", "", mountPoint]);
}

/** An owner in readable form: `user alice under site/`. */
export function ownerName(owner: string): string {
  const [kind, name, mountPoint] = JSON.parse(owner) as [string, string, string];
  const who = name === "" ? kind : `${kind} ${name}`;
  return mountPoint === "" ? who : `${who} under ${mountPoint}`;
}

/** The key of the quota that a session counts against: that of its user or, for clients without a user, of its address. */
export function quotaKeyOf(identity: ClientIdentity): string {
  const { userName, remoteAddress } = identity;
  return userName !== undefined ? `user ${userName}` : `address ${hostOf(remoteAddress)}`;
}

/** Whether two identities have the same user name, listener and certificate, from whatever address they connect. */
export function isSameUser(a: ClientIdentity, b: ClientIdentity): boolean {
  return a.userName === b.userName && a.listener === b.listener &&
    a.certificate?.fingerprint === b.certificate?.fingerprint;
}

/** Whether two identities have the same rights, considering everything that access control may look at. */
export function haveSameRights(a: ClientIdentity, b: ClientIdentity): boolean {
  return isSameUser(a, b) && a.grant === b.grant && a.protocolVersion === b.protocolVersion &&
    hostOf(a.remoteAddress) === hostOf(b.remoteAddress);
}

/** The owner as it is stored where the session belongs to a node of a cluster. */
export function ownerWithHome(owner: string | undefined, home: string): string {
  return `${owner ?? "]"}${home}`;
}

/** Reads what is stored as the owner, with or without {@linkcode ownerWithHome}. */
export function splitOwner(
  stored: string | undefined,
): { owner: string | undefined; home: string | undefined } {
  const end = stored === undefined ? -1 : stored.lastIndexOf("]") + 1;
  if (end <= 0 || end === stored!.length) return { owner: stored, home: undefined };
  return { owner: end === 1 ? undefined : stored!.slice(0, end), home: stored!.slice(end) };
}
