/** What is stored of a session beside its owner. */
export interface StoredHome {
  /** The node that the session belongs to. */
  readonly home: string;
  /** The record by which it came there, and the nodes that had it before; absent: its node has it by nobody's claim. */
  readonly gained?: { readonly at: number; readonly losers: readonly string[] };
  /** {@linkcode ClusterPort.keepDone} */
  readonly done: string;
}

/** In the names of nodes there are neither of these. */
const BETWEEN = "@";
const BETWEEN_NODES = ",";

/** As it is stored. What stands behind the node is left out where it says nothing. */
export function homeText({ home, gained, done }: StoredHome): string {
  const came = gained === undefined ? "" : [gained.at, ...gained.losers].join(BETWEEN_NODES);
  if (done !== "") return [home, came, done].join(BETWEEN);
  return came === "" ? home : [home, came].join(BETWEEN);
}

/** Reads what {@linkcode homeText} has written. */
export function parseHome(text: string): StoredHome {
  const [home, came = "", done = ""] = text.split(BETWEEN) as [string, string?, string?];
  if (came === "") return { home, done };
  const [at, ...losers] = came.split(BETWEEN_NODES);
  return { home, gained: { at: Number(at), losers }, done };
}
