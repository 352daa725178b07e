import type { LogPort, Message, Store } from "../broker/mod.ts";
import { Claims } from "./claims.ts";
import { EmptyStore } from "./empty_store.ts";
import type { Engine } from "./engine.ts";
import { Forwarding } from "./forwarding.ts";
import { Homes } from "./homes.ts";
import { Interests } from "./interests.ts";
import { Log } from "./log.ts";
import type { ClusterHost, ClusterInit } from "./node_init.ts";
import { OwnSessions } from "./own_sessions.ts";
import { prefixOf } from "./options.ts";
import { SharedSessions } from "./sessions.ts";
import { SharedStore } from "./shared_store.ts";
import { SharedGroups } from "./shares.ts";

/** What a node has of what all nodes share. */
export interface NodeParts {
  /** The node's name. */
  readonly node: string;
  /** For what an operator should know. */
  readonly lines: LogPort;
  /** The node's own store. */
  readonly own: Store;
  /** The broker's. */
  readonly store: SharedStore;
  readonly log: Log;
  readonly sessions: SharedSessions;
  readonly shares: SharedGroups;
  readonly claims: Claims;
  readonly forwarding: Forwarding;
  readonly interests: Interests;
}

/** Makes them; `hostOf`: the broker, as soon as there is one. */
export function makeParts(
  init: ClusterInit,
  engine: Engine,
  hostOf: () => ClusterHost | undefined,
): NodeParts {
  const { options, log: lines, nowMs } = init;
  const { node } = options;
  const prefix = prefixOf(options.name);
  const own = init.store ?? new EmptyStore();
  const log = new Log(engine, `${prefix}.log`, node, nowMs, lines);
  const homes = new Homes(node);
  const sessions = new SharedSessions(node, homes, new OwnSessions(node, homes, log, lines));
  const shares = new SharedGroups({ node, log, lines, store: own });
  const forwarding = new Forwarding(engine, prefix, node, lines);
  const deliver = (message: Message) => hostOf()?.turn().deliverForwarded(message);
  const interests = new Interests(
    engine,
    prefix,
    ({ payload }) => forwarding.hear(payload, deliver),
  );
  const store = new SharedStore(own, log, sessions, interests, shares);
  const claims = new Claims();
  return { node, lines, own, store, log, sessions, shares, claims, forwarding, interests };
}
