import type {
  ClusterChangedEvent,
  ClusterPort,
  FromCluster,
  LogPort,
  Message,
  SessionChange,
  ShareChange,
  SharedMessage,
  Store,
} from "../broker/mod.ts";
import type { Will } from "../codec/mod.ts";
import { Applier, type ApplierPorts, type Origin } from "./applier.ts";
import { Claims, type WhenApplied } from "./claims.ts";
import { EmptyStore } from "./empty_store.ts";
import { type Engine, type EngineEvents, type LogReader, TIMERS, type Timers } from "./engine.ts";
import { Forwarding } from "./forwarding.ts";
import { Interests } from "./interests.ts";
import { Log } from "./log.ts";
import { LostLog } from "./lost_log.ts";
import { type Beat, Members } from "./members.ts";
import { NatsEngine } from "./nats_engine.ts";
import type { LogView } from "./log_watch.ts";
import type { OpenedLog } from "./open_log.ts";
import { type ClusterOptions, prefixOf } from "./options.ts";
import type { Position } from "./position.ts";
import { firstPlaceOf, type RecordClaim } from "./record.ts";
import { ALL_SESSIONS, type SessionHost, SharedSessions } from "./sessions.ts";
import { SharedGroups, type ShareHost } from "./shares.ts";
import { SharedStore } from "./shared_store.ts";

/** The broker, for its node. */
export interface ClusterHost extends SessionHost, ShareHost {
  /** The way into the broker, in the turn that is open or in a new one. */
  turn(): FromCluster;
  /** {@linkcode FromCluster.changed} */
  clusterChanged?(event: ClusterChangedEvent): void;
  /** Clients that are connected, and sessions, for those who look. */
  readonly counts: { readonly clients: number; readonly sessions: number };
}

/** What a node is made of. */
export interface ClusterInit {
  /** What it is told. */
  readonly options: ClusterOptions;
  /** For what an operator should know. */
  readonly log: LogPort;
  /** The node's own store. Absent: what is not in the log ends with the process. */
  readonly store?: Store | undefined;
  /** What that store knows of the log. */
  readonly position?: string | undefined;
  /** The broker's clock, milliseconds since 1970. */
  readonly nowMs: () => number;
  /** A node that is not heard for so long is dead; default: 10,000. */
  readonly deadAfterMs?: number;
  /** How long a log is waited for that has less than this node has applied; default: 15,000. */
  readonly wholeLogWaitMs?: number;
  /**
   * The log does not reach back any more to what this node has applied, because it was away for too long, or the log was shortened while it
   * joined: nothing is applied from here on, and it has to start anew from a snapshot. Absent: it goes on without what it has missed. The same
   * where the log has lost what this node had applied; absent: the node takes no part any more.
   */
  readonly fellBehind?: () => void;
  /** {@linkcode ClusterLevel.losses} of the node that this one continues; absent: none. */
  readonly losses?: number;
  /**
   * What the nodes share; default: NATS.
   * @internal
   */
  readonly newEngine?: (events: EngineEvents) => Engine;
  /**
   * Default: those of the process.
   * @internal
   */
  readonly timers?: Timers;
}

/** Where a node stands. */
export interface ClusterLevel {
  /** The cluster's name. */
  readonly name: string;
  /** The node's. */
  readonly node: string;
  /** Whether a NATS server has let it in. */
  readonly isConnected: boolean;
  /** That server; `""`: none has. */
  readonly server: string;
  /** The log as the servers describe it; absent: that is not known. */
  readonly log?: LogView;
  /** The last record that is applied. */
  readonly sequence: number;
  /** Whether the node takes part. */
  readonly isReady: boolean;
  /** How many records fewer than the node that has most. */
  readonly behind: number;
  /** Messages of the log that were applied since the start. */
  readonly messages: number;
  /** Bytes of the records that have come since the start. */
  readonly bytes: number;
  /** Records of this node on their way. */
  readonly waiting: number;
  /** How often the log has had less than this node had applied. */
  readonly losses: number;
  /** Nodes that are heard, this one included. */
  readonly nodes: readonly Beat[];
}

const LOOK_MS = 500;
const LOOK_AGAIN_MS = 5;
const DEAD_AFTER_MS = 10_000;
/** How soon others hear what is done with. */
const DONE_MS = 200;

/** A node of a cluster: stands between one broker and what all nodes share. */
export class ClusterNode {
  /** For the broker, in the place of its own store. */
  readonly store: Store;
  /** For the broker. */
  readonly port: ClusterPort;
  readonly #init: ClusterInit;
  readonly #own: Store;
  readonly #shared: SharedStore;
  readonly #engine: Engine;
  readonly #timers: Timers;
  readonly #log: Log;
  readonly #interests: Interests;
  readonly #members: Members;
  readonly #prefix: string;
  readonly #forwarding: Forwarding;
  /** The server of NATS that is connected; `""`: none is. */
  #server = "";
  readonly #claims = new Claims();
  readonly #sessions: SharedSessions;
  readonly #shares: SharedGroups;
  #host: ClusterHost | undefined;
  #applier: Applier | undefined;
  #reader: LogReader | undefined;
  /** Wills of sessions that have ended with a claim of an earlier process, by Client Identifier: it may have published them. */
  readonly #owedWills = new Map<string, Will>();
  #isClosed = false;
  /** Since when nothing kept this node from hearing others. */
  #readySinceMs: number;
  #readyAtMs: number;
  #isIsolated = false;
  readonly #lost: LostLog;
  /** Other nodes are of a version whose records this one cannot read. */
  #isOutdated = false;
  /** When this node said of others that they are dead. */
  readonly #declared = new Map<string, number>();
  readonly #stopTimers: readonly (() => void)[];

  /** It begins to connect; nothing is applied before `join`. */
  constructor(init: ClusterInit) {
    this.#init = init;
    const { options, log, nowMs } = init;
    this.#own = init.store ?? new EmptyStore();
    this.#prefix = prefixOf(options.name);
    this.#timers = init.timers ?? TIMERS;
    this.#readySinceMs = this.#readyAtMs = nowMs();
    const newEngine = init.newEngine ??
      ((events: EngineEvents) => new NatsEngine(options, log, events));
    this.#engine = newEngine({
      onConnect: (server) => {
        log.info("The cluster's NATS server is connected", { server });
        this.#log.look(true);
        this.#tell("connected", options.node, this.#server = server);
      },
      onLost: (reason) => {
        log.warning("The cluster's NATS server is not connected", { reason });
        if (this.#server !== "") this.#tell("away", options.node, reason);
        this.#server = "";
      },
    });
    this.#log = new Log(this.#engine, `${this.#prefix}.log`, options.node, nowMs);
    const { wholeLogWaitMs, fellBehind, losses } = init;
    this.#lost = new LostLog({
      engine: this.#engine,
      records: this.#log,
      timers: this.#timers,
      log,
      nowMs,
      wholeLogWaitMs,
      fellBehind,
      losses,
    });
    this.#sessions = new SharedSessions(options.node, this.#log, log);
    const isExpected = (share: string) =>
      this.#host !== undefined && this.#sessions.haveElsewhere(share, this.#host);
    this.#shares = new SharedGroups(options.node, this.#log, log, isExpected);
    this.#forwarding = new Forwarding(this.#engine, this.#prefix, options.node, log);
    const deliver = (message: Message) => this.#host?.turn().deliverForwarded(message);
    this.#interests = new Interests(
      this.#engine,
      this.#prefix,
      ({ payload }) => this.#forwarding.hear(payload, deliver),
    );
    this.store = this.#shared = new SharedStore(
      this.#own,
      this.#log,
      this.#sessions,
      this.#interests,
      this.#shares,
    );
    this.#members = new Members({
      nats: this.#engine,
      prefix: this.#prefix,
      node: options.node,
      log,
      nowMs,
      timers: this.#timers,
    }, (change, node) => this.#tell(change, node));
    this.port = this.#newPort();
    this.#stopTimers = [
      this.#timers.every(LOOK_MS, () => this.#look()),
      this.#timers.every(DONE_MS, () => {
        const hasTold = this.#sessions.tellDone();
        if (this.#shares.tellDone() || hasTold) this.#log.flush();
      }),
    ];
  }

  /** Whether the node takes part: it has applied all that there was, and has a server. */
  get isReady(): boolean {
    return this.#log.epoch > 0 && this.#engine.isConnected && !this.#log.isFailing &&
      !this.#members.hasTwin && !this.#isOutdated && !this.#lost.isShort;
  }

  /** Where it stands. */
  get level(): ClusterLevel {
    const { name, node } = this.#init.options;
    const nodes = this.#members.nodes();
    const sequence = this.#applier?.sequence ?? 0;
    const most = nodes.reduce((most, beat) => Math.max(most, beat.sequence), sequence);
    const log = this.#engine.logView;
    return {
      name,
      node,
      isConnected: this.#engine.isConnected,
      server: this.#server,
      ...log === undefined ? {} : { log },
      isReady: this.isReady,
      sequence,
      behind: most - sequence,
      waiting: this.#log.waiting,
      messages: this.#applier?.messages ?? 0,
      bytes: this.#applier?.bytes ?? 0,
      losses: this.#lost.count,
      nodes,
    };
  }

  /** The node of each session, by Client Identifier, as the log says at present. */
  get homes(): Iterable<readonly [clientId: string, node: string]> {
    return this.#sessions.homes;
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
  begin(host: ClusterHost, { info, position, isCut }: OpenedLog, joined: () => void): void {
    this.#host = this.#shares.host = host;
    const { sequence, entries = 0, shares } = position;
    this.#shares.load(shares, firstPlaceOf(sequence + 1) + entries);
    if (position.fences !== undefined) this.#sessions.fences.load(position.fences);
    if (isCut) {
      this.#lost.wasCut();
      this.#sessions.forgetBehind(sequence);
    }
    const applier = this.#applier = this.#newApplier(host, position);
    const { log } = this.#init;
    let isBehind = false;
    const wasReached = sequence + 1 >= info.firstSequence;
    this.#reader = this.#engine.readLog(sequence + 1, {
      message: (sequence, _, payload) => applier.receive(sequence, payload),
      gap: (expected, from) => {
        const message = "The cluster's log has lost what this node had not applied";
        log.error(message, { expected, from });
        const { fellBehind } = this.#init;
        // Where the log did not reach back to this node when it began, there is no snapshot that is nearer.
        if (!wasReached || fellBehind === undefined) return applier.gap(from);
        this.#reader!.close();
        fellBehind();
        isBehind = true;
      },
      short: (last, isAnother) => {
        if (this.#lost.short(applier, last, isAnother)) this.#reader!.close();
      },
      whole: () => this.#lost.whole(),
      trouble: (reason) => log.warning("Cannot read the cluster's log", { reason }),
    });
    const look = () => {
      if (this.#isClosed || isBehind || this.#lost.isLost) return joined();
      // What is still on its way to receivers is not among what waits for them.
      if (applier.sequence < info.lastSequence || host.turn().isFanningOut) {
        return void this.#timers.after(LOOK_AGAIN_MS, look);
      }
      this.#takePart(host, applier);
      joined();
    };
    look();
  }

  #newApplier(host: ClusterHost, position: Position): Applier {
    const { log, options } = this.#init;
    const shares = this.#shares;
    const { fences } = this.#sessions;
    const ports: ApplierPorts = {
      node: options.node,
      log,
      timers: this.#timers,
      store: this.#own,
      apply: (...message) => this.#apply(host, ...message),
      claimed: (claim, origin) => this.#claimed(host, claim, origin),
      changed: (change, origin) => this.#changed(host, change, origin),
      applied: (number, sequence) => {
        this.#log.applied(number, sequence);
        this.#shared.applied(number);
      },
      died: (...death) => this.#died(host, ...death),
      shared: (change, origin, place) => this.#sharedChanged(host, change, origin, place),
      sharedAgain: (message, again, { isOwn }) => {
        if (host.turn().isFanningOut) return false;
        shares.applyAgain(message, again, isOwn);
        return true;
      },
      missed: (from) => shares.missed(from),
      get shares() {
        return shares.text;
      },
      get fences() {
        return fences.saved;
      },
      early: (number) => this.#log.early(number),
      outdated: (sequence, version) => {
        this.#isOutdated = true;
        this.#reader?.close();
        const message = "The cluster's log has a record of a later version: update this node, " +
          "which applies nothing behind it and takes no part until then";
        log.error(message, { sequence, version });
      },
      paused: (isPaused) => isPaused ? this.#reader?.pause() : this.#reader?.resume(),
    };
    return new Applier(ports, position);
  }

  /** All of before is applied: from here on the node writes. */
  #takePart(host: ClusterHost, applier: Applier): void {
    const { options: { node }, nowMs } = this.#init;
    // Greater than that of every process before, however the clock has been set.
    const epoch = Math.max(Math.floor(nowMs()), applier.marks.epochOf(node) + 1);
    this.#log.epoch = this.#forwarding.epoch = applier.epoch = epoch;
    this.#log.knows(applier.sequence);
    this.#readyAtMs = nowMs();
    this.#sessions.sequence = () => applier.sequence;
    this.#sessions.host = host;
    host.turn().inherit(this.#sessions.takeLeft());
    host.turn().comeBack([...this.#sessions.own()]);
    for (const [clientId, will] of this.#owedWills) host.turn().publishOwed(clientId, will);
    this.#owedWills.clear();
    this.#shares.begin();
    this.#log.flush();
    this.#members.begin(() => ({
      epoch,
      sequence: applier.sequence,
      waiting: this.#log.waiting,
      own: this.#sessions.countOf(node),
      losses: this.#lost.count,
      ...host.counts,
    }));
  }

  /** Leaves. What is in the log stays there. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#lost.close();
    for (const stop of this.#stopTimers) stop();
    this.#members.close();
    this.#reader?.close();
    this.#applier?.close();
    await this.#engine.close();
  }

  /** A node was not heard, and has written nothing: its sessions belong to the node that has said so. */
  #died(
    host: ClusterHost,
    dead: string,
    { node: heir, sequence }: Origin,
    place: number,
  ): boolean {
    if (host.turn().isFanningOut) return false;
    const clientIds = this.#sessions.inherited(dead, heir, sequence);
    const { log, options } = this.#init;
    log.warning("A node of the cluster is taken for dead", {
      node: dead,
      heir,
      sessions: clientIds.length,
    });
    this.#sessions.whileApplying(ALL_SESSIONS, () => host.turn().keepHomes(clientIds));
    if (heir === options.node) {
      this.#log.knows(sequence);
      // What was before this process writes is settled when it begins to.
      if (this.#sessions.host !== undefined) {
        host.turn().inherit(this.#sessions.takeLeft());
      }
    } else if (dead === options.node) {
      this.#log.knows(sequence);
      this.#sessions.whileApplying(
        ALL_SESSIONS,
        () => this.#giveUp(host, clientIds, heir, sequence),
      );
    }
    this.#shares.died(dead, heir, place);
    return true;
  }

  /** Other nodes take this one for dead. */
  #giveUp(host: ClusterHost, clientIds: readonly string[], heir: string, sequence: number): void {
    host.turn().disinherit(clientIds);
    for (const clientId of clientIds) {
      this.#shared.moved(clientId);
      const unapplied = this.#sessions.takeUnapplied(clientId);
      this.#shares.going(host.subscriptionsOf(clientId), heir, sequence);
      const claim = { clientId, endsSession: false, isHere: false, isInherited: true, unapplied };
      host.turn().applyClaim(claim);
    }
  }

  #sharedChanged(
    host: ClusterHost,
    change: ShareChange,
    { node, since }: Origin,
    place: number,
  ): boolean {
    if (host.turn().isFanningOut) return false;
    this.#shares.apply(change, node, place, since);
    return true;
  }

  #newPort(): ClusterPort {
    const isReady = () => this.isReady;
    const log = this.#log;
    return {
      node: this.#init.options.node,
      get isReady() {
        return isReady();
      },
      get isPrompt() {
        return isReady() && !log.isSlow;
      },
      append: (message, packetId, isWill) => {
        if (!this.#log.append(message, packetId, isWill)) return false;
        if (packetId > 0) this.#sessions.appended(message.publisherId, packetId);
        return true;
      },
      claim: (clientId, endsSession, whenApplied) =>
        this.#claim(clientId, endsSession, whenApplied),
      unclaim: (clientId) => {
        if (!this.#claims.isAwaited(clientId)) this.#sessions.deleteSession(clientId);
      },
      restored: (...session) => this.#sessions.restored(...session),
      keepDone: (clientId, text) => this.#sessions.keepDone(clientId, text),
      forward: (message) => this.#forwarding.forward(message),
      count: (topicFilter, change) => this.#interests.count(topicFilter, change),
      shareChanged: (share) => this.#shares.changed(share),
      isShareHere: (share, message) => this.#shares.isHere(share, message),
      shareSent: (delivery) => this.#shares.sent(delivery),
      shareLeft: (share, message) => this.#shares.left(share, message),
    };
  }

  #claim(clientId: string, endsSession: boolean, whenApplied: WhenApplied | undefined): void {
    // Each in a record of its own: what is said of the session between them must not count behind the second.
    if (this.#claims.isAwaited(clientId)) this.#log.flush();
    if (!this.#log.claim(clientId, endsSession, whenApplied !== undefined)) return;
    this.#claims.add(clientId, whenApplied);
  }

  /**
   * What a client's former node has put into the log behind the client's arrival at another one does not count: the client has sent it again
   * there, and behind what came after it, it would be out of order. [MQTT-4.6.0-6]
   */
  #apply(
    host: ClusterHost,
    shared: SharedMessage,
    origin: Origin,
    isWill: boolean,
  ): boolean {
    const { isOwn, node } = origin;
    const { packetId, message: { publisherId } } = shared;
    const isOnce = packetId > 0 || isWill;
    if (isWill && node === this.#init.options.node) this.#owedWills.delete(publisherId);
    if (!this.#sessions.mayPublish(publisherId, origin, isOnce)) return true;
    if (!host.turn().applyShared(shared)) return false;
    this.#sessions.routed(shared.message);
    if (packetId > 0 && isOwn) this.#sessions.published(publisherId, packetId);
    return true;
  }

  #claimed(host: ClusterHost, claim: RecordClaim, { node, isOwn, sequence }: Origin): void {
    const { clientId, endsSession, keepsSession } = claim;
    const isHere = node === this.#init.options.node;
    // Others may know of a node that the session was at, and this one not, where it has never begun: so each claim of this node counts.
    const isChanged = this.#sessions.claimed(
      clientId,
      node,
      keepsSession,
      sequence,
      endsSession,
    );
    if (isChanged) this.#log.knows(sequence);
    if (isOwn && !keepsSession) return this.#claims.appliedUnawaited(clientId);
    if (!isHere) this.#shared.moved(clientId);
    // Of several nodes that claim a client, the one keeps it whose claim comes last in the log.
    if (this.#claims.isOvertaken(clientId)) {
      if (!isOwn) return;
      // Whoever waits is told in a turn.
      host.turn();
      return this.#claims.appliedAwaited(clientId);
    }
    const unapplied = isHere ? [] : this.#sessions.takeUnapplied(clientId);
    const isEarlier = isHere && !isOwn;
    const applied = { clientId, endsSession, isHere, isEarlier, unapplied };
    if (isChanged && !isHere && keepsSession && !endsSession) {
      this.#shares.going(host.subscriptionsOf(clientId), node, sequence);
    }
    const apply = () => host.turn().applyClaim(applied);
    // Members of shared subscriptions may get what the client leaves behind: of these others hear.
    const isOfLog = endsSession || !isHere;
    const owed = isOfLog ? this.#sessions.whileApplying(clientId, apply) : apply();
    if (owed !== undefined) this.#owedWills.set(clientId, owed);
    // Its client may have to wait, and the store must not say meanwhile that it is another node's.
    const keepHome = () => host.turn().keepHomes([clientId]);
    if (isHere) this.#sessions.whileApplying(clientId, keepHome);
    if (isOwn) this.#claims.appliedAwaited(clientId);
  }

  #changed(host: ClusterHost, change: SessionChange, origin: Origin): boolean {
    const { node, isOwn } = origin;
    const counts = this.#sessions.counts(change, origin);
    if (isOwn && (counts || this.#sessions.isOfEarlier(change, origin))) this.#shared.heard(change);
    if (!counts) return true;
    if (!isOwn) {
      const isHere = node === this.#init.options.node;
      const apply = () => host.turn().applySession(change, isHere);
      if (!this.#sessions.whileApplying(change.clientId, apply)) return false;
      this.#sessions.applied(change, node);
    } else if (change.kind === "ended") {
      this.#sessions.applied(change, node);
    } else this.#sessions.ownApplied(change);
    return true;
  }

  #tell(change: ClusterChangedEvent["change"], node: string, message = ""): void {
    const { name: cluster } = this.#init.options;
    const { others } = this.#members;
    this.#host?.clusterChanged?.({ change, cluster, node, message, others });
  }

  /** Says of nodes that were not heard for long that they are dead. The first of those that are left does, others only where it does not. */
  #lookAtDead(): void {
    const { options, deadAfterMs = DEAD_AFTER_MS } = this.#init;
    const nowMs = this.#init.nowMs();
    if (!this.isReady) {
      this.#readySinceMs = nowMs;
      return;
    }
    const isFirst = this.#members.others.every((other) => options.node < other);
    const waitMs = isFirst ? deadAfterMs : 2 * deadAfterMs;
    for (const node of new Set([...this.#sessions.nodes, ...this.#shares.nodes])) {
      if (node === options.node) continue;
      const heardAtMs = Math.max(this.#members.heardAtMs(node), this.#readySinceMs);
      if (nowMs - Math.max(heardAtMs, this.#declared.get(node) ?? 0) < waitMs) continue;
      this.#declared.set(node, nowMs);
      this.#log.death(this.#applier!.marks.headOf(node));
    }
  }

  /** Sends clients away that would find their sessions at another node, and looks after those that have not found any. */
  #lookAtIsolation(): void {
    const { options: { isolationTimeoutMs }, log } = this.#init;
    const isolatedMs = this.#init.nowMs() - this.#readyAtMs;
    if (this.isReady) {
      this.#readyAtMs = this.#init.nowMs();
      if (!this.#isIsolated || this.#log.waiting > 0) return;
      this.#isIsolated = false;
      this.#host!.turn().inherit([...this.#sessions.own()]);
    } else if (
      isolationTimeoutMs > 0 && isolatedMs > isolationTimeoutMs && !this.#isIsolated &&
      this.#log.epoch > 0
    ) {
      this.#isIsolated = true;
      log.warning("Clients with sessions are sent to other nodes: the cluster is not reached", {
        seconds: Math.round(isolatedMs / 1000),
      });
      this.#host!.turn().isolate();
    }
  }

  #look(): void {
    this.#log.look(false);
    this.#members.look(this.#engine.isConnected);
    this.#lookAtDead();
    this.#lookAtIsolation();
  }
}
