import type { FilterWalk } from "../../topic/mod.ts";

/** The most drafts at a time: each may hold as many entries as there are subscriptions. */
const MAX_DRAFTS = 4;
/** A draft is given up when others have rested so often since it last went on: whoever wanted it has gone. */
const MAX_RESTS = 10_000;
/** The same for subscriptions that have changed. */
const MAX_CHANGES = 10_000;

/**
 * The entries that match a topic, found in parts where that takes longer than one connection may use of a turn. The draft hears of every
 * entry that comes or goes meanwhile, so it is right when it is complete, and constant changes do not make it begin anew.
 */
export class RouteDraft<Entry extends object> {
  /** The count of rests when this draft last rested. */
  restedAt = 0;
  /** Changes since it last went on. */
  changes = 0;
  readonly #walk: FilterWalk<Entry>;
  #takenSteps = 0;
  readonly #found: Entry[];
  /** Entries that have come since it began and match; absent: none has. */
  #added: Set<Entry> | undefined;
  #gone: Set<Entry> | undefined;

  /** `found` is what `walk` adds to. */
  constructor(walk: FilterWalk<Entry>, found: Entry[]) {
    this.#walk = walk;
    this.#found = found;
  }

  /** What it has cost since this was last asked. */
  takeSteps(): number {
    const { steps } = this.#walk;
    const newSteps = steps - this.#takenSteps;
    this.#takenSteps = steps;
    return newSteps;
  }

  /** Goes on for about so many steps; `true`: it is complete. */
  advance(maxSteps: number): boolean {
    this.changes = 0;
    return this.#walk.advance(maxSteps);
  }

  /** An entry that matches has come. */
  add(entry: Entry): void {
    (this.#added ??= new Set()).add(entry);
  }

  /** An entry has gone. */
  remove(entry: Entry): void {
    this.#added?.delete(entry);
    (this.#gone ??= new Set()).add(entry);
  }

  /** All entries that match, once it is complete. */
  get entries(): readonly Entry[] {
    const found = this.#found;
    const added = this.#added;
    const gone = this.#gone;
    if (added === undefined && gone === undefined) return found;
    // The walk may have met those that have come as well.
    const left = found.filter((entry) => !added?.has(entry) && !gone?.has(entry));
    return added === undefined ? left : [...left, ...added];
  }
}

/** The drafts of a router, by Topic Name. The one that has rested longest is first. */
export class RouteDrafts<Entry extends object> {
  readonly #drafts = new Map<string, RouteDraft<Entry>>();
  #rests = 0;

  /** How many there are; it is bounded. */
  get size(): number {
    return this.#drafts.size;
  }

  /** Takes the draft of a topic out, for who goes on with it. */
  take(topicName: string): RouteDraft<Entry> | undefined {
    if (this.#drafts.size === 0) return undefined;
    const draft = this.#drafts.get(topicName);
    if (draft !== undefined) this.#drafts.delete(topicName);
    return draft;
  }

  /** Keeps a draft that is not complete. Where there are too many others it is lost: it begins anew when one of these is complete. */
  rest(topicName: string, draft: RouteDraft<Entry>): void {
    draft.restedAt = ++this.#rests;
    if (this.#drafts.size >= MAX_DRAFTS) {
      const [name, oldest] = this.#drafts.entries().next().value!;
      if (this.#rests - oldest.restedAt < MAX_RESTS) return;
      this.#drafts.delete(name);
    }
    this.#drafts.set(topicName, draft);
  }

  /** Tells all drafts of a change: `matches` says whether the entry is for a topic. */
  tell(entry: Entry, isAdded: boolean, matches: (topicName: string) => boolean): void {
    for (const [topicName, draft] of this.#drafts) {
      if (++draft.changes > MAX_CHANGES) this.#drafts.delete(topicName);
      else if (!isAdded) draft.remove(entry);
      else if (matches(topicName)) draft.add(entry);
    }
  }
}
