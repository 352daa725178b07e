import type { BridgeHomes } from "./bridge_homes.ts";
import type { LostLog } from "./lost_log.ts";
import type { Members } from "./members.ts";
import type { ClusterHost } from "./node_init.ts";
import type { NodeParts } from "./node_parts.ts";
import type { Reading } from "./node_reading.ts";

/** What a node that has read the log has beside its parts. */
export interface TakingPartInit {
  readonly host: ClusterHost;
  readonly reading: Reading;
  readonly lost: LostLog;
  readonly bridges: BridgeHomes;
  /** The broker's clock. */
  readonly nowMs: () => number;
}

/** All of before is applied: from here on the node writes. */
export function takePart(
  { node, log, sessions, shares, forwarding }: NodeParts,
  members: Members,
  { host, reading: { applier, effects }, lost, bridges, nowMs }: TakingPartInit,
): void {
  // Greater than that of every process before, however the clock has been set.
  const epoch = Math.max(Math.floor(nowMs()), applier.marks.epochOf(node) + 1);
  log.epoch = forwarding.epoch = applier.epoch = epoch;
  log.knows(applier.sequence);
  sessions.own.begin(host, () => applier.sequence);
  host.turn().inherit(sessions.own.takeLeft());
  host.turn().comeBack([...sessions.homes.own()]);
  for (const [clientId, will] of effects.takeOwedWills()) {
    host.turn().publishOwed(clientId, will);
  }
  shares.begin();
  log.flush();
  members.begin(() => ({
    epoch,
    sequence: applier.sequence,
    waiting: log.waiting,
    own: sessions.homes.countOf(node),
    losses: lost.count,
    ...bridges.said,
    ...host.counts,
  }));
}
