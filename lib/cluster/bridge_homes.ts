import type { Engine } from "./engine.ts";
import { type Beat, MAX_BRIDGES, type Members } from "./members.ts";
import { putClaim } from "./node_port.ts";
import type { NodeParts } from "./node_parts.ts";

/** A bridge of this node's configuration. */
export interface OfferedBridge {
  /** The Client Identifier of its session. */
  readonly clientId: string;
  /** Whether this node may have it. */
  readonly mayBeHere: boolean;
  /** No more than one node may have it. */
  readonly isPinned: boolean;
}

/** What is asked of a node about itself. */
interface AskedNode {
  readonly engine: Pick<Engine, "endOfLog">;
  readonly parts: NodeParts;
  readonly members: Members;
  /** {@linkcode ClusterNode.isReady} */
  readonly isReady: () => boolean;
  /** The last record that it has applied. */
  readonly sequence: () => number;
  readonly nowMs: () => number;
  /** How long another node is not heard until it is taken for dead. */
  readonly deadAfterMs: number;
}

/** The log had so many records at this time, or more. */
interface Sight {
  readonly atMs: number;
  readonly sequence: number;
}

/**
 * Which node has each bridge: the one that the bridge's session belongs to, by the log. So a bridge moves as a client does, and what its
 * former node still writes does not count. But what that node sends to the remote broker would: it has to leave its bridges before others take
 * it for dead. So the server that leads the log is asked every second, and when this node has applied what that had when it was asked, it knows
 * how things stood then. Where that is too long ago, the node counts as cut off.
 */
export class BridgeHomes {
  /** The name of this node. */
  readonly node: string;
  readonly #of: AskedNode;
  #offered: readonly OfferedBridge[] = [];
  #isLeaving = false;
  /** There is a bridge for which it has to know whether it is reached. */
  #isAsking = false;
  /** An answer, up to which this node has not applied the log yet. */
  #sight: Sight | undefined;
  /** Up to this time the node knows how things stand. */
  #knownAtMs = -Infinity;
  #looks = 0;
  #lastHeard: Heard | undefined;

  /** Nothing is asked before `offer`. */
  constructor(of: AskedNode) {
    this.#of = of;
    this.node = of.parts.node;
  }

  /** Whether this node knows how things stood a moment ago, so that no other takes it for dead. */
  get isReached(): boolean {
    this.#compare();
    return this.#of.nowMs() - this.#knownAtMs < this.#of.deadAfterMs * PATIENCE;
  }

  /** Says which bridges this node knows, and which of them it may have. */
  offer(bridges: readonly OfferedBridge[]): void {
    this.#offered = bridges;
    this.#isAsking = bridges.some(({ mayBeHere }) => mayBeHere);
    this.look();
  }

  /** This node ends: others take its bridges at once. */
  leave(): void {
    this.#isAsking = false;
    this.#isLeaving = true;
    this.#of.members.say();
  }

  /** Whether that node has said that it ends. */
  isLeaving(node: string): boolean {
    return this.#heard.leaving.has(node);
  }

  /** The node that the session belongs to; `undefined`: to none. */
  homeOf(clientId: string): string | undefined {
    return this.#of.parts.sessions.homes.of(clientId);
  }

  /** Whether that node is heard. */
  isThere(node: string): boolean {
    return this.#heard.nodes.has(node);
  }

  /** The nodes that are heard and may have the bridge, by name. */
  candidates(clientId: string): readonly string[] {
    const { candidates, cut } = this.#heard;
    const named = candidates.get(clientId) ?? [];
    return cut.length === 0 ? named : [...new Set([...named, ...cut])].sort();
  }

  /** Each bridge asks some times a second, of all nodes and their bridges. */
  get #heard(): Heard {
    const nowMs = this.#of.nowMs();
    if (this.#lastHeard === undefined || nowMs - this.#lastHeard.atMs >= HEARD_MS) {
      this.#lastHeard = heardAt(nowMs, this.#of.members.nodes());
    }
    return this.#lastHeard;
  }

  /** The session is to belong to this node, and does when the log has come to that, unless it has gone to another one meanwhile. */
  claim(clientId: string): void {
    const { parts, sequence } = this.#of;
    parts.log.knows(sequence());
    putClaim(parts, clientId, false, () => {});
    parts.log.flush();
  }

  /** What this node says of its bridges. Where it is not reached it has none, and others are to take them, also where they hear it. */
  get said(): Pick<Beat, "bridges" | "mayHave" | "known" | "leaves"> {
    if (this.#isLeaving) return { leaves: true };
    if (this.#offered.length === 0) return {};
    const { isReached } = this;
    const said = { bridges: [] as string[], mayHave: [] as string[], known: [] as string[] };
    for (const { clientId, mayBeHere, isPinned } of this.#offered) {
      const mayHave = mayBeHere && (isReached || isPinned);
      said[mayHave ? "mayHave" : "known"].push(clientId);
      if (mayHave && this.homeOf(clientId) === this.node) said.bridges.push(clientId);
    }
    const { bridges, mayHave, known } = said;
    return {
      ...bridges.length === 0 ? {} : { bridges },
      ...mayHave.length === 0 ? {} : { mayHave },
      ...known.length === 0 ? {} : { known },
    };
  }

  /** To be called from time to time. */
  look(): void {
    if (!this.#isAsking || this.#looks++ % LOOKS !== 0) return;
    const { engine, nowMs, isReady, sequence } = this.#of;
    if (!isReady()) return;
    const atMs = nowMs();
    if (engine.endOfLog === undefined) return this.#see({ atMs, sequence: sequence() });
    engine.endOfLog().then(
      ({ sequence, ageMs }) => this.#see({ atMs: atMs - ageMs, sequence }),
      () => {},
    );
  }

  #see(sight: Sight): void {
    this.#compare();
    this.#sight ??= sight;
    this.#compare();
  }

  #compare(): void {
    const { sequence, isReady } = this.#of;
    if (this.#sight === undefined || !isReady() || sequence() < this.#sight.sequence) return;
    this.#knownAtMs = Math.max(this.#knownAtMs, this.#sight.atMs);
    this.#sight = undefined;
  }
}

/** The part of the time, until others take a node for dead, for which it may go on without an answer. */
const PATIENCE = 0.6;
/** Of so many looks one asks. */
const LOOKS = 2;
/** What is known of the nodes is put together again after so long, milliseconds. */
const HEARD_MS = 100;

/** What the nodes have said last. */
interface Heard {
  readonly atMs: number;
  readonly nodes: ReadonlySet<string>;
  readonly leaving: ReadonlySet<string>;
  /** The nodes that may have each bridge, by name. */
  readonly candidates: ReadonlyMap<string, readonly string[]>;
  /** Nodes that may have more than is known of them. */
  readonly cut: readonly string[];
}

function heardAt(atMs: number, beats: readonly Beat[]): Heard {
  const candidates = new Map<string, string[]>();
  for (const { node, mayHave = [] } of beats) {
    for (const clientId of mayHave) {
      const nodes = candidates.get(clientId);
      if (nodes === undefined) candidates.set(clientId, [node]);
      else nodes.push(node);
    }
  }
  const leaving = beats.filter(({ leaves }) => leaves === true).map(({ node }) => node);
  const nodes = new Set(beats.map(({ node }) => node));
  const cut = beats.filter(({ mayHave = [] }) => mayHave.length >= MAX_BRIDGES)
    .map(({ node }) => node);
  return { atMs, nodes, leaving: new Set(leaving), candidates, cut };
}
