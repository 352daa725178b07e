import type { LogPort, Message, SharedDelivery, Store } from "../broker/mod.ts";

/** With more the oldest are forgotten: of these nobody knows any more where they were to go. */
const MAX_MESSAGES = 100_000;
const MAX_BYTES = 64 * 1024 * 1024;
/** What one takes beside its payload. */
const OVERHEAD_BYTES = 256;

/** In the place of a node: none has a member. */
export const NOBODY = "";

/** A message, and the shared subscription that it is for. */
export type ForShare = readonly [share: string, message: Message];

/**
 * What the nodes have to deliver to members of shared subscriptions, and have not said to be done with. It follows from the log alone, so all
 * nodes have the same; each has it in its store too, with its position in the log.
 */
export class SharePending {
  /** By node and shared subscription, and then by the place in the log, in the order in which they came there. */
  readonly #lists = new Map<string, Map<number, SharedDelivery>>();
  readonly #lines: LogPort;
  readonly #store: Store;
  #count = 0;
  #bytes = 0;
  #hasTold = false;

  /** `store`: the node's own. */
  constructor(lines: LogPort, store: Store) {
    this.#lines = lines;
    this.#store = store;
  }

  /** {@linkcode ClusterPort.restoredShared} */
  restored(delivery: SharedDelivery): void {
    this.#put(delivery);
  }

  /** A node has to deliver this, and no other node has. `at`: the place in the log that says so. */
  add(node: string, share: string, message: Message, at: number): void {
    const list = this.#lists.get(keyOf(node, share));
    if (list !== undefined) this.#delete(list, message.logId!);
    const delivery = { node, share, message: kept(message), at };
    this.#put(delivery);
    this.#store.putShared?.(delivery);
  }

  #put(delivery: SharedDelivery): void {
    const key = keyOf(delivery.node, delivery.share);
    let list = this.#lists.get(key);
    if (list === undefined) this.#lists.set(key, list = new Map());
    list.set(delivery.message.logId!, delivery);
    this.#count++;
    this.#bytes += sizeOf(delivery);
    while (this.#count > MAX_MESSAGES || this.#bytes > MAX_BYTES) this.#forgetOne(list);
  }

  /** A node has delivered what it had up to a place, but for these. `readTo`: how far it had read the log. */
  done(
    node: string,
    share: string,
    upTo: number,
    except: readonly number[],
    readTo = Infinity,
  ): void {
    const list = this.#lists.get(keyOf(node, share));
    if (list === undefined) return;
    const left = new Set(except);
    for (const [logId, { at }] of list) {
      if (logId <= upTo && at <= readTo && !left.has(logId)) this.#delete(list, logId);
    }
  }

  /** These a node has not to deliver any more, and nobody else has. */
  remove(node: string, share: string, ids: readonly number[]): void {
    const list = this.#lists.get(keyOf(node, share));
    if (list !== undefined) { for (const logId of ids) this.#delete(list, logId); }
  }

  /** What a node has to deliver of a shared subscription, by the place in the log. */
  of(node: string, share: string): ReadonlyMap<number, SharedDelivery> {
    return this.#lists.get(keyOf(node, share)) ?? NOTHING;
  }

  /** The shared subscriptions of which a node has something to deliver. */
  sharesOf(node: string): readonly string[] {
    const shares: string[] = [];
    for (const list of this.#lists.values()) {
      const [first] = list.values();
      if (first?.node === node) shares.push(first.share);
    }
    return shares;
  }

  /** Everything, sorted by place and shared subscription: for those who compare. */
  get all(): readonly SharedDelivery[] {
    return [...this.#lists.values()].flatMap((list) => [...list.values()]).sort((a, b) =>
      a.message.logId! - b.message.logId! || (a.share < b.share ? -1 : 1)
    );
  }

  /** Forgets all. */
  clear(): void {
    for (const list of this.#lists.values()) {
      for (const logId of list.keys()) this.#delete(list, logId);
    }
  }

  /** Takes what a node has to deliver, in the order of the log; of one shared subscription, or of all. */
  takeAll(node: string, share?: string): ForShare[] {
    const taken: SharedDelivery[] = [];
    for (const one of share === undefined ? this.sharesOf(node) : [share]) {
      const list = this.#lists.get(keyOf(node, one));
      if (list === undefined) continue;
      taken.push(...list.values());
      for (const logId of list.keys()) this.#delete(list, logId);
    }
    return taken.sort((a, b) => a.message.logId! - b.message.logId!)
      .map(({ share, message }) => [share, message] as const);
  }

  #delete(list: Map<number, SharedDelivery>, logId: number): void {
    const delivery = list.get(logId);
    if (delivery === undefined) return;
    list.delete(logId);
    this.#count--;
    this.#bytes -= sizeOf(delivery);
    if (list.size === 0) this.#lists.delete(keyOf(delivery.node, delivery.share));
    this.#store.deleteShared?.(delivery.share, logId);
  }

  #forgetOne(preferred: Map<number, SharedDelivery>): void {
    const [logId] = preferred.keys();
    if (logId !== undefined) this.#delete(preferred, logId);
    if (this.#hasTold) return;
    this.#hasTold = true;
    this.#lines.warning(
      "Too many messages of shared subscriptions wait: the oldest are lost where their node dies",
      { messages: MAX_MESSAGES, bytes: MAX_BYTES },
    );
  }
}

const NOTHING: ReadonlyMap<number, SharedDelivery> = new Map();

/** With bytes of its own: they may be those of a record, which has others too. */
function kept(message: Message): Message {
  const { payload } = message;
  if (payload.byteLength === payload.buffer.byteLength) return message;
  return { ...message, payload: payload.slice() };
}

function keyOf(node: string, share: string): string {
  return `${node} ${share}`;
}

function sizeOf({ message: { payload } }: SharedDelivery): number {
  return payload.length + OVERHEAD_BYTES;
}
