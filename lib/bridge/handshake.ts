import { BRIDGE_HOPS } from "../broker/mod.ts";
import {
  type Connack,
  type Connect,
  encodePacket,
  type ProtocolVersion,
  reasonCodeName,
} from "../codec/mod.ts";
import { type BridgeOptions, notificationTopicOf } from "./options.ts";
import { BridgeFault, type BridgeReason } from "./state.ts";

/** One way to request a connection. */
export interface Attempt {
  /** MQTT's version. */
  readonly version: ProtocolVersion;
  /** Whether a bit of the protocol level says that this is a bridge: mosquitto's convention before 5.0. */
  readonly isPrivate: boolean;
}

const OFFLINE = new TextEncoder().encode("0");

/** The attempts in order, until the broker accepts one. */
export function attemptsOf({ protocolVersion, tryPrivate }: BridgeOptions): readonly Attempt[] {
  const before5 = (version: 3 | 4): Attempt[] => [
    ...tryPrivate ? [{ version, isPrivate: true }] : [],
    { version, isPrivate: false },
  ];
  if (protocolVersion === 3 || protocolVersion === 4) return before5(protocolVersion);
  const five: Attempt = { version: 5, isPrivate: false };
  return protocolVersion === 5 ? [five] : [five, ...before5(4)];
}

/** Encodes the CONNECT to the remote broker. `maxPacketSizeBytes` limits packets to us; `brokerId` is this broker's. */
export function encodeConnect(
  options: BridgeOptions,
  { version, isPrivate }: Attempt,
  password: string,
  maxPacketSizeBytes: number,
  brokerId: string,
): Uint8Array {
  return encodePacket({
    type: "connect",
    protocolVersion: version,
    ...isPrivate ? { isBridge: true } : {},
    cleanStart: options.cleanSession,
    keepAliveSeconds: options.keepAliveSeconds,
    clientId: options.remoteClientId,
    ...willOf(options),
    ...options.remoteUserName === "" ? {} : { userName: options.remoteUserName },
    ...password === "" ? {} : { password: new TextEncoder().encode(password) },
    ...version === 5 ? { properties: propertiesOf(options, maxPacketSizeBytes, brokerId) } : {},
  }, version);
}

/** Why a CONNACK refuses the connection; `undefined` if it accepts it. */
export function connackFault(
  { reasonCode }: Connack,
  version: ProtocolVersion,
): BridgeFault | undefined {
  if (reasonCode === 0) return undefined;
  const reason = (version === 5 ? REASONS_5 : REASONS_3)[reasonCode] ?? "refused";
  const name = version === 5 ? reasonCodeName(reasonCode) : NAMES_3[reasonCode] ?? `${reasonCode}`;
  return new BridgeFault(reason, `The remote broker has refused the connection: ${name}`);
}

const REASONS_5: Readonly<Record<number, BridgeReason>> = {
  0x84: "version",
  0x85: "client_id",
  0x86: "credentials",
  0x87: "credentials",
  0x88: "unavailable",
  0x89: "unavailable",
  0x8a: "credentials",
  0x8c: "credentials",
  0x97: "quota",
  0x9f: "quota",
};
const REASONS_3: Readonly<Record<number, BridgeReason>> = {
  1: "version",
  2: "client_id",
  3: "unavailable",
  4: "credentials",
  5: "credentials",
};
const NAMES_3: Readonly<Record<number, string>> = {
  1: "unacceptable protocol version",
  2: "Client Identifier rejected",
  3: "server unavailable",
  4: "bad user name or password",
  5: "not authorized",
};

function willOf(options: BridgeOptions): Pick<Connect, "will"> {
  if (!options.notifications || options.notificationsLocalOnly) return {};
  const topicName = notificationTopicOf(options);
  return { will: { topicName, payload: OFFLINE, qos: 1, retain: true } };
}

function propertiesOf(
  options: BridgeOptions,
  maxPacketSizeBytes: number,
  brokerId: string,
): NonNullable<Connect["properties"]> {
  const { cleanSession, sessionExpirySeconds, receiveMaximum } = options;
  return {
    ...cleanSession ? {} : { sessionExpiryInterval: Math.min(sessionExpirySeconds, 0xffff_ffff) },
    receiveMaximum,
    maximumPacketSize: maxPacketSizeBytes,
    ...options.maxHops === 0 ? {} : { userProperties: [[BRIDGE_HOPS, brokerId]] },
  };
}
