import type { ClusterPort } from "../broker/mod.ts";

/** {@linkcode ClusterPort.claim} */
export type WhenApplied = NonNullable<Parameters<ClusterPort["claim"]>[2]>;

/** The claims that this node has put into the log, and to which the log has not come, by Client Identifier. */
export class Claims {
  /** How many there are of those that nobody waits for. */
  readonly #unawaited = new Map<string, number>();
  /** Who waits for the others, in their order. */
  readonly #awaited = new Map<string, WhenApplied[]>();

  /** A claim is put into the log; `whenApplied` is called where the log has come to it; absent: nobody waits. */
  add(clientId: string, whenApplied: WhenApplied | undefined): void {
    if (whenApplied === undefined) {
      this.#unawaited.set(clientId, this.#countUnawaited(clientId) + 1);
      return;
    }
    const awaited = this.#awaited.get(clientId);
    if (awaited === undefined) this.#awaited.set(clientId, [whenApplied]);
    else awaited.push(whenApplied);
  }

  /** Whether there is a claim of this client that nobody waits for: it stands behind all that the log has come to. */
  isOvertaken(clientId: string): boolean {
    return this.#unawaited.has(clientId);
  }

  /** Whether somebody waits for a claim of this client. */
  isAwaited(clientId: string): boolean {
    return this.#awaited.has(clientId);
  }

  /** The log has come to a claim that nobody waits for. */
  appliedUnawaited(clientId: string): void {
    const left = this.#countUnawaited(clientId) - 1;
    if (left > 0) this.#unawaited.set(clientId, left);
    else this.#unawaited.delete(clientId);
  }

  /** The log has come to the first claim that somebody waits for. */
  appliedAwaited(clientId: string): void {
    const awaited = this.#awaited.get(clientId);
    const whenApplied = awaited?.shift();
    if (awaited?.length === 0) this.#awaited.delete(clientId);
    whenApplied?.(this.isOvertaken(clientId));
  }

  #countUnawaited(clientId: string): number {
    return this.#unawaited.get(clientId) ?? 0;
  }
}
