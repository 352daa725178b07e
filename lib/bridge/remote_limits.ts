import { BRIDGE_HOPS } from "../broker/mod.ts";
import { isHop } from "./hops.ts";
import type { Connack, ProtocolVersion, Qos } from "../codec/mod.ts";

/** What holds at the remote broker, for one connection. */
export interface RemoteLimits {
  /** What is spoken. */
  readonly version: ProtocolVersion;
  /** Whether it goes on with a session that it had. */
  readonly sessionPresent: boolean;
  /** The highest that it takes. */
  readonly maxQos: Qos;
  /** Whether it keeps retained messages. */
  readonly retainAvailable: boolean;
  /** Bytes of a packet to it. */
  readonly maxPacketSizeBytes: number;
  /** QoS 1 and 2 messages under way to it; `undefined`: it did not say. */
  readonly receiveMaximum: number | undefined;
  /** Topic Aliases that it knows. */
  readonly topicAliasMaximum: number;
  /** Seconds; 0: off. */
  readonly keepAliveSeconds: number;
  /** The broker's name in hops; `undefined`: it tells none. */
  readonly brokerId: string | undefined;
}

/** What a CONNACK says; our own limits are narrower in places. */
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
    // Absent in 5.0 it is 65,535. [MQTT-3.3.4-7]
    receiveMaximum: properties?.receiveMaximum ?? (version === 5 ? 65_535 : undefined),
    topicAliasMaximum: properties?.topicAliasMaximum ?? 0,
    keepAliveSeconds: properties?.serverKeepAlive ?? own.keepAliveSeconds,
    brokerId: properties?.userProperties?.find(([name, value]) =>
      name === BRIDGE_HOPS && isHop(value)
    )?.[1],
  };
}
