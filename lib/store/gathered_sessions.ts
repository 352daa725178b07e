import type { SubscriptionKey } from "./batch_rows.ts";
import { packWills } from "./packed_wills.ts";
import type { SessionRecord } from "./records.ts";
import type { SessionRow, SubscriptionRow, WillRow } from "./rows.ts";

/** The changes of one session; `null` means deleted. */
interface SessionChange {
  readonly session: SessionRecord;
  row: SessionRow | undefined;
  readonly subscriptions: Map<string, SubscriptionRow | null>;
  will: WillRow | null | undefined;
}

/** What changes of sessions in a batch: their rows, subscriptions and wills. Of each the last change counts. */
export class GatheredSessions {
  /** By session id, in the order in which the sessions were changed. */
  readonly #changes = new Map<number, SessionChange>();

  /** The number of sessions that change. */
  get size(): number {
    return this.#changes.size;
  }

  put(session: SessionRecord, row: SessionRow): void {
    this.#changeOf(session).row = row;
  }

  /** Forgets what has changed of the session, because it ends. */
  delete(session: SessionRecord): void {
    this.#changes.delete(session.id);
  }

  putSubscription(session: SessionRecord, row: SubscriptionRow): void {
    this.#changeOf(session).subscriptions.set(row[1], row);
  }

  deleteSubscription(session: SessionRecord, topicFilter: string): void {
    this.#changeOf(session).subscriptions.set(topicFilter, null);
  }

  putWill(session: SessionRecord, row: WillRow): void {
    this.#changeOf(session).will = row;
  }

  deleteWill(session: SessionRecord): void {
    this.#changeOf(session).will = null;
  }

  /** Returns the rows to write, and counts the sessions as written. */
  take() {
    const changes = [...this.#changes.values()];
    this.#changes.clear();
    for (const { session } of changes) session.isWritten = true;
    const subscriptions = changes.flatMap(({ session, subscriptions }) =>
      [...subscriptions].map(([topicFilter, row]) => ({ key: [session.id, topicFilter], row }))
    ) as { key: SubscriptionKey; row: SubscriptionRow | null }[];
    return {
      sessions: changes.flatMap(({ row }) => row === undefined ? [] : [row]),
      deletedSubscriptions: subscriptions.flatMap(({ key, row }) => row === null ? [key] : []),
      subscriptions: subscriptions.flatMap(({ row }) => row === null ? [] : [row]),
      deletedWills: changes.flatMap(({ session, will }) => will === null ? [session.id] : []),
      wills: packWills(changes.flatMap(({ will }) => will ? [will] : [])),
    };
  }

  #changeOf(session: SessionRecord): SessionChange {
    let change = this.#changes.get(session.id);
    if (change === undefined) {
      change = { session, row: undefined, subscriptions: new Map(), will: undefined };
      this.#changes.set(session.id, change);
    }
    return change;
  }
}
