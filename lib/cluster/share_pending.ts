import type { LogPort, Message } from "../broker/mod.ts";

/** With more others' messages the oldest are forgotten: these are lost where their node dies. */
const MAX_MESSAGES = 100_000;
const MAX_BYTES = 64 * 1024 * 1024;
/** What one takes beside its payload. */
const OVERHEAD_BYTES = 256;

/** A message that another node has to deliver. */
interface Entry {
  readonly node: string;
  readonly share: string;
  readonly message: Message;
  /** The place in the log that says that it has to. */
  readonly at: number;
  /** The node has it after a new start as well. */
  isConfirmed: boolean;
}

/** What other nodes have to deliver to members of shared subscriptions, and have not said to be done with. */
export class SharePending {
  /** By node and shared subscription, and then by the place in the log. */
  readonly #lists = new Map<string, Map<number, Entry>>();
  readonly #lines: LogPort;
  #count = 0;
  #bytes = 0;
  #hasTold = false;

  constructor(lines: LogPort) {
    this.#lines = lines;
  }

  /** A node has to deliver this. `at`: the place in the log that says so. */
  add(node: string, share: string, message: Message, at = 0): void {
    const key = keyOf(node, share);
    let list = this.#lists.get(key);
    if (list === undefined) this.#lists.set(key, list = new Map());
    this.#delete(list, message.logId!);
    // It may have been the last.
    this.#lists.set(key, list);
    list.set(message.logId!, { node, share, message, at, isConfirmed: false });
    this.#count++;
    this.#bytes += sizeOf(message);
    while (this.#count > MAX_MESSAGES || this.#bytes > MAX_BYTES) this.#forgetOne(list);
  }

  /** It has delivered what it had up to a place, but for these. `readTo`: how far it had read the log. */
  done(
    node: string,
    share: string,
    upTo: number,
    except: readonly number[],
    readTo = Infinity,
  ): void {
    const list = this.#lists.get(keyOf(node, share));
    if (list === undefined) return;
    const kept = new Set(except);
    for (const [logId, { at }] of list) {
      if (logId <= upTo && at <= readTo && !kept.has(logId)) this.#delete(list, logId);
    }
  }

  /** These go to nobody else. */
  remove(node: string, share: string, ids: readonly number[]): void {
    const list = this.#lists.get(keyOf(node, share));
    if (list !== undefined) { for (const logId of ids) this.#delete(list, logId); }
  }

  /** A node that has started again has these; absent: all. */
  confirm(node: string, share: string, ids: readonly number[] | undefined): void {
    const list = this.#lists.get(keyOf(node, share));
    for (const logId of ids ?? list?.keys() ?? []) {
      const entry = list?.get(logId);
      if (entry !== undefined) entry.isConfirmed = true;
    }
  }

  /** Whether there is nothing. */
  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** Whether a node has something to deliver of a shared subscription. */
  has(node: string, share: string): boolean {
    return this.#lists.has(keyOf(node, share));
  }

  /** The places of what a node has to deliver, by shared subscription. */
  *idsOf(node: string): IterableIterator<readonly [share: string, ids: readonly number[]]> {
    for (const list of this.#lists.values()) {
      const [first] = list.values();
      if (first?.node === node) yield [first.share, [...list.keys()]];
    }
  }

  /** Forgets all. */
  clear(): void {
    this.#lists.clear();
    this.#count = this.#bytes = 0;
  }

  /** Takes what a node has to deliver, in the order of the log; of one shared subscription, or of all. */
  takeAll(node: string, share?: string): (readonly [share: string, message: Message])[] {
    return this.#take((entry) =>
      entry.node === node && (share === undefined || entry.share === share)
    );
  }

  /**
   * Takes what a node has lost in its new start; the rest counts as before. `readTo`: how far it had read the log; `since`: what stands before it does
   * not know of, whenever it was to deliver it.
   */
  takeUnconfirmed(
    node: string,
    readTo = Infinity,
    since = 0,
  ): (readonly [share: string, message: Message])[] {
    const taken = this.#take((entry) =>
      entry.node === node && !entry.isConfirmed &&
      (entry.at <= readTo || entry.message.logId! < since)
    );
    for (const list of this.#lists.values()) {
      for (const entry of list.values()) if (entry.node === node) entry.isConfirmed = false;
    }
    return taken;
  }

  #take(isTaken: (entry: Entry) => boolean): (readonly [share: string, message: Message])[] {
    const taken: Entry[] = [];
    for (const list of this.#lists.values()) {
      for (const [logId, entry] of list) {
        if (!isTaken(entry)) continue;
        taken.push(entry);
        this.#delete(list, logId);
      }
    }
    return taken.sort((a, b) => a.message.logId! - b.message.logId!)
      .map(({ share, message }) => [share, message] as const);
  }

  #delete(list: Map<number, Entry>, logId: number): void {
    const entry = list.get(logId);
    if (entry === undefined) return;
    list.delete(logId);
    this.#count--;
    this.#bytes -= sizeOf(entry.message);
    if (list.size === 0) this.#lists.delete(keyOf(entry.node, entry.share));
  }

  #forgetOne(preferred: Map<number, Entry>): void {
    const [logId] = preferred.keys();
    if (logId !== undefined) this.#delete(preferred, logId);
    if (this.#hasTold) return;
    this.#hasTold = true;
    this.#lines.warning(
      "Too many messages of shared subscriptions wait at other nodes: the oldest would be lost with their node",
      { messages: MAX_MESSAGES, bytes: MAX_BYTES },
    );
  }
}

function keyOf(node: string, share: string): string {
  return `${node} ${share}`;
}

function sizeOf({ payload }: Message): number {
  return payload.length + OVERHEAD_BYTES;
}
