import type { Applier } from "./applier.ts";
import type { Engine } from "./engine.ts";
import type { Beat } from "./members.ts";
import type { ClusterLevel } from "./node_init.ts";
import type { NodeParts } from "./node_parts.ts";

/** What a node says of itself beside its parts; `applier` is absent before it joins. */
export interface LevelInit
  extends Pick<ClusterLevel, "name" | "server" | "isReady" | "losses" | "nodes"> {
  readonly applier: Applier | undefined;
}

/** Where a node stands. */
export function levelOf(
  { node, log }: NodeParts,
  { isConnected, logView }: Engine,
  { applier, ...init }: LevelInit,
): ClusterLevel {
  const { sequence = 0, messages = 0, bytes = 0 } = applier ?? {};
  return {
    ...init,
    node,
    isConnected,
    ...logView === undefined ? {} : { log: logView },
    sequence,
    behind: behindOf(init.nodes, sequence),
    waiting: log.waiting,
    messages,
    bytes,
  };
}

/** How many records fewer a node has applied than the one that has most. */
export function behindOf(nodes: readonly Beat[], sequence = 0): number {
  return nodes.reduce((most, beat) => Math.max(most, beat.sequence), sequence) - sequence;
}
