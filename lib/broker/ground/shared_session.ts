import type { InFlight, Message, Subscription } from "../../session/mod.ts";
import type { StoredWill } from "./ports.ts";

/** A session begins, or its times have changed. */
export interface SharedSession {
  /** What the change is. */
  readonly kind: "session";
  /** The session's name. */
  readonly clientId: string;
  /** Seconds; `Infinity`: never. */
  readonly expirySeconds: number;
  /** In the clock's milliseconds; `Infinity`: its client is connected, or it never expires. */
  readonly expiresAtMs: number;
  /** {@linkcode ownerOf}; absent: nobody's yet. */
  readonly owner: string | undefined;
  /** All that it has; absent: they have not changed. */
  readonly subscriptions?: readonly Subscription[];
}

/** What the node that a session belongs to says of its deliveries. */
export interface SharedDone {
  /** What the change is. */
  readonly kind: "done";
  /** The session's name. */
  readonly clientId: string;
  /** All messages before this place in the log are done with. {@linkcode Message.logId} */
  readonly floor: number;
  /** These places beyond it too. */
  readonly above: readonly number[];
}

/** A QoS 2 message is in flight to the client. */
export interface SharedInFlight {
  /** What the change is. */
  readonly kind: "inFlight";
  /** The session's name. */
  readonly clientId: string;
  /** The message's place in the log. */
  readonly logId: number;
  /** Under which the client knows it. */
  readonly packetId: number;
  /** How far the exchange is. */
  readonly state: InFlight["state"];
}

/** A QoS 2 message of a shared subscription is on its way to this client: no other member gets it any more. [MQTT-4.8.2-5] */
export interface SharedSent {
  /** What the change is. */
  readonly kind: "sent";
  /** The session's name. */
  readonly clientId: string;
  /** The Packet Identifier that it has. */
  readonly packetId: number;
  /** The Topic Filter with `$share/...`. */
  readonly share: string;
  /** Its place in the log. */
  readonly logId: number;
  /** Not in the log: each node has it; absent: this one does not. */
  readonly message?: Message | undefined;
}

/** What the node that a session belongs to tells all others about it, by the log of the cluster. */
export type SessionChange =
  | SharedSession
  | SharedDone
  | SharedInFlight
  | SharedSent
  | { readonly kind: "ended"; readonly clientId: string }
  | {
    readonly kind: "subscribed";
    readonly clientId: string;
    readonly subscription: Subscription;
  }
  | { readonly kind: "unsubscribed"; readonly clientId: string; readonly topicFilter: string }
  /** A QoS 2 message that the log does not have is in flight to the client under this Packet Identifier, or is so no more. */
  | { readonly kind: "reserved" | "freed"; readonly clientId: string; readonly packetId: number }
  /** The PUBREL of a message that the client has published came. */
  | { readonly kind: "released"; readonly clientId: string; readonly packetId: number }
  /** The will of its client, connected or not; absent: there is none any more. */
  | { readonly kind: "will"; readonly clientId: string; readonly will?: StoredWill };

/** The log has come to a client's arrival at a node. */
export interface AppliedClaim {
  /** The session's name. */
  readonly clientId: string;
  /** The session that there was ends. */
  readonly endsSession: boolean;
  /** The client is at this node. */
  readonly isHere: boolean;
  /** An earlier process of this node has put it into the log, and what it did then stands behind; absent: no. */
  readonly isEarlier?: boolean;
  /** The client has not come to another node: that one has the session because this one was taken for dead; absent: no. */
  readonly isInherited?: boolean;
  /** QoS 2 messages that this node has put into the log behind the claim, where they do not count any more. */
  readonly unapplied: readonly number[];
}
