import type { Will } from "../codec/mod.ts";
import { Session } from "../session/mod.ts";
import type { RetainedWalk } from "../topic/mod.ts";
import type { Broker } from "./broker.ts";
import type { Connection } from "./connection.ts";
import type { Deadline } from "./deadlines.ts";
import type { ArenaMessage } from "./payload_arena.ts";
import type { ClientIdentity } from "./ports.ts";

/** Retained messages on their way to a new subscription, a slice at a time. */
export interface RetainedDelivery {
  readonly topicFilter: string;
  readonly walk: RetainedWalk<ArenaMessage>;
}

/** A client as the broker knows it: its session, its connection while it has one, a will that waits. */
export class Client {
  /**
   * What outlives its connections.
   * @internal
   */
  readonly session: Session;
  /** At most one: a second CONNECT with its Client Identifier takes over. */
  connection: Connection | null = null;
  /** As of its last CONNECT. */
  identity: ClientIdentity;
  /** It comes from the store and has not connected since: its identity is not known. */
  isRestored = false;
  /** Runs while the client is away and its session is to end. */
  expiry: Deadline | null = null;
  /** A will whose delay runs. */
  delayedWill: { readonly will: Will; readonly deadline: Deadline } | null = null;
  /**
   * What is still to come, in the order of the SUBSCRIBE packets.
   * @internal
   */
  readonly retained: RetainedDelivery[] = [];

  /** `identity.clientId` names the session; a later CONNECT replaces the rest. */
  constructor(readonly broker: Broker, identity: ClientIdentity) {
    this.identity = identity;
    this.session = new Session(identity.clientId);
  }
}
