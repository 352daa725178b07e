import { encodeText } from "../../codec/mod.ts";
import type { Message, Subscription } from "../../session/mod.ts";
import { FilterTrie, isTopicName, parseTopicFilter, topicMatches } from "../../topic/mod.ts";
import type { Client } from "../state/connection.ts";
import { type ClientEntry, type Entry, type LocalEntry, RouteBuild } from "./route_build.ts";
import { RouteDraft, RouteDrafts } from "./route_draft.ts";
import { ShareGroup } from "./share_group.ts";
import type { Target } from "./target.ts";
import { STEPS } from "./work.ts";

/** All receivers of the messages of one topic. */
export interface Route {
  readonly version: number;
  readonly accessVersion: number;
  readonly topicNameBytes: Uint8Array;
  readonly targets: readonly Target[];
  /** For clients with No Local among their matching subscriptions: the targets of messages that the client itself published. */
  readonly ownTargets: ReadonlyMap<Client, readonly Target[]> | undefined;
  readonly shares: readonly ShareGroup[];
  readonly locals: readonly LocalEntry[];
  /** Steps that the receivers cost in addition to the message itself: Subscription Identifiers, members of shared subscriptions. */
  readonly steps: number;
}

/** What the router needs to know of the settings. */
export interface RouterOptions {
  readonly hashMatchesParent: boolean;
  readonly allowDuplicateMessages: boolean;
  readonly maxTopicLevels: number;
}

/** Is told of each Topic Filter that is added or removed. */
export interface FilterCount {
  count(topicFilter: string, change: 1 | -1): void;
  /** The members of a shared subscription have changed. */
  shareChanged?(share: string): void;
}

/** Decides who may read a topic. */
export type ReadCheck = {
  readonly version: number;
  mayRead(client: Client, topicName: string): boolean;
};

/** The route without receivers. */
const NOWHERE: Route = {
  version: -1,
  accessVersion: -1,
  topicNameBytes: new Uint8Array(),
  targets: [],
  ownTargets: undefined,
  shares: [],
  locals: [],
  steps: 0,
};

/** The most topics whose routes are remembered. */
const MAX_ROUTES = 16_384;
/** The most receivers in all remembered routes: each takes about 60 bytes in each route. */
const MAX_TARGETS = 1_000_000;
/** The longest topic whose route is remembered, characters: a client must not fill the memory with topics that it makes up. */
const MAX_REMEMBERED_LENGTH = 1024;

/**
 * Finds the receivers of a topic's messages. Routes are remembered until a subscription changes, so that a busy topic costs one
 * look-up per message.
 */
export class Router {
  readonly #trie: FilterTrie<Entry>;
  readonly #routes = new Map<string, Route>();
  readonly #drafts = new RouteDrafts<Entry, RouteBuild>();
  /** Receivers in all remembered routes. */
  #targetCount = 0;
  /** The route of all topics without subscribers. */
  #nowhere: Route = NOWHERE;
  readonly #shares = new Map<string, ShareGroup>();
  /** Groups without a member. */
  #heldCount = 0;
  readonly #entries = new Map<Client, Map<string, ClientEntry>>();
  readonly #options: RouterOptions;
  readonly #readCheck: ReadCheck;
  readonly #spend: (steps: number) => void;
  readonly #filters: FilterCount | undefined;

  /** `spend` gets the cost of a new route: nodes and entries looked at. `filters` is told of each entry of the trie. */
  constructor(
    options: RouterOptions,
    readCheck: ReadCheck,
    spend: (steps: number) => void = () => {},
    filters?: FilterCount,
  ) {
    this.#spend = spend;
    this.#filters = filters;
    this.#options = options;
    this.#readCheck = readCheck;
    this.#trie = new FilterTrie({ hashMatchesParent: options.hashMatchesParent });
  }

  /** Subscriptions of clients and programs; a shared one counts once for its group. */
  get size(): number {
    return this.#trie.size - this.#heldCount;
  }

  /** Members of all shared subscriptions. */
  get sharedSize(): number {
    let size = 0;
    for (const group of this.#shares.values()) size += group.size;
    return size;
  }

  /** The number of routes that are not complete; it is bounded. */
  get draftCount(): number {
    return this.#drafts.size;
  }

  /** The number of topics whose routes are remembered; it is bounded. */
  get rememberedCount(): number {
    return this.#routes.size;
  }

  /** Adds the subscription or replaces the one with the same Topic Filter. [MQTT-3.8.4-3] The filter must be valid. */
  subscribe(client: Client, subscription: Subscription): void {
    const { shareName, topicFilter } = this.#parse(subscription.topicFilter);
    if (shareName !== undefined) {
      // Only the node that the client is at chooses it.
      if (isElsewhere(client)) return;
      return this.#join(client, subscription, topicFilter);
    }
    let entries = this.#entries.get(client);
    if (entries === undefined) this.#entries.set(client, entries = new Map());
    const previous = entries.get(topicFilter);
    if (previous !== undefined) this.#delete(topicFilter, previous);
    const entry: ClientEntry = { kind: "client", client, subscription };
    entries.set(topicFilter, entry);
    this.#add(topicFilter, entry);
  }

  unsubscribe(client: Client, wholeFilter: string): void {
    const { shareName, topicFilter } = this.#parse(wholeFilter);
    if (shareName !== undefined) {
      return this.#part(client, wholeFilter, topicFilter);
    }
    const entries = this.#entries.get(client);
    const entry = entries?.get(topicFilter);
    if (entries === undefined || entry === undefined) return;
    this.#delete(topicFilter, entry);
    client.unsubscribedAt = this.#trie.version;
    entries.delete(topicFilter);
    if (entries.size === 0) this.#entries.delete(client);
  }

  #join(client: Client, subscription: Subscription, topicFilter: string): void {
    const key = subscription.topicFilter;
    let group = this.#shares.get(key);
    if (group === undefined) {
      this.#shares.set(key, group = new ShareGroup(key));
      this.#add(topicFilter, group);
    } else if (group.size === 0) this.#heldCount--;
    if (group.size === 0) this.#filters?.count(topicFilter, 1);
    group.set(client, subscription);
    this.#filters?.shareChanged?.(key);
  }

  #part(client: Client, key: string, topicFilter: string): void {
    const group = this.#shares.get(key);
    if (group === undefined || !group.delete(client)) return;
    this.#filters?.shareChanged?.(key);
    if (group.size > 0) return;
    this.#filters?.count(topicFilter, -1);
    if (group.isHeld) this.#heldCount++;
    else this.#removeShare(group, topicFilter);
  }

  #removeShare(group: ShareGroup, topicFilter: string): void {
    this.#shares.delete(group.topicFilter);
    this.#delete(topicFilter, group);
  }

  /** Another node of a cluster has members of this shared subscription, or has none any more: without members here it stays until then. */
  holdShare(key: string, isHeld: boolean): void {
    const group = this.#shares.get(key);
    if (group === undefined && !isHeld || group?.isHeld === isHeld) return;
    const { topicFilter } = this.#parse(key);
    if (group === undefined) {
      const held = new ShareGroup(key);
      held.isHeld = true;
      this.#shares.set(key, held);
      this.#heldCount++;
      return this.#add(topicFilter, held);
    }
    group.isHeld = isHeld;
    if (isHeld || group.size > 0) return;
    this.#heldCount--;
    this.#removeShare(group, topicFilter);
  }

  /** The shared subscriptions with members here. */
  *sharesHere(): IterableIterator<ShareGroup> {
    for (const group of this.#shares.values()) if (group.size > 0) yield group;
  }

  /** The shared subscription under its whole filter. */
  share(wholeFilter: string): ShareGroup | undefined {
    return this.#shares.get(wholeFilter);
  }

  /** Subscribes a program; the returned function unsubscribes it. Throws `TypeError` on a bad filter. */
  subscribeLocal(topicFilter: string, deliver: (message: Message) => void): () => void {
    const parsed = parseTopicFilter(topicFilter, this.#options.maxTopicLevels);
    if (parsed === undefined || parsed.shareName !== undefined) {
      throw new TypeError(`Cannot subscribe to "${topicFilter}": not a Topic Filter`);
    }
    const entry: LocalEntry = { kind: "local", deliver };
    this.#add(topicFilter, entry);
    return () => this.#delete(topicFilter, entry);
  }

  /** Forgets all routes, because a client's rights have changed, or it is gone. */
  clearRoutes(): void {
    this.#routes.clear();
    this.#targetCount = 0;
  }

  /** The route of this topic; `undefined` where it is not a valid Topic Name. */
  route(topicName: string): Route | undefined;
  /** The same; `null`: it takes more steps than these. Who asks again in a later turn goes on where this one has rested. */
  route(topicName: string, maxSteps: number): Route | undefined | null;
  route(topicName: string, maxSteps = Infinity): Route | undefined | null {
    const known = this.#routes.get(topicName);
    if (
      known !== undefined && known.version === this.#trie.version &&
      known.accessVersion === this.#readCheck.version
    ) return known;
    if (known === undefined && !isTopicName(topicName, this.#options.maxTopicLevels)) {
      return undefined;
    }
    const build = this.#find(topicName, maxSteps);
    if (build === null) return null;
    const route = this.#finish(topicName, build);
    // A topic without subscribers is not remembered: there may be any number of them.
    if (route !== this.#nowhere && topicName.length <= MAX_REMEMBERED_LENGTH) {
      this.#remember(topicName, route, known);
    }
    return route;
  }

  /** What the client gets of a topic now, by the subscriptions that are its own; rights are not asked. */
  targetOf(client: Client, topicName: string): Target | undefined {
    const build = this.#newBuild();
    const entries = this.#entries.get(client);
    if (entries === undefined) return undefined;
    this.#spend(entries.size);
    for (const [topicFilter, { subscription }] of entries) {
      if (this.#matches(topicFilter, topicName)) build.addOf(client, subscription);
    }
    return build.targets(() => true).targets[0];
  }

  /** Clients whose subscriptions match the topic but which may not read it, so that they receive nothing; `max` at most. */
  withheldFrom(topicName: string, max: number): readonly Client[] {
    const found = new Set<Client>();
    this.#trie.match(topicName, (entry) => {
      if (entry instanceof ShareGroup || entry.kind === "local" || found.size >= max) return;
      if (!this.#readCheck.mayRead(entry.client, topicName)) found.add(entry.client);
    });
    return [...found];
  }

  /**
   * Remembers a route. When full, the map is emptied: that is simpler than removing the oldest, and rare, because it takes 16,384
   * new topics or a million receivers.
   */
  #remember(topicName: string, route: Route, previous: Route | undefined): void {
    this.#targetCount += route.targets.length - (previous?.targets.length ?? 0);
    if (this.#routes.size >= MAX_ROUTES || this.#targetCount > MAX_TARGETS) {
      this.clearRoutes();
      this.#targetCount = route.targets.length;
    }
    this.#routes.set(topicName, route);
  }

  #add(topicFilter: string, entry: Entry): void {
    this.#trie.add(topicFilter, entry);
    if (isCounted(entry)) this.#filters?.count(topicFilter, 1);
    if (this.#drafts.size > 0) this.#tellDrafts(topicFilter, entry, true);
  }

  #delete(topicFilter: string, entry: Entry): void {
    if (!this.#trie.delete(topicFilter, entry)) return;
    if (isCounted(entry)) this.#filters?.count(topicFilter, -1);
    if (this.#drafts.size > 0) this.#tellDrafts(topicFilter, entry, false);
  }

  #tellDrafts(topicFilter: string, entry: Entry, isAdded: boolean): void {
    this.#drafts.tell(entry, isAdded, (topicName) => this.#matches(topicFilter, topicName));
  }

  #matches(topicFilter: string, topicName: string): boolean {
    return topicMatches(topicFilter, topicName, this.#options.hashMatchesParent);
  }

  /** The entries whose filters match, put together; `null`: they are not within so many steps. */
  #find(topicName: string, maxSteps: number): RouteBuild | null {
    const draft = this.#drafts.take(topicName) ?? this.#beginDraft(topicName);
    const isComplete = draft.advance(maxSteps);
    this.#spend(draft.takeSteps());
    if (isComplete) return draft.build;
    this.#drafts.rest(topicName, draft);
    return null;
  }

  #beginDraft(topicName: string): RouteDraft<Entry, RouteBuild> {
    const found: Entry[] = [];
    const walk = this.#trie.walk(topicName, (entry) => void found.push(entry));
    return new RouteDraft(walk, found, this.#newBuild());
  }

  #newBuild(): RouteBuild {
    return new RouteBuild(this.#options.allowDuplicateMessages);
  }

  #finish(topicName: string, build: RouteBuild): Route {
    const version = this.#trie.version;
    const accessVersion = this.#readCheck.version;
    if (build.size === 0) {
      if (this.#nowhere.version !== version || this.#nowhere.accessVersion !== accessVersion) {
        this.#nowhere = { ...NOWHERE, version, accessVersion };
      }
      return this.#nowhere;
    }
    const { shares, locals } = build;
    const { targets, ownTargets } = build.targets((client) =>
      this.#readCheck.mayRead(client, topicName)
    );
    const topicNameBytes = encodeText(topicName);
    const steps = stepsOf(targets, shares);
    return { version, accessVersion, topicNameBytes, targets, ownTargets, shares, locals, steps };
  }

  #parse(topicFilter: string): { shareName: string | undefined; topicFilter: string } {
    const parsed = parseTopicFilter(topicFilter);
    if (parsed === undefined) throw new TypeError(`Not a Topic Filter: ${topicFilter}`);
    return parsed;
  }
}

function isElsewhere({ copy }: Client): boolean {
  return copy !== null && copy.isElsewhere;
}

/** Whether this node wants QoS 0 for it: not for a client that is at another node. Shared subscriptions count by their members. */
function isCounted(entry: Entry): boolean {
  return entry.kind === "local" || entry.kind === "client" && !isElsewhere(entry.client);
}

function stepsOf(targets: readonly Target[], shares: readonly ShareGroup[]): number {
  let steps = shares.length * STEPS.member;
  for (const { subscriptionIdentifiers } of targets) steps += subscriptionIdentifiers?.length ?? 0;
  return steps;
}
