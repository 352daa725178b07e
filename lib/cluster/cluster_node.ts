import type { ClusterChangedEvent, ClusterPort, SharedDelivery, Store } from "../broker/mod.ts";
import { BridgeHomes } from "./bridge_homes.ts";
import { type Engine, type EngineEvents, TIMERS, type Timers } from "./engine.ts";
import { LostLog } from "./lost_log.ts";
import { Members } from "./members.ts";
import { NatsEngine } from "./nats_engine.ts";
import type { ClusterHost, ClusterInit, ClusterLevel } from "./node_init.ts";
import { behindOf, levelOf } from "./node_level.ts";
import { makeParts, type NodeParts } from "./node_parts.ts";
import { newPort } from "./node_port.ts";
import { Reading } from "./node_reading.ts";
import { DEAD_AFTER_MS, NodeWatch } from "./node_watch.ts";
import type { OpenedLog } from "./open_log.ts";
import { prefixOf } from "./options.ts";
import { takePart } from "./taking_part.ts";
import { ServerLines } from "./server_lines.ts";

const LOOK_MS = 500;
const LOOK_AGAIN_MS = 5;
/** How soon others hear what is done with. */
const DONE_MS = 200;

/** A node of a cluster: stands between one broker and what all nodes share. */
export class ClusterNode {
  /** For the broker, in the place of its own store. */
  readonly store: Store;
  /** For the broker. */
  readonly port: ClusterPort;
  /** Which node has each bridge. */
  readonly bridges: BridgeHomes;
  readonly #init: ClusterInit;
  readonly #engine: Engine;
  readonly #timers: Timers;
  readonly #parts: NodeParts;
  readonly #members: Members;
  readonly #lost: LostLog;
  readonly #watch: NodeWatch;
  /** The server of NATS that is connected; `""`: none is. */
  #server = "";
  #host: ClusterHost | undefined;
  #reading: Reading | undefined;
  #isClosed = false;
  readonly #stopTimers: readonly (() => void)[];

  /** It begins to connect; nothing is applied before `join`. */
  constructor(init: ClusterInit) {
    this.#init = init;
    const { options, log } = init;
    const timers = this.#timers = init.timers ?? TIMERS;
    const newEngine = init.newEngine ??
      ((events: EngineEvents) => new NatsEngine(options, log, events));
    this.#engine = newEngine(this.#newEvents());
    const parts = this.#parts = makeParts(init, this.#engine, () => this.#host);
    this.#lost = new LostLog({ ...init, engine: this.#engine, records: parts.log, timers });
    this.#members = this.#newMembers();
    this.#watch = this.#newWatch();
    this.store = parts.store;
    this.port = newPort(
      parts,
      () => this.isReady,
      () => this.#watch.currentSinceMs,
      () => this.#reading?.applier.created,
    );
    this.bridges = this.#newBridges();
    this.#stopTimers = [
      timers.every(LOOK_MS, () => this.#look()),
      timers.every(DONE_MS, () => {
        const hasTold = parts.sessions.own.done.tell();
        if (parts.shares.tellDone() || hasTold) parts.log.flush();
      }),
    ];
  }

  #newEvents(): EngineEvents {
    const { options: { node }, log, nowMs } = this.#init;
    const lines = new ServerLines(log, nowMs);
    return {
      onConnect: (server) => {
        lines.connected(server, this.#engine.maxPayloadBytes);
        this.#parts.log.look(true);
        this.#tell("connected", node, this.#server = server);
      },
      onLost: (reason) => {
        lines.lost(reason);
        if (this.#server !== "") this.#tell("away", node, reason);
        this.#server = "";
      },
      onDenied: (reason) => lines.denied(reason),
    };
  }

  #newMembers(): Members {
    const { options: { name, node }, log, nowMs } = this.#init;
    const nats = this.#engine;
    const timers = this.#timers;
    return new Members(
      { nats, prefix: prefixOf(name), node, log, nowMs, timers },
      (change, node) => this.#tell(change, node),
    );
  }

  #newWatch(): NodeWatch {
    return new NodeWatch(this.#init, this.#parts, this.#members, {
      isReady: () => this.isReady,
      behind: () => behindOf(this.#members.nodes(), this.#reading?.applier.sequence),
      headOf: (node) => this.#reading!.applier.marks.headOf(node),
      turn: () => this.#host!.turn(),
    });
  }

  #newBridges(): BridgeHomes {
    const { nowMs, deadAfterMs = DEAD_AFTER_MS } = this.#init;
    return new BridgeHomes({
      engine: this.#engine,
      parts: this.#parts,
      members: this.#members,
      isReady: () => this.isReady,
      sequence: () => this.#reading?.applier.sequence ?? 0,
      nowMs,
      deadAfterMs,
    });
  }

  /** Whether the node takes part: it has applied all that there was, and has a server. */
  get isReady(): boolean {
    const { log } = this.#parts;
    const { isConnected, isLogAway = false } = this.#engine;
    return log.epoch > 0 && isConnected && !isLogAway && !log.isFailing &&
      !this.#members.hasTwin && !this.#reading?.isOutdated && !this.#lost.isShort;
  }

  /** Where it stands. */
  get level(): ClusterLevel {
    return levelOf(this.#parts, this.#engine, {
      name: this.#init.options.name,
      server: this.#server,
      isReady: this.isReady,
      losses: this.#lost.count,
      nodes: this.#members.nodes(),
      applier: this.#reading?.applier,
    });
  }

  /** The node of each session, by Client Identifier, as the log says at present. */
  get homes(): Iterable<readonly [clientId: string, node: string]> {
    return this.#parts.sessions.homes.all;
  }

  /** What nodes have to deliver to members of shared subscriptions, as the log says at present. */
  get shared(): readonly SharedDelivery[] {
    return this.#parts.shares.pending;
  }

  /** Applies all that is in the log, and goes on applying it; resolves when nothing of before is missing. */
  async join(host: ClusterHost): Promise<void> {
    this.#host = host;
    // What was before nobody could hear.
    if (this.#server !== "") this.#tell("connected", this.#init.options.node, this.#server);
    const { position, wholeLogWaitMs } = this.#init;
    const isClosed = () => this.#isClosed;
    const opened = await this.#engine.openLog({ position, wholeLogWaitMs, isClosed });
    if (opened === undefined) return;
    await new Promise<void>((joined) => this.begin(host, opened, joined));
  }

  /**
   * The second part of `join`: applies what is in the log, which is open. `joined` is called when nothing of before is missing.
   * @internal
   */
  begin(host: ClusterHost, opened: OpenedLog, joined: () => void): void {
    this.#host = this.#parts.shares.host = host;
    const lost = this.#lost;
    const given = { init: this.#init, engine: this.#engine, timers: this.#timers, lost, host };
    const reading = this.#reading = new Reading(given, this.#parts, opened);
    const look = () => {
      if (this.#isClosed || reading.isBehind || lost.isLost) return joined();
      // What is still on its way to receivers is not among what waits for them.
      const isWhole = reading.applier.sequence >= opened.info.lastSequence;
      if (!isWhole || host.turn().isFanningOut) {
        return void this.#timers.after(LOOK_AGAIN_MS, look);
      }
      this.#watch.begin();
      const { bridges } = this;
      const { nowMs } = this.#init;
      takePart(this.#parts, this.#members, { host, reading, lost, bridges, nowMs });
      joined();
    };
    look();
  }

  /** Leaves. What is in the log stays there. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#lost.close();
    for (const stop of this.#stopTimers) stop();
    this.#members.close();
    this.#reading?.close();
    await this.#engine.close();
  }

  #tell(change: ClusterChangedEvent["change"], node: string, message = ""): void {
    const { name: cluster } = this.#init.options;
    const { others } = this.#members;
    this.#host?.clusterChanged?.({ change, cluster, node, message, others });
  }

  #look(): void {
    this.#parts.log.look(false);
    this.#members.look(this.#engine.isConnected);
    this.#watch.look();
    this.bridges.look();
  }
}
