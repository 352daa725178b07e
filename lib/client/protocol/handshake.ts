import {
  type Connack,
  type Connect,
  type Packet,
  type Properties,
  type ProtocolVersion,
  ReasonCode,
  type Will,
} from "../../codec/mod.ts";
import { ClientError, closedEarly, refusal } from "./client_error.ts";

/** What CONNECT says. */
export interface ConnectInit {
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
  /** Whether it says that it is a bridge, as mosquitto's brokers understand it before 5.0; default: false. */
  readonly isBridge?: boolean;
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
export function connectPacket(init: ConnectInit): Connect {
  const { userName, password, will, properties, isBridge } = init;
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
    ...(isBridge === undefined ? {} : { isBridge }),
  };
}
