import type { ReasonCode } from "./reason_code.ts";

/** Protocol Level of CONNECT: 3 is MQTT 3.1, 4 is 3.1.1, 5 is 5.0. */
export type ProtocolVersion = 3 | 4 | 5;

/** Quality of Service of an Application Message. */
export type Qos = 0 | 1 | 2;

/** A name and a value, carried unchanged and in order. */
export type UserProperty = readonly [name: string, value: string];

/**
 * The properties of MQTT 5.0 (section 2.2.2.2) under their own names. Which of them a packet may carry, and how often, is
 * the property table's to say; a property that is absent is `undefined`, never a default.
 */
export interface Properties {
  /** 0 unspecified bytes, 1 UTF-8 text. */
  readonly payloadFormatIndicator?: 0 | 1;
  /** Seconds. */
  readonly messageExpiryInterval?: number;
  readonly contentType?: string;
  readonly responseTopic?: string;
  readonly correlationData?: Uint8Array;
  /** 1 to 268,435,455; several only in a PUBLISH that the broker sends. */
  readonly subscriptionIdentifiers?: readonly number[];
  /** Seconds; 0xFFFFFFFF is for ever. */
  readonly sessionExpiryInterval?: number;
  readonly assignedClientIdentifier?: string;
  /** Seconds. */
  readonly serverKeepAlive?: number;
  readonly authenticationMethod?: string;
  readonly authenticationData?: Uint8Array;
  readonly requestProblemInformation?: boolean;
  /** Seconds. */
  readonly willDelayInterval?: number;
  readonly requestResponseInformation?: boolean;
  readonly responseInformation?: string;
  readonly serverReference?: string;
  readonly reasonString?: string;
  /** 1 to 65,535 packets. */
  readonly receiveMaximum?: number;
  readonly topicAliasMaximum?: number;
  readonly topicAlias?: number;
  readonly maximumQos?: 0 | 1;
  readonly retainAvailable?: boolean;
  readonly userProperties?: readonly UserProperty[];
  /** Bytes, 1 or more. */
  readonly maximumPacketSize?: number;
  readonly wildcardSubscriptionAvailable?: boolean;
  readonly subscriptionIdentifierAvailable?: boolean;
  readonly sharedSubscriptionAvailable?: boolean;
}

/** The Will of a CONNECT. */
export interface Will {
  readonly topicName: string;
  readonly payload: Uint8Array;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly properties?: Properties;
}

export interface Connect {
  readonly type: "connect";
  readonly protocolVersion: ProtocolVersion;
  /** Clean Session before 5.0. */
  readonly cleanStart: boolean;
  /** 0 turns the keep-alive off. */
  readonly keepAliveSeconds: number;
  readonly clientId: string;
  readonly will?: Will;
  readonly userName?: string;
  readonly password?: Uint8Array;
  readonly properties?: Properties;
}

export interface Connack {
  readonly type: "connack";
  readonly sessionPresent: boolean;
  /** Before 5.0 a Connect Return code, 0 to 5. */
  readonly reasonCode: number;
  readonly properties?: Properties;
}

export interface Publish {
  readonly type: "publish";
  /** Empty where a Topic Alias stands for it (5.0). */
  readonly topicName: string;
  /** From the decoder a view of the read buffer: whoever keeps it beyond the turn copies it. */
  readonly payload: Uint8Array;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly dup: boolean;
  /** 1 to 65,535; 0 with QoS 0, which has none. */
  readonly packetId: number;
  readonly properties: Properties | undefined;
}

/** PUBACK, PUBREC, PUBREL and PUBCOMP have one shape. */
export interface Acknowledgement<Type extends "puback" | "pubrec" | "pubrel" | "pubcomp"> {
  readonly type: Type;
  readonly packetId: number;
  /** 0 before 5.0. */
  readonly reasonCode: ReasonCode;
  readonly properties?: Properties;
}
export type Puback = Acknowledgement<"puback">;
export type Pubrec = Acknowledgement<"pubrec">;
export type Pubrel = Acknowledgement<"pubrel">;
export type Pubcomp = Acknowledgement<"pubcomp">;

/** One Topic Filter of a SUBSCRIBE with its Subscription Options. */
export interface SubscriptionRequest {
  readonly topicFilter: string;
  readonly qos: Qos;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  /** 0 always, 1 only for a new subscription, 2 never. */
  readonly retainHandling: 0 | 1 | 2;
}

export interface Subscribe {
  readonly type: "subscribe";
  readonly packetId: number;
  /** At least one. */
  readonly subscriptions: readonly SubscriptionRequest[];
  readonly properties?: Properties;
}

export interface Suback {
  readonly type: "suback";
  readonly packetId: number;
  /** One for each Topic Filter, in order; before 5.0 a Return Code: 0, 1, 2 or 0x80. */
  readonly reasonCodes: readonly number[];
  readonly properties?: Properties;
}

export interface Unsubscribe {
  readonly type: "unsubscribe";
  readonly packetId: number;
  /** At least one. */
  readonly topicFilters: readonly string[];
  readonly properties?: Properties;
}

export interface Unsuback {
  readonly type: "unsuback";
  readonly packetId: number;
  /** One for each Topic Filter, in order; empty before 5.0, whose UNSUBACK has no payload. */
  readonly reasonCodes: readonly number[];
  readonly properties?: Properties;
}

export interface Pingreq {
  readonly type: "pingreq";
}

export interface Pingresp {
  readonly type: "pingresp";
}

export interface Disconnect {
  readonly type: "disconnect";
  /** 0 before 5.0. */
  readonly reasonCode: ReasonCode;
  readonly properties?: Properties;
}

/** Only in 5.0. */
export interface Auth {
  readonly type: "auth";
  readonly reasonCode: ReasonCode;
  readonly properties?: Properties;
}

/** Any MQTT Control Packet; `type` tells which. */
export type Packet =
  | Connect
  | Connack
  | Publish
  | Puback
  | Pubrec
  | Pubrel
  | Pubcomp
  | Subscribe
  | Suback
  | Unsubscribe
  | Unsuback
  | Pingreq
  | Pingresp
  | Disconnect
  | Auth;
