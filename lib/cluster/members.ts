import type { LogPort } from "../broker/mod.ts";
import type { NatsConnection } from "./nats/connection.ts";

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
}

/** How often a node says that it is there, milliseconds. */
export const BEAT_MS = 1000;
/** A node that was not heard for so long is not there. */
const SILENT_MS = 3500;

/** Who else is there: each node says so every second. */
export class Members {
  readonly #nats: NatsConnection;
  readonly #subject: string;
  readonly #node: string;
  readonly #log: LogPort;
  readonly #heard = new Map<string, { readonly beat: Beat; readonly atMs: number }>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #own: (() => Omit<Beat, "node">) | undefined;
  #twinAtMs = -Infinity;

  constructor(nats: NatsConnection, prefix: string, node: string, log: LogPort) {
    this.#nats = nats;
    this.#subject = beatSubject(prefix);
    this.#node = node;
    this.#log = log;
    nats.subscribe(this.#subject, ({ payload }) => this.#hear(payload));
  }

  /** Whether another process says that it is this node: neither can trust the log then. */
  get hasTwin(): boolean {
    return performance.now() - this.#twinAtMs < SILENT_MS;
  }

  /** The nodes that are there, by name. */
  nodes(): readonly Beat[] {
    const fromMs = performance.now() - SILENT_MS;
    const others = [...this.#heard.values()].filter(({ atMs }) => atMs > fromMs)
      .map(({ beat }) => beat);
    const own = this.#own === undefined ? [] : [{ node: this.#node, ...this.#own() }];
    return [...own, ...others].sort((a, b) => a.node < b.node ? -1 : 1);
  }

  /** Begins to say that this node is there. */
  begin(own: () => Omit<Beat, "node">): void {
    this.#own = own;
    const say = () => {
      const beat = JSON.stringify({ node: this.#node, ...own() });
      this.#nats.publish(this.#subject, new TextEncoder().encode(beat));
    };
    say();
    this.#timer = setInterval(say, BEAT_MS);
  }

  /** Says it no more. */
  close(): void {
    clearInterval(this.#timer);
  }

  #hear(payload: Uint8Array): void {
    const beat = parseBeat(payload);
    if (beat === undefined) return;
    if (beat.node !== this.#node) {
      this.#heard.set(beat.node, { beat, atMs: performance.now() });
      return;
    }
    if (!this.hasTwin) {
      this.#log.error("Another broker has this node's name: give each its own `cluster_node`", {
        node: beat.node,
      });
    }
    this.#twinAtMs = performance.now();
  }
}

/** Where nodes say that they are there. */
export function beatSubject(prefix: string): string {
  return `${prefix}.beat`;
}

/** Reads what a node says; `undefined`: it is none. */
export function parseBeat(payload: Uint8Array): Beat | undefined {
  try {
    const beat = JSON.parse(new TextDecoder().decode(payload)) as Beat;
    return typeof beat.node === "string" ? beat : undefined;
  } catch {
    return undefined;
  }
}
