import { BRIDGE_HOPS } from "../broker/mod.ts";
import { isHop } from "./hops.ts";
import type { Connack, ProtocolVersion, Qos } from "../codec/mod.ts";

/** The limits of the remote broker for one connection. */
export interface RemoteLimits {
  /** The protocol version. */
  readonly version: ProtocolVersion;
  /** Whether it resumes an existing session. */
  readonly sessionPresent: boolean;
  /** The highest QoS that it accepts. */
  readonly maxQos: Qos;
  /** Whether it supports retained messages. */
  readonly retainAvailable: boolean;
  /** The most bytes of a packet to it. */
  readonly maxPacketSizeBytes: number;
  /** The most QoS 1 and 2 messages in flight to it; `undefined` if it did not say. */
  readonly receiveMaximum: number | undefined;
  /** The most Topic Aliases that it accepts. */
  readonly topicAliasMaximum: number;
  /** Seconds; 0 for off. */
  readonly keepAliveSeconds: number;
  /** The broker's name in hops; `undefined` if it sends none. */
  readonly brokerId: string | undefined;
}

/** Reads the limits from a CONNACK, and applies our own where they are lower. */
export function limitsOf(
  { sessionPresent, properties }: Connack,
  version: ProtocolVersion,
  own: { readonly maxPacketSizeBytes: number; readonly keepAliveSeconds: number },
): RemoteLimits {
  const ownBytes = own.maxPacketSizeBytes === 0 ? Infinity : own.maxPacketSizeBytes;
  return {
    version,
    sessionPresent,
    maxQos: properties?.maximumQos ?? 2,
    retainAvailable: properties?.retainAvailable ?? true,
    maxPacketSizeBytes: Math.min(ownBytes, properties?.maximumPacketSize ?? Infinity),
    // The default in 5.0 is 65,535. [MQTT-3.3.4-7]
    receiveMaximum: properties?.receiveMaximum ?? (version === 5 ? 65_535 : undefined),
    topicAliasMaximum: properties?.topicAliasMaximum ?? 0,
    keepAliveSeconds: shorter(own.keepAliveSeconds, properties?.serverKeepAlive),
    brokerId: properties?.userProperties?.find(([name, value]) =>
      name === BRIDGE_HOPS && isHop(value)
    )?.[1],
  };
}

/**
 * The shorter of two Keep Alives. A server sets the longest time without a packet [MQTT-3.2.2-21]; a client may send more of them, and must
 * not be kept by a long one, or by none, from noticing that nobody is there.
 */
function shorter(ownSeconds: number, serverSeconds = ownSeconds): number {
  if (ownSeconds === 0 || serverSeconds === 0) return Math.max(ownSeconds, serverSeconds);
  return Math.min(ownSeconds, serverSeconds);
}
