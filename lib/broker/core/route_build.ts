import type { Qos } from "../../codec/mod.ts";
import type { Message, Subscription } from "../../session/mod.ts";
import type { Client } from "../state/connection.ts";
import { ShareGroup } from "./share_group.ts";
import type { Target } from "./target.ts";

/** A client's ordinary subscription, as the trie holds it. */
export interface ClientEntry {
  readonly kind: "client";
  readonly client: Client;
  readonly subscription: Subscription;
}

/** A subscription of the program around the broker. */
export interface LocalEntry {
  readonly kind: "local";
  readonly deliver: (message: Message) => void;
}

/** What the trie holds under a Topic Filter. */
export type Entry = ClientEntry | ShareGroup | LocalEntry;

/** The clients that get a message. */
export interface ClientTargets {
  readonly targets: readonly Target[];
  /** For clients with No Local among their matching subscriptions: the targets of messages that the client itself published. */
  readonly ownTargets: ReadonlyMap<Client, readonly Target[]> | undefined;
}

/**
 * Puts matching entries together by client, one by one, because there may be very many. Each can be taken out again, because subscriptions
 * may change while a route is found in parts.
 */
export class RouteBuild {
  /** How many entries there are. */
  size = 0;
  readonly #parts = new Map<Client, Part>();
  #shares: Set<ShareGroup> | undefined = undefined;
  #locals: Set<LocalEntry> | undefined = undefined;
  readonly #allowsDuplicates: boolean;

  /** `allowsDuplicates`: a client gets a copy for each of its subscriptions. */
  constructor(allowsDuplicates: boolean) {
    this.#allowsDuplicates = allowsDuplicates;
  }

  /** The shared subscriptions. */
  get shares(): readonly ShareGroup[] {
    return this.#shares === undefined ? NONE : [...this.#shares];
  }

  /** The subscriptions of programs. */
  get locals(): readonly LocalEntry[] {
    return this.#locals === undefined ? NONE : [...this.#locals];
  }

  /** Adds an entry that is not there. */
  add(entry: Entry): void {
    this.size++;
    if (entry instanceof ShareGroup) (this.#shares ??= new Set()).add(entry);
    else if (entry.kind === "local") (this.#locals ??= new Set()).add(entry);
    else this.addOf(entry.client, entry.subscription);
  }

  /** Adds a subscription of a client. */
  addOf(client: Client, subscription: Subscription): void {
    let part = this.#parts.get(client);
    if (part === undefined) this.#parts.set(client, part = new Part());
    part.tally(subscription).add(subscription, this.#allowsDuplicates);
  }

  /** Removes an entry that is there. */
  remove(entry: Entry): void {
    this.size--;
    if (entry instanceof ShareGroup) this.#shares!.delete(entry);
    else if (entry.kind === "local") this.#locals!.delete(entry);
    else this.#parts.get(entry.client)!.tally(entry.subscription).remove(entry.subscription);
  }

  /** The clients that get the message, and may read it. */
  targets(mayRead: (client: Client) => boolean): ClientTargets {
    const targets: Target[] = [];
    let ownTargets: Map<Client, readonly Target[]> | undefined;
    for (const [client, plain] of this.#parts) {
      const { noLocal } = plain;
      if (plain.size + noLocal.size === 0 || !mayRead(client)) continue;
      if (!this.#allowsDuplicates) targets.push(merged(client, plain, noLocal));
      else for (const copy of this.#copies(client, plain, noLocal)) targets.push(copy);
      if (noLocal.size === 0) continue;
      ownTargets ??= new Map();
      ownTargets.set(client, this.#copies(client, plain, NOTHING));
    }
    return { targets, ownTargets };
  }

  /** The copies of a message that one client gets: one or, where duplicates are allowed, one for each subscription. */
  #copies(client: Client, plain: Tally, noLocal: Tally): Target[] {
    if (plain.size + noLocal.size === 0) return [];
    if (!this.#allowsDuplicates) return [merged(client, plain, noLocal)];
    const copies: Target[] = [];
    for (const { kept } of [plain, noLocal]) {
      for (const subscription of kept ?? []) {
        const one = new Tally();
        one.add(subscription, false);
        copies.push(merged(client, one, NOTHING));
      }
    }
    return copies;
  }
}

/** Subscriptions of one client, counted, so that each can be taken out again. */
class Tally {
  size = 0;
  qos1 = 0;
  qos2 = 0;
  asPublished = 0;
  /** Those that are needed themselves: with Subscription Identifiers, or all. */
  kept: Set<Subscription> | undefined = undefined;

  add(subscription: Subscription, isKept: boolean): void {
    this.#count(subscription, 1);
    if (!isKept && subscription.subscriptionIdentifier === 0) return;
    this.kept ??= new Set();
    this.kept.add(subscription);
  }

  remove(subscription: Subscription): void {
    this.#count(subscription, -1);
    this.kept?.delete(subscription);
  }

  #count({ qos, retainAsPublished }: Subscription, change: 1 | -1): void {
    this.size += change;
    if (qos === 2) this.qos2 += change;
    else if (qos === 1) this.qos1 += change;
    if (retainAsPublished) this.asPublished += change;
  }
}

/** One for all that have none: most clients have no subscription with No Local. */
const NOTHING = new Tally();
Object.freeze(NOTHING);
const NONE: readonly never[] = [];

/** The subscriptions of one client; those with No Local apart. */
class Part extends Tally {
  noLocal = NOTHING;

  /** Where the subscription counts. */
  tally({ noLocal }: Subscription): Tally {
    if (!noLocal) return this;
    return this.noLocal === NOTHING ? this.noLocal = new Tally() : this.noLocal;
  }
}

/** Overlapping subscriptions deliver once, at the highest QoS. [MQTT-3.3.4-2] */
function merged(client: Client, plain: Tally, noLocal: Tally): Target {
  let qos: Qos = 0;
  if (plain.qos2 + noLocal.qos2 > 0) qos = 2;
  else if (plain.qos1 + noLocal.qos1 > 0) qos = 1;
  return {
    client,
    qos,
    retainAsPublished: plain.asPublished + noLocal.asPublished > 0,
    subscriptionIdentifiers: plain.kept === undefined && noLocal.kept === undefined
      ? undefined
      : identifiersOf([...plain.kept ?? [], ...noLocal.kept ?? []]),
    share: undefined,
  };
}

function identifiersOf(subscriptions: readonly Subscription[]): number[] | undefined {
  const all = subscriptions.map(({ subscriptionIdentifier }) => subscriptionIdentifier);
  const identifiers = all.filter((identifier) => identifier !== 0);
  return identifiers.length > 0 ? identifiers : undefined;
}
