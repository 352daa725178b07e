import { Applier } from "./applier.ts";
import { Effects } from "./effects.ts";
import type { Engine, LogReader, Timers } from "./engine.ts";
import type { LostLog } from "./lost_log.ts";
import type { ClusterHost, ClusterInit } from "./node_init.ts";
import type { NodeParts } from "./node_parts.ts";
import type { OpenedLog } from "./open_log.ts";
import type { Position } from "./position.ts";
import { firstPlaceOf } from "./record.ts";
import { Trouble } from "./trouble.ts";

/** What a node that begins to read has beside its parts. */
export interface ReadingInit {
  readonly init: ClusterInit;
  readonly engine: Engine;
  readonly timers: Timers;
  readonly lost: LostLog;
  readonly host: ClusterHost;
}

/** A node reads the log, from where its store ends, and applies what is in it. */
export class Reading {
  readonly applier: Applier;
  readonly effects: Effects;
  /** Other nodes are of a version whose records this one cannot read. */
  isOutdated = false;
  /** The log does not reach back any more to what is applied: nothing is read from here on. */
  isBehind = false;
  readonly #init: ReadingInit;
  readonly #parts: NodeParts;
  readonly #wasReached: boolean;
  #reader: LogReader | undefined;

  /** It begins at once. */
  constructor(reading: ReadingInit, parts: NodeParts, { info, position, isCut }: OpenedLog) {
    this.#init = reading;
    this.#parts = parts;
    const { sequence, entries = 0, shares, fences } = position;
    parts.shares.load(shares, firstPlaceOf(sequence + 1) + entries, isCut);
    for (const [clientId] of parts.sessions.homes.all) {
      parts.shares.hasSession(clientId, reading.host.subscriptionsOf(clientId));
    }
    if (fences !== undefined) parts.sessions.homes.fences.load(fences);
    if (isCut) {
      reading.lost.wasCut();
      parts.sessions.homes.forgetBehind(sequence);
    }
    this.effects = new Effects(parts, reading.host);
    this.applier = this.#newApplier(position);
    this.#wasReached = sequence + 1 >= info.firstSequence;
    this.#reader = this.#read(sequence + 1);
  }

  /** Reads no more. */
  close(): void {
    this.#reader?.close();
    this.applier.close();
  }

  #read(from: number): LogReader {
    const { applier } = this;
    const { lines } = this.#parts;
    const { engine, lost, init } = this.#init;
    const trouble = new Trouble(lines, "Cannot read the cluster's log", init.nowMs);
    return engine.readLog(from, {
      message: (sequence, _, payload) => applier.receive(sequence, payload),
      gap: (expected, from) => {
        const message = "The cluster's log has lost what this node had not applied";
        lines.error(message, { expected, from });
        const { fellBehind } = init;
        // Where the log did not reach back to this node when it began, there is no snapshot that is nearer.
        if (!this.#wasReached || fellBehind === undefined) return applier.gap(from);
        this.#reader!.close();
        fellBehind();
        this.isBehind = true;
      },
      short: (last, isAnother) => {
        if (lost.short(applier, last, isAnother)) this.#reader!.close();
      },
      whole: () => lost.whole(),
      trouble: (reason) => trouble.tell(reason),
    });
  }

  #newApplier(position: Position): Applier {
    const { timers } = this.#init;
    const { node, lines, own, store, log, shares, sessions: { homes: { fences } } } = this.#parts;
    const { effects } = this;
    return new Applier({
      node,
      log: lines,
      timers,
      store: own,
      apply: (...message) => effects.apply(...message),
      claimed: (...claim) => effects.claimed(...claim),
      changed: (...change) => effects.changed(...change),
      applied: (number, sequence) => {
        log.applied(number, sequence);
        store.applied(number);
      },
      died: (...death) => effects.died(...death),
      shared: (...change) => effects.shared(...change),
      sharedAgain: (message, again) => effects.sharedAgain(message, again),
      missed: (from) => shares.missed(from),
      get shares() {
        return shares.text;
      },
      get fences() {
        return fences.saved;
      },
      early: (number) => log.early(number),
      outdated: (sequence, version) => this.#stopOutdated(sequence, version),
      paused: (isPaused) => isPaused ? this.#reader?.pause() : this.#reader?.resume(),
    }, position);
  }

  #stopOutdated(sequence: number, version: number): void {
    this.isOutdated = true;
    this.#reader?.close();
    const message = "The cluster's log has a record of a later version: update this node, " +
      "which applies nothing behind it and takes no part until then";
    this.#parts.lines.error(message, { sequence, version });
  }
}
