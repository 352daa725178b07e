/** How many members a shared subscription has at one node of a cluster. */
export interface ShareMembers {
  /** Whose clients are connected. */
  readonly connected: number;
  /** Whose sessions wait for their clients. */
  readonly kept: number;
}

/** What a node of a cluster tells all others of a shared subscription, by the log; `share` is its Topic Filter with `$share/...`. */
export type ShareChange =
  | {
    readonly kind: "members";
    readonly share: string;
    readonly members: ShareMembers;
  }
  /**
   * What the node had to deliver up to this place in the log, it has delivered, but for these places. `at`: how far it had read the log; what came to
   * it behind that it does not mean.
   */
  | {
    readonly kind: "done";
    readonly share: string;
    readonly upTo: number;
    readonly except: readonly number[];
    readonly at?: number;
  }
  /** QoS 2 messages are on their way to members: nobody else may get them. */
  | { readonly kind: "sent"; readonly share: string; readonly ids: readonly number[] }
  /** A node has begun to write. `since`: from this place on it knows what nodes have to deliver; absent: from here on. `at`: as above. */
  | { readonly kind: "hello"; readonly since?: number; readonly at?: number };
