import type { FilterWalk } from "../../topic/mod.ts";

/** What it costs to put an entry into a route, in steps of a walk: it is read again, and its subscription and client as well. */
const STEPS_PER_ENTRY = 2;

/** So many entries are put together in one piece: a tenth of a millisecond. */
const WHOLE_ENTRIES = 500;

/** What a draft puts its entries into. */
export interface DraftBuild<Entry> {
  add(entry: Entry): void;
  remove(entry: Entry): void;
}

/** The most drafts at a time: each may hold as many entries as there are subscriptions. */
const MAX_DRAFTS = 4;
/** A draft is given up when others have rested so often since it last went on: whoever wanted it has gone. */
const MAX_RESTS = 10_000;
/** The same for subscriptions that have changed. */
const MAX_CHANGES = 10_000;

/**
 * The entries that match a topic, found and then put together in parts, where that takes longer than one connection may use of a turn. The
 * draft hears of every entry that comes or goes meanwhile, so it is right when it is complete, and constant changes do not make it begin
 * anew.
 */
export class RouteDraft<Entry extends object, Build extends DraftBuild<Entry>> {
  /** The count of rests when this draft last rested. */
  restedAt = 0;
  /** What its entries are put into. */
  readonly build: Build;
  /** Changes since it last went on. */
  changes = 0;
  readonly #walk: FilterWalk<Entry>;
  #takenSteps = 0;
  readonly #found: Entry[];
  #isWalked = false;
  /** How many of those that were found have been looked at again, to put them together. */
  #builtCount = 0;
  /** Entries that have come since it began and match; absent: none has. */
  #added: Set<Entry> | undefined;
  /** Entries that have gone, and how many were looked at again by then. */
  #gone: Map<Entry, number> | undefined;

  /** `found` is what `walk` adds to. */
  constructor(walk: FilterWalk<Entry>, found: Entry[], build: Build) {
    this.#walk = walk;
    this.#found = found;
    this.build = build;
  }

  /** What it has cost since this was last asked. */
  takeSteps(): number {
    const steps = this.#walk.steps + this.#builtCount * STEPS_PER_ENTRY;
    const newSteps = steps - this.#takenSteps;
    this.#takenSteps = steps;
    return newSteps;
  }

  /** Goes on for about so many steps; `true`: all entries that match are in the build. */
  advance(maxSteps: number): boolean {
    this.changes = 0;
    const untilSteps = this.#walk.steps + maxSteps;
    this.#isWalked ||= this.#walk.advance(maxSteps);
    if (!this.#isWalked) return false;
    const leftSteps = untilSteps - this.#walk.steps;
    return this.#buildOn(Math.max(WHOLE_ENTRIES, Math.floor(leftSteps / STEPS_PER_ENTRY)));
  }

  #buildOn(maxCount: number): boolean {
    const found = this.#found;
    const end = Math.min(found.length, this.#builtCount + maxCount);
    while (this.#builtCount < end) {
      const entry = found[this.#builtCount++]!;
      if (!this.#added?.has(entry) && !this.#gone?.has(entry)) this.build.add(entry);
    }
    if (end < found.length) return false;
    this.#correct();
    return true;
  }

  /** Takes out the entries that have gone since they were put in, and puts in those that have come. */
  #correct(): void {
    const gone = this.#gone;
    if (gone !== undefined) {
      for (const [i, entry] of this.#found.entries()) {
        if (i < (gone.get(entry) ?? 0)) this.build.remove(entry);
      }
    }
    for (const entry of this.#added ?? []) this.build.add(entry);
  }

  /** An entry that matches has come. */
  add(entry: Entry): void {
    (this.#added ??= new Set()).add(entry);
  }

  /** An entry has gone. */
  remove(entry: Entry): void {
    // One that has come since it began was not put in, even if the walk has met it.
    if (this.#added?.delete(entry)) (this.#gone ??= new Map()).set(entry, 0);
    else (this.#gone ??= new Map()).set(entry, this.#builtCount);
  }
}

/** The drafts of a router, by Topic Name. The one that has rested longest is first. */
export class RouteDrafts<Entry extends object, Build extends DraftBuild<Entry>> {
  readonly #drafts = new Map<string, RouteDraft<Entry, Build>>();
  #rests = 0;

  /** How many there are; it is bounded. */
  get size(): number {
    return this.#drafts.size;
  }

  /** Takes the draft of a topic out, for who goes on with it. */
  take(topicName: string): RouteDraft<Entry, Build> | undefined {
    if (this.#drafts.size === 0) return undefined;
    const draft = this.#drafts.get(topicName);
    if (draft !== undefined) this.#drafts.delete(topicName);
    return draft;
  }

  /** Keeps a draft that is not complete. Where there are too many others it is lost: it begins anew when one of these is complete. */
  rest(topicName: string, draft: RouteDraft<Entry, Build>): void {
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
