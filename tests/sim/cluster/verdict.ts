import { Violation } from "../records.ts";
import type { RoamingClient } from "./client.ts";
import { countInLog } from "./log_wills.ts";
import { restOf } from "./state.ts";
import type { SentRecord, SessionRecord, SubRecord, WillRecord } from "./records.ts";
import { LONG_MS } from "./absences.ts";
import type { ClusterWorld } from "./world.ts";

/** How long a node takes to know, and to say, what has become of a will. */
const WILL_MS = 60_000;

/**
 * A node that is cut off has not read what another one has acknowledged, and its client may end a subscription meanwhile: nothing orders the
 * two.
 */
const BEHIND_MS = 60_000;

/** Every message that was acknowledged has come to every session that had asked for it, and those of one publisher in order. */
export function checkArrivals({ clients, records }: ClusterWorld): void {
  for (const client of clients) {
    const { session } = client;
    if (session === undefined) throw new Violation(`${client.clientId} has no session in the end`);
    for (const record of records) {
      if (!isOwed(record, session) || session.got.has(record.text)) continue;
      throw new Violation(`${client.clientId} never got ${record.text}, QoS ${record.qos}`);
    }
    for (const one of client.sessions) checkOrder(client, one, records);
  }
}

function isOwed(record: SentRecord, { subs }: SessionRecord): boolean {
  const { qos, mayExpire, isWill, ackedAtMs, sentAtMs, isDoubtful } = record;
  if (qos === 0 || mayExpire || isWill || isDoubtful || ackedAtMs === Infinity) return false;
  return subs.some((sub) =>
    isFor(record, sub) && sub.grantedAtMs < sentAtMs && sub.endAskedAtMs > ackedAtMs + BEHIND_MS
  );
}

function isFor({ topicName }: SentRecord, { topicFilter }: SubRecord): boolean {
  return topicName.startsWith(topicFilter.slice(0, 2));
}

/** Of one publisher, topic and QoS the messages come in the order in which they were sent. [MQTT-4.6.0-6] */
function checkOrder(
  { clientId }: RoamingClient,
  { order, subs }: SessionRecord,
  records: readonly SentRecord[],
): void {
  const byText = new Map(records.map((record) => [record.text, record]));
  const last = new Map<string, SentRecord>();
  for (const text of order) {
    const record = byText.get(text)!;
    if (record.isWill || record.isDoubtful || record.mayExpire || record.qos === 0) continue;
    if (record.mayBeRefused) continue;
    // What one member has not acknowledged comes to another one later.
    if (isShared(record)) continue;
    // It came for the first time before the subscription: what the session gets is a repeat, which comes behind what was sent after it.
    // And what was sent while its SUBSCRIBE was on its way may come later, where the session moves: the guide says so.
    const { sentAtMs } = record;
    const isSubscribed = (sub: SubRecord) =>
      isFor(record, sub) && sub.grantedAtMs < sentAtMs && sentAtMs < sub.endAskedAtMs;
    if (!subs.some(isSubscribed)) continue;
    const key = `${record.publisherId} ${record.topicName} ${record.qos}`;
    const before = last.get(key);
    if (before !== undefined && before.order > record.order) {
      throw new Violation(`${clientId} got ${text} behind ${before.text}, QoS ${record.qos}`);
    }
    last.set(key, record);
  }
}

function isShared({ topicName }: SentRecord): boolean {
  return topicName.startsWith("s/");
}

/**
 * Of the members of the shared subscription somebody has got each message that was acknowledged, and of QoS 2 one alone, once. What is on its way to
 * a member with QoS 2 is lost with its session, so it need not come where one has ended. [MQTT-4.8.2-5]
 */
export function checkShares({ clients, records }: ClusterWorld): void {
  const members = clients.flatMap(({ sessions }) => sessions)
    .map(({ subs, got }) => ({ sub: subs.find(isShare), got }))
    .filter(({ sub }) => sub !== undefined);
  for (const record of records) {
    if (!isShared(record) || record.qos === 0) continue;
    const { text, qos, sentAtMs, ackedAtMs, mayExpire, isDoubtful } = record;
    const takers = members.filter(({ got }) => got.has(text));
    const all = takers.reduce((sum, { got }) => sum + got.get(text)!, 0);
    const isOnce = qos === 2 && takers.every(({ sub }) => sub!.qos === 2);
    if (isOnce && all > 1) throw new Violation(`The share got ${text} of QoS 2 ${all} times`);
    if (mayExpire || isDoubtful || ackedAtMs === Infinity || all > 0) continue;
    if (qos === 2 && clients.some((client) => mayHaveEnded(client, sentAtMs))) continue;
    // The first client is no member, and the second one's session never ends by itself.
    const isTaken = clients.some(({ session }) =>
      session?.subs.some((sub) => isShare(sub) && sub.grantedAtMs < sentAtMs)
    );
    if (!isTaken) continue;
    throw new Violation(`The share never got ${text}, QoS ${qos}`);
  }
}

/** Whether a session with the shared subscription may have ended after this time: another one followed it, or it ends with its connection. */
function mayHaveEnded({ sessions, expirySeconds }: RoamingClient, atMs: number): boolean {
  if (!sessions.some(({ subs }) => subs.some(isShare))) return false;
  return expirySeconds < 1000 ||
    sessions.slice(1).some(({ subs }) =>
      subs.length === 0 || subs.some(({ grantedAtMs }) => grantedAtMs > atMs)
    );
}

function isShare({ topicFilter }: { readonly topicFilter: string }): boolean {
  return topicFilter.startsWith("$share/");
}

/** A will is in the log once where it is due, and not where its client has left in order. */
export function checkWills(world: ClusterWorld): void {
  const counts = countInLog(world);
  for (const { clientId, wills } of world.clients) {
    for (const will of wills) {
      const count = counts.get(will.record.text) ?? 0;
      const { text } = will.record;
      if (count > 1) throw new Violation(`${clientId}'s will ${text} is ${count} times in the log`);
      if (count === 0 && isDue(will, world)) {
        throw new Violation(`${clientId}'s will ${text} was never published`);
      }
      if (count === 1 && isCancelled(will, world)) {
        throw new Violation(`${clientId}'s will ${text} was published, and it left in order`);
      }
    }
  }
}

function isDue(
  { lostAtMs, backAtMs, cancelledAtMs, delayMs, isShared, mayBeBack }: WillRecord,
  world: ClusterWorld,
): boolean {
  // A connection within the delay keeps it from being sent, and nothing orders those to two nodes but the log. [MQTT-3.1.3-9]
  if (mayBeBack && delayMs > 0) return false;
  if (!isShared || cancelledAtMs !== Infinity || lostAtMs === Infinity) return false;
  // Where all nodes are away nobody can publish it.
  const awayMs = world.hasAbsences ? LONG_MS : 0;
  return Math.min(backAtMs, world.clock.nowMs) > lostAtMs + delayMs + WILL_MS + awayMs;
}

/** The node had time to say so, before the client came to another one. */
function isCancelled(
  { cancelledAtMs, backAtMs, node }: WillRecord,
  { nodes, log }: ClusterWorld,
): boolean {
  if (cancelledAtMs === Infinity || backAtMs <= cancelledAtMs + log.maxDelayMs) return false;
  const { disturbedMs } = nodes.find(({ name }) => name === node)!;
  return ![...disturbedMs, ...log.disturbedMs].some((atMs) =>
    atMs > cancelledAtMs - 45_000 && atMs < cancelledAtMs + 15_000
  );
}

/** A client is at one node, all nodes agree about that, and have the same of its session. */
export function checkNodes({ nodes, clients }: ClusterWorld): void {
  for (const { clientId, node, expirySeconds } of clients) {
    const at = nodes.filter(({ broker }) =>
      (broker.clients.get(clientId)?.connection ?? null) !== null
    );
    if (at.length !== 1 || at[0] !== node) {
      throw new Violation(
        `${clientId} is at ${node?.name}, and nodes have it: ${at.map(({ name }) => name)}`,
      );
    }
    for (const { name, cluster } of nodes) {
      const home = new Map(cluster.homes).get(clientId);
      if (home === (expirySeconds > 0 ? node!.name : undefined)) continue;
      throw new Violation(
        `${clientId} is at ${node!.name}, and ${name} says that it is at ${home}`,
      );
    }
  }
  const [first, ...others] = nodes.map(restOf);
  for (const [i, other] of others.entries()) {
    if (other !== first) throw new Violation(`n0 and n${i + 1} differ:\n${first}\n\n${other}`);
  }
}
