import type {
  Delivery,
  StoredDelivery,
  StoredSession,
  StoredState,
} from "../../../lib/broker/mod.ts";
import { splitOwner } from "../../../lib/broker/mod.ts";
import type { StreamInfo } from "../../../lib/cluster/nats/jetstream_answers.ts";
import { positionOf } from "../../../lib/cluster/position.ts";
import type { KeptMessage } from "../../../lib/session/mod.ts";
import type { SimStore } from "../store.ts";
import type { SimLog } from "./engine.ts";
import type { ClusterSimNode } from "./node.ts";

/** A copy of what all nodes know, of one node's store. */
export interface SimSnapshot {
  /** The last record of the log that is in it. */
  readonly sequence: number;
  readonly state: StoredState;
}

/**
 * A node makes a snapshot as the real one does, which takes so long: it copies its store, shows the copy when all of it is there and nobody else was first, and
 * deletes from the log what is in the one before and has been applied by every node that it hears.
 */
export function makeSnapshot(node: ClusterSimNode, log: SimLog, delayMs: number): void {
  if (!node.isIn || node.isPaused || !node.cluster.isReady) return;
  const state = node.store.backUp();
  const position = positionOf(state.position);
  if (position === undefined) return;
  const last = log.snapshot;
  if (last !== undefined && position.sequence <= last.sequence) return;
  node.arrive(() => {
    if (!node.engine.isConnected || log.snapshot !== last) return;
    log.snapshot = { sequence: position.sequence, state: sharedOf(state) };
    if (last === undefined) return;
    const applied = node.cluster.level.nodes.map(({ sequence }) => sequence);
    log.firstSequence = Math.max(log.firstSequence, Math.min(last.sequence, ...applied) + 1);
  }, delayMs);
}

/** Whether a node that has stored this position starts from the snapshot: the log does not reach back to it, or it is new. */
export function needsSnapshot(
  { sequence }: SimSnapshot,
  { firstSequence }: StreamInfo,
  stored: string | undefined,
): boolean {
  const applied = positionOf(stored)?.sequence;
  if (applied === undefined) return true;
  return applied + 1 < firstSequence && sequence > applied;
}

/** What a node's store knew of what all know leaves it, and the snapshot takes the place. */
export function takeSnapshot({ state }: SimSnapshot, store: SimStore): void {
  const own = [...store.load().sessions];
  const brought = new Set([...state.sessions].map(({ clientId }) => clientId));
  const forgotten = own.filter((one) => isShared(one) || brought.has(one.clientId));
  store.rewrite(forgotten.map(({ clientId }) => clientId), copyOf(state));
}

function isShared({ owner }: StoredSession): boolean {
  return splitOwner(owner).home !== undefined;
}

/** Without what belongs to the node alone that has made the copy. */
function sharedOf(state: StoredState): StoredState {
  const shared = [...state.shared ?? []];
  const due = new Set(shared.map(({ share, message: { logId } }) => `${share} ${logId}`));
  const isKept = ({ delivery: { share, qos, message: { logId = 0 } }, packetId }: StoredDelivery) =>
    logId > 0 &&
    (share === undefined || qos === 2 && packetId > 0 && !due.has(`${share} ${logId}`));
  const sessions = [...state.sessions].filter(isShared).map((session) => ({
    ...session,
    deliveries: session.deliveries.flatMap((one) => {
      if (isKept(one)) return [one];
      const isHeld = one.state === "released" || (one.delivery.message.logId ?? 0) === 0;
      return one.packetId > 0 && one.delivery.qos === 2 && isHeld ? [standInFor(one)] : [];
    }),
  }));
  return copyOf({ ...state, shared, sessions });
}

/** The client holds the Packet Identifier of a message that its node alone has. */
function standInFor({ delivery, packetId }: StoredDelivery): StoredDelivery {
  const message = {
    ...delivery.message,
    topicName: "",
    payload: new Uint8Array(0),
    properties: undefined,
    expiresAtMs: Infinity,
    publisherId: "",
    logId: 0,
  };
  return {
    delivery: { ...delivery, message, retain: false, share: undefined },
    packetId,
    state: "released",
  };
}

/** As read from a file: nothing is shared with what was written, and deliveries of one message share one object again. */
function copyOf({ sessions, retained, ...rest }: StoredState): StoredState {
  const copies = new Map<KeptMessage, KeptMessage>();
  const copy = ({ message, ...delivery }: Delivery): Delivery => {
    const one = copies.get(message) ??
      { ...message, payload: message.payload.slice(), storeId: 0 };
    copies.set(message, one);
    return { ...delivery, message: one };
  };
  return {
    ...rest,
    retained: [...retained],
    sessions: [...sessions].map((session) => ({
      ...session,
      deliveries: session.deliveries.map((one) => ({ ...one, delivery: copy(one.delivery) })),
    })),
  };
}
