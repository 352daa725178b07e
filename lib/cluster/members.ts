import type { LogPort } from "../broker/mod.ts";
import type { Subjects, Timers } from "./engine.ts";

/** What a node says of itself each second. */
export interface Beat {
  /** The node's name. */
  readonly node: string;
  /** The start of its process. */
  readonly epoch: number;
  /** The last record of the log that it has applied. */
  readonly sequence: number;
  /** Its records that it has not applied itself. */
  readonly waiting: number;
  /** Clients that are connected to it. */
  readonly clients: number;
  /** Sessions that it has. */
  readonly sessions: number;
  /** Sessions that belong to it, of those that outlive their connections. */
  readonly own: number;
  /** How often the log has had less than it had applied. */
  readonly losses: number;
  /** Client Identifiers of the bridges that it has; absent: none. */
  readonly bridges?: readonly string[];
  /** Those of the bridges that it may have; absent: none. */
  readonly mayHave?: readonly string[];
  /** Others of its configuration; absent: none. */
  readonly known?: readonly string[];
  /** It ends; absent: it does not. */
  readonly leaves?: true;
}

/** How often a node says that it is there, milliseconds. */
export const BEAT_MS = 1000;
/** A node that was not heard for so long is not there. */
const SILENT_MS = 3500;
/** Nodes that are known at one time: whoever may publish at the NATS server could make up as many as it likes. */
const MAX_NODES = 1000;
/** Characters of a node's name. */
const MAX_NAME = 255;
/** Bridges that are known of one node. */
export const MAX_BRIDGES = 1000;

/** What knowing the others needs. */
export interface MembersInit {
  /** Where they are heard. */
  readonly nats: Subjects;
  /** What the cluster's subjects begin with. */
  readonly prefix: string;
  /** The name of this one. */
  readonly node: string;
  /** For what an operator should know. */
  readonly log: LogPort;
  /** A clock that does not go back. */
  readonly nowMs: () => number;
  /** For saying again that this node is there. */
  readonly timers: Timers;
}

/** Who else is there: each node says so every second. */
export class Members {
  readonly #nats: Subjects;
  readonly #nowMs: () => number;
  readonly #timers: Timers;
  readonly #subject: string;
  readonly #node: string;
  readonly #log: LogPort;
  readonly #heard = new Map<string, { readonly beat: Beat; readonly atMs: number }>();
  readonly #changed: (change: "joined" | "left", node: string) => void;
  /** Other nodes that are there, and when they were last heard: time does not count in which nobody can be heard. */
  readonly #there = new Map<string, number>();
  /** When nodes that are not there any more were heard last: that they are dead is said later. */
  readonly #silent = new Map<string, number>();
  #stopSaying: (() => void) | undefined;
  #own: (() => Omit<Beat, "node">) | undefined;
  #twinAtMs = -Infinity;

  /** `changed` hears of other nodes that come and go. */
  constructor(init: MembersInit, changed: (change: "joined" | "left", node: string) => void) {
    const { nats, prefix, node, log } = init;
    this.#nats = nats;
    this.#nowMs = init.nowMs;
    this.#timers = init.timers;
    this.#subject = beatSubject(prefix);
    this.#node = node;
    this.#log = log;
    this.#changed = changed;
    nats.subscribe(this.#subject, ({ payload }) => this.#hear(payload));
  }

  /** Whether another process says that it is this node: neither can trust the log then. */
  get hasTwin(): boolean {
    return this.#nowMs() - this.#twinAtMs < SILENT_MS;
  }

  /** When a node was heard last, by the clock it was given. */
  heardAtMs(node: string): number {
    return this.#heard.get(node)?.atMs ?? this.#silent.get(node) ?? -Infinity;
  }

  /** The other nodes that are there, by name. */
  get others(): readonly string[] {
    return [...this.#there.keys()].sort();
  }

  /** Looks who has been silent for too long; from time to time. */
  look(isConnected: boolean): void {
    const nowMs = this.#nowMs();
    for (const [node, atMs] of this.#there) {
      if (!isConnected) this.#there.set(node, nowMs);
      else if (nowMs - atMs > SILENT_MS) {
        this.#there.delete(node);
        this.#fallSilent(node);
        this.#changed("left", node);
      }
    }
  }

  #fallSilent(node: string): void {
    this.#silent.set(node, this.heardAtMs(node));
    this.#heard.delete(node);
    for (const oldest of this.#silent.keys()) {
      if (this.#silent.size <= MAX_NODES) break;
      this.#silent.delete(oldest);
    }
  }

  /** The nodes that are there, by name. */
  nodes(): readonly Beat[] {
    const fromMs = this.#nowMs() - SILENT_MS;
    const others = [...this.#heard.values()].filter(({ atMs }) => atMs > fromMs)
      .map(({ beat }) => beat);
    const own = this.#own === undefined ? [] : [{ node: this.#node, ...this.#own() }];
    return [...own, ...others].sort((a, b) => a.node < b.node ? -1 : 1);
  }

  /** Begins to say that this node is there. */
  begin(own: () => Omit<Beat, "node">): void {
    this.#own = own;
    this.say();
    this.#stopSaying = this.#timers.every(BEAT_MS, () => this.say());
  }

  /** Says it at once, if it says it at all. */
  say(): void {
    if (this.#own === undefined) return;
    const beat = JSON.stringify({ node: this.#node, ...this.#own() });
    this.#nats.publish(this.#subject, new TextEncoder().encode(beat));
  }

  /** Says it no more. */
  close(): void {
    this.#stopSaying?.();
  }

  #hear(payload: Uint8Array): void {
    const beat = parseBeat(payload);
    if (beat === undefined) return;
    if (beat.node !== this.#node) {
      const isNew = !this.#there.has(beat.node);
      if (isNew && this.#there.size >= MAX_NODES) return;
      this.#silent.delete(beat.node);
      this.#heard.set(beat.node, { beat, atMs: this.#nowMs() });
      this.#there.set(beat.node, this.#nowMs());
      if (isNew) this.#changed("joined", beat.node);
      return;
    }
    if (!this.hasTwin) {
      this.#log.error(
        "Another broker has this node's name, so neither takes part: give each its own `cluster_node`",
        {
          node: beat.node,
        },
      );
    }
    this.#twinAtMs = this.#nowMs();
  }
}

/** Where nodes say that they are there. */
export function beatSubject(prefix: string): string {
  return `${prefix}.beat`;
}

/** Reads what a node says; `undefined`: it is none. Only what is used is kept. */
export function parseBeat(payload: Uint8Array): Beat | undefined {
  let beat: Partial<Record<keyof Beat, unknown>> | null;
  try {
    beat = JSON.parse(new TextDecoder().decode(payload));
  } catch {
    return undefined;
  }
  const { node, epoch, sequence = 0, waiting = 0, clients = 0, sessions = 0 } = beat ?? {};
  const { own = 0, losses = 0 } = beat ?? {};
  if (typeof node !== "string" || node === "" || node.length > MAX_NAME) return undefined;
  const numbers = { epoch, sequence, waiting, clients, sessions, own, losses };
  const areNumbers = Object.values(numbers).every((value) => typeof value === "number");
  if (!areNumbers) return undefined;
  const bridges = namesOf(beat?.bridges);
  const mayHave = namesOf(beat?.mayHave);
  const known = namesOf(beat?.known);
  return {
    node,
    ...numbers as Omit<Beat, "node" | "bridges" | "mayHave" | "known" | "leaves">,
    ...bridges.length === 0 ? {} : { bridges },
    ...mayHave.length === 0 ? {} : { mayHave },
    ...known.length === 0 ? {} : { known },
    ...beat?.leaves === true ? { leaves: true } : {},
  };
}

function namesOf(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, MAX_BRIDGES).filter((one) => typeof one === "string");
}
