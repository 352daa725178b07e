import {
  type Connack,
  type Packet,
  type Properties,
  type ProtocolVersion,
  ReasonCode,
  type Will,
} from "../codec/mod.ts";
import { ClientError, closedEarly, refusal } from "./error.ts";
import type { Place } from "./transport.ts";

/** How long connecting may take, milliseconds, where nobody says. */
export const CONNECT_TIMEOUT_MS = 10_000;

/** Where to connect to, and what CONNECT says. */
export interface ConnectInit extends Place {
  /** Default: 5. */
  readonly protocolVersion?: ProtocolVersion;
  /** Default: empty, which the broker replaces. */
  readonly clientId?: string;
  /** Default: true. */
  readonly cleanStart?: boolean;
  /** Seconds; default: 60. 0 turns it off. */
  readonly keepAliveSeconds?: number;
  /** Default: none, as for an anonymous client. */
  readonly userName?: string;
  /** Any bytes; before 5.0 only with a user name. */
  readonly password?: Uint8Array;
  /** What the broker publishes when the connection ends without a DISCONNECT. */
  readonly will?: Will;
  /** Of CONNECT; 5.0 only. */
  readonly properties?: Properties;
  /** Milliseconds until the broker has accepted, from the first look for its name; default: 10,000. */
  readonly connectTimeoutMs?: number;
}

/** The CONNACK that lets us in; everything else becomes a `ClientError`. */
export function accepted(packet: Packet | undefined, version: ProtocolVersion): Connack {
  if (packet === undefined) throw closedEarly();
  if (packet.type !== "connack") {
    throw new ClientError("protocol", "The broker did not answer with CONNACK");
  }
  if (packet.reasonCode === ReasonCode.Success) return packet;
  throw refusal(version, packet.reasonCode, packet.properties?.reasonString);
}

/** The CONNECT that `init` describes. */
export function connectPacket(init: ConnectInit): Packet {
  const { userName, password, will, properties } = init;
  return {
    type: "connect",
    protocolVersion: init.protocolVersion ?? 5,
    cleanStart: init.cleanStart ?? true,
    keepAliveSeconds: init.keepAliveSeconds ?? 60,
    clientId: init.clientId ?? "",
    ...(will === undefined ? {} : { will }),
    ...(userName === undefined ? {} : { userName }),
    ...(password === undefined ? {} : { password }),
    ...(properties === undefined ? {} : { properties }),
  };
}
