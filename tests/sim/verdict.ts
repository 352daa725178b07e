import type { Ledger } from "./ledger.ts";
import { type Incarnation, type PublishRecord, type SubRecord, Violation } from "./records.ts";
import type { World } from "./world.ts";

/** How long after it was asked for a message may have expired before it was looked at. */
const EXPIRY_SLACK_MS = 100;

/** When all has come to rest: whether what had to arrive has arrived, but for what the broker counted as dropped. */
export function checkArrivals(world: World, ledger: Ledger, mayDrop: boolean): void {
  const missing: string[] = [];
  for (const record of ledger.records) {
    if (!isOwed(record, world.clock.nowMs)) continue;
    for (const incarnation of world.sessions.all) {
      if (incarnation.isOver || incarnation.seen.has(record.id)) continue;
      if (incarnation.subs.some((sub) => isOwedTo(record, sub, incarnation, world))) {
        missing.push(`${incarnation.clientId} never got #${record.id} on ${record.topicName}`);
      }
    }
    const share = missingShare(record, world);
    if (share !== undefined) missing.push(`No member of ${share} got #${record.id}`);
  }
  if (missing.length > (mayDrop ? world.dropped : 0)) {
    throw new Violation(`${missing[0]}, and ${missing.length - 1} more are missing`);
  }
}

/**
 * Whether the message that the broker has retained on a topic can be: one that no later one was acknowledged after.
 * `undefined`: there is none.
 */
export function checkRetained(
  records: readonly PublishRecord[],
  topicName: string,
  retained: PublishRecord | undefined,
  askedAtMs: number,
): void {
  const sent = records.filter((record) =>
    record.retain && record.topicName === topicName && record.sentAtMs !== Infinity &&
    !record.isRefused && record.isTaken
  );
  const canBeLast = sent.filter(({ ackedAtMs }) =>
    !sent.some((later) => later.ackedAtMs !== Infinity && later.sentAtMs > ackedAtMs)
  );
  if (retained === undefined) {
    const isEmpty = sent.every(({ ackedAtMs }) => ackedAtMs === Infinity) ||
      canBeLast.some((record) =>
        record.payload.length === 0 || expiresAtMs(record, false) <= askedAtMs + EXPIRY_SLACK_MS
      );
    if (!isEmpty) throw new Violation(`Nothing is retained on ${topicName} [MQTT-3.3.1-5]`);
    return;
  }
  if (!canBeLast.includes(retained)) {
    throw new Violation(`#${retained.id} is retained on ${topicName}, where a later one was`);
  }
  if (expiresAtMs(retained, true) < askedAtMs) {
    throw new Violation(`#${retained.id} is retained on ${topicName}, expired`);
  }
}

/** When it expires: at the earliest, or at the latest. */
function expiresAtMs(record: PublishRecord, isLatest: boolean): number {
  const seconds = record.properties?.messageExpiryInterval ?? Infinity;
  return (isLatest ? record.ackedAtMs : record.sentAtMs) + seconds * 1000;
}

/** Acknowledged, or a will that was published; and good for longer than the run. */
function isOwed(record: PublishRecord, nowMs: number): boolean {
  return record.qos > 0 && record.ackedAtMs !== Infinity && !record.isRefused &&
    record.isTaken && record.payload.length > 0 &&
    (record.will === undefined || record.will === "due") &&
    expiresAtMs(record, false) > nowMs;
}

function isOwedTo(
  record: PublishRecord,
  sub: SubRecord,
  incarnation: Incarnation,
  world: World,
): boolean {
  return !sub.isShared && covers(sub, record, world) &&
    !(sub.noLocal && record.publisherId === incarnation.clientId);
}

/** Granted before the message was sent, and not given up before it was acknowledged. */
function covers(sub: SubRecord, record: PublishRecord, world: World): boolean {
  return sub.qos > 0 && sub.grantedAtMs < record.sentAtMs && sub.endAskedAtMs > record.ackedAtMs &&
    world.matches(sub.topicFilter, record.topicName);
}

interface Member {
  readonly sub: SubRecord;
  readonly incarnation: Incarnation;
}

/** The shared subscription that should have given the message to one of its members and has not. */
function missingShare(record: PublishRecord, world: World): string | undefined {
  const members: Member[] = world.sessions.all.flatMap((incarnation) =>
    incarnation.subs
      .filter((sub) => sub.isShared && world.matches(sub.topicFilter, record.topicName))
      .filter((sub) => sub.endedAtMs > record.sentAtMs)
      .map((sub) => ({ sub, incarnation }))
  );
  for (const wholeFilter of new Set(members.map(({ sub }) => sub.wholeFilter))) {
    const group = members.filter(({ sub }) => sub.wholeFilter === wholeFilter);
    if (!group.some((member) => isStaying(member) && covers(member.sub, record, world))) continue;
    // With a member's session a QoS 2 message may end, and with a crash one that was not stored.
    const canMove = record.crashesBefore === world.crashes;
    const isOwed = group.every((member) =>
      member.sub.qos > 0 &&
      (isStaying(member) || canMove && Math.min(record.qos, member.sub.qos) === 1)
    );
    const hasArrived = group.some(({ incarnation }) => incarnation.seen.has(record.id));
    if (isOwed && !hasArrived) return wholeFilter;
  }
  return undefined;
}

function isStaying({ sub, incarnation }: Member): boolean {
  return !incarnation.isOver && sub.endAskedAtMs === Infinity;
}
