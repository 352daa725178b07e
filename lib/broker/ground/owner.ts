import type { ClientIdentity } from "./ports.ts";
import { hostOf } from "./rate.ts";

/**
 * Whose a session is: the user's, or the certificate's, or that of all anonymous clients, under one mount point. Client Identifiers are
 * no secret, so whoever comes with one is not for that alone the one who began the session: what waits in it, its will and its
 * subscriptions are its owner's.
 *
 * The text is what a store keeps; it begins with the kind, so that no name can pass for another kind.
 */
export function ownerOf(identity: ClientIdentity, mountPoint: string): string {
  const { userName, certificate, isBridge } = identity;
  if (isBridge) return JSON.stringify(["bridge", "", mountPoint]);
  if (userName !== undefined) return JSON.stringify(["user", userName, mountPoint]);
  if (certificate !== undefined) {
    return JSON.stringify(["certificate", certificate.subject, mountPoint]);
  }
  return JSON.stringify(["anonymous", "", mountPoint]);
}

/** An owner for people to read: `user alice under site/`. */
export function ownerName(owner: string): string {
  const [kind, name, mountPoint] = JSON.parse(owner) as [string, string, string];
  const who = name === "" ? kind : `${kind} ${name}`;
  return mountPoint === "" ? who : `${who} under ${mountPoint}`;
}

/** Against whose share of the sessions a session counts: its user's, or for clients without a user its address's. */
export function quotaKeyOf(identity: ClientIdentity): string {
  const { userName, remoteAddress } = identity;
  return userName !== undefined ? `user ${userName}` : `address ${hostOf(remoteAddress)}`;
}

/** Whether two identities are the same user by the same listener with the same certificate, wherever they connect from. */
export function isSameUser(a: ClientIdentity, b: ClientIdentity): boolean {
  return a.userName === b.userName && a.listener === b.listener &&
    a.certificate?.fingerprint === b.certificate?.fingerprint;
}

/** Whether two identities have the same rights, whatever access control looks at. */
export function haveSameRights(a: ClientIdentity, b: ClientIdentity): boolean {
  return isSameUser(a, b) && a.grant === b.grant && a.protocolVersion === b.protocolVersion &&
    hostOf(a.remoteAddress) === hostOf(b.remoteAddress);
}
