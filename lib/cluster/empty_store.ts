import type { Store } from "../broker/mod.ts";

/** A store that keeps nothing: where a cluster's log is all that outlives a process. */
export class EmptyStore implements Store {
  /** {@linkcode Store.writes} */
  readonly writes = 0;
  /** {@linkcode Store.isFailing} */
  readonly isFailing = false;

  /** {@linkcode Store.commit} */
  commit(done?: () => void): void {
    done?.();
  }

  putSession(): void {}
  deleteSession(): void {}
  putSubscription(): void {}
  deleteSubscription(): void {}
  putDelivery(): void {}
  putInFlight(): void {}
  deleteDelivery(): void {}
  putReceived(): void {}
  deleteReceived(): void {}
  putRetained(): void {}
  deleteRetained(): void {}
  putWill(): void {}
  deleteWill(): void {}
}
