import type { ClusterPort } from "../broker/mod.ts";
import type { WhenApplied } from "./claims.ts";
import type { NodeParts } from "./node_parts.ts";

/** What a node's broker has of the cluster; `isReady`, `currentSinceMs`: as {@linkcode ClusterPort} has them, `created`: when the log was made. */
export function newPort(
  parts: NodeParts,
  isReady: () => boolean,
  currentSinceMs: () => number,
  created: () => string | undefined,
): ClusterPort {
  const { node, log, sessions, shares, claims, forwarding, interests } = parts;
  return {
    node,
    // When the log was made tells it from all others.
    get bridgeId() {
      return created()?.replaceAll(/\D/g, "");
    },
    get isReady() {
      return isReady();
    },
    get currentSinceMs() {
      return currentSinceMs();
    },
    get isPrompt() {
      return isReady() && !log.isSlow;
    },
    append: (message, packetId, isWill, source) => {
      if (!log.append(message, packetId, isWill, source)) return false;
      if (packetId > 0) sessions.unapplied.appended(message.publisherId, packetId);
      return true;
    },
    claim: (...claim) => putClaim(parts, ...claim),
    unclaim: (clientId) => {
      if (!claims.isAwaited(clientId)) sessions.deleteSession(clientId);
    },
    homeOf: (clientId) => sessions.homes.of(clientId),
    restored: (...session) => sessions.restored(...session),
    restoredShared: (delivery) => shares.restored(delivery),
    keepDone: (clientId, text) => sessions.keepDone(clientId, text),
    forward: (message) => forwarding.forward(message),
    count: (topicFilter, change) => interests.count(topicFilter, change),
    shareChanged: (share) => shares.changed(share),
    isShareHere: (share, message) => shares.isHere(share, message),
    shareSent: (delivery, clientId) => {
      // Of a session that all know the store says so.
      if (sessions.homes.of(clientId) !== node) shares.sent(delivery);
    },
    isShareDue: (share, logId) => shares.isDue(share, logId),
    shareLeft: (share, message) => shares.left(share, message),
  };
}

/** {@linkcode ClusterPort.claim} */
export function putClaim(
  { log, claims }: NodeParts,
  clientId: string,
  endsSession: boolean,
  whenApplied?: WhenApplied,
  isOver?: () => boolean,
): void {
  // Each in a record of its own: what is said of the session between them must not count behind the second.
  if (claims.isAwaited(clientId)) log.flush();
  if (!log.claim(clientId, endsSession, whenApplied !== undefined, isOver)) return;
  claims.add(clientId, whenApplied);
}
