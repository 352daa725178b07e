import type { ReasonCode } from "./reason_code.ts";

/** Protocol Level of CONNECT: 3 is MQTT 3.1, 4 is 3.1.1, 5 is 5.0. */
export type ProtocolVersion = 3 | 4 | 5;

/** Quality of Service of an Application Message. */
export type Qos = 0 | 1 | 2;

/** A name and a value, carried unchanged and in order. */
export type UserProperty = readonly [name: string, value: string];

/**
 * The properties of MQTT 5.0 (section 2.2.2.2) under their own names. The property table says which of them a packet
 * may carry, and how often; a property that is absent is `undefined`, never a default.
 */
export interface Properties {
  /** 0 unspecified bytes, 1 UTF-8 text. */
  readonly payloadFormatIndicator?: 0 | 1;
  /** Seconds. */
  readonly messageExpiryInterval?: number;
  /** What the payload is, a MIME type by custom. */
  readonly contentType?: string;
  /** Topic Name for the answer to a request. */
  readonly responseTopic?: string;
  /** Tells the requester to which request an answer belongs. */
  readonly correlationData?: Uint8Array;
  /** 1 to 268,435,455; several only in a PUBLISH that the broker sends. */
  readonly subscriptionIdentifiers?: readonly number[];
  /** Seconds; 0xFFFFFFFF is for ever. */
  readonly sessionExpiryInterval?: number;
  /** The Client Identifier that the server chose for a client without one. */
  readonly assignedClientIdentifier?: string;
  /** Seconds. */
  readonly serverKeepAlive?: number;
  /** Name of an extended authentication, which continues in AUTH packets. */
  readonly authenticationMethod?: string;
  /** Its meaning is defined by the method; never present without a method. */
  readonly authenticationData?: Uint8Array;
  /** False: the client wants Reason Strings and User Properties only on PUBLISH, CONNACK and DISCONNECT. */
  readonly requestProblemInformation?: boolean;
  /** Seconds. */
  readonly willDelayInterval?: number;
  /** True: the client asks for Response Information. */
  readonly requestResponseInformation?: boolean;
  /** Where the client is meant to build its Response Topics. */
  readonly responseInformation?: string;
  /** Another server to use. */
  readonly serverReference?: string;
  /** For people who read logs. */
  readonly reasonString?: string;
  /** 1 to 65,535 packets. */
  readonly receiveMaximum?: number;
  /** The highest Topic Alias that the sender accepts; 0 is none. */
  readonly topicAliasMaximum?: number;
  /** 1 to 65,535: stands for the Topic Name on this connection. */
  readonly topicAlias?: number;
  /** The highest QoS that the server takes; absent is 2. */
  readonly maximumQos?: 0 | 1;
  /** False: the server keeps no retained messages. */
  readonly retainAvailable?: boolean;
  /** In the order of the packet; a name may stand several times. */
  readonly userProperties?: readonly UserProperty[];
  /** Bytes, 1 or more. */
  readonly maximumPacketSize?: number;
  /** False: the server takes no Topic Filter with wildcards. */
  readonly wildcardSubscriptionAvailable?: boolean;
  /** False: the server takes no Subscription Identifiers. */
  readonly subscriptionIdentifierAvailable?: boolean;
  /** False: the server has no Shared Subscriptions. */
  readonly sharedSubscriptionAvailable?: boolean;
}

/** What all MQTT Control Packets have. */
export interface ControlPacket<Type extends string> {
  /** Which packet this is. */
  readonly type: Type;
}

/** What may carry properties. */
export interface HasProperties {
  /** Only in 5.0, and absent where there are none. */
  readonly properties?: Properties;
}

/** Packets that always have a Packet Identifier. */
export interface HasPacketId {
  /** 1 to 65,535. */
  readonly packetId: number;
}

/** The Will of a CONNECT. */
export interface Will extends HasProperties {
  /** Without wildcards. */
  readonly topicName: string;
  /** At most 65,535 bytes. */
  readonly payload: Uint8Array;
  /** The QoS at which it is published. */
  readonly qos: Qos;
  /** Whether the server keeps it as the last message of its topic. */
  readonly retain: boolean;
}

/** The first packet of a client. */
export interface Connect extends ControlPacket<"connect">, HasProperties {
  /** The version of MQTT that the connection uses. */
  readonly protocolVersion: ProtocolVersion;
  /** Clean Session before 5.0. */
  readonly cleanStart: boolean;
  /** 0 turns the keep-alive off. */
  readonly keepAliveSeconds: number;
  /** Empty where the server is to choose one. */
  readonly clientId: string;
  /** What the server publishes when the client is gone without a DISCONNECT. */
  readonly will?: Will;
  /** Who the client says it is. */
  readonly userName?: string;
  /** Any bytes; without a user name only in 5.0. */
  readonly password?: Uint8Array;
  /** Whether bit 0x80 of the Protocol Level is set, by which a bridge of mosquitto identifies itself; only before 5.0. */
  readonly isBridge?: boolean;
}

/** The answer to a CONNECT. */
export interface Connack extends ControlPacket<"connack">, HasProperties {
  /** Whether the server goes on with a session that it had; false in 3.1. */
  readonly sessionPresent: boolean;
  /** Before 5.0 a Connect Return code, 0 to 5. */
  readonly reasonCode: number;
}

/** An Application Message, in either direction. */
export interface Publish extends ControlPacket<"publish"> {
  /** Empty where a Topic Alias stands for it (5.0). */
  readonly topicName: string;
  /** From the decoder it is a view of the read buffer: copy it to keep it longer than the turn. */
  readonly payload: Uint8Array;
  /** How surely it is to arrive. */
  readonly qos: Qos;
  /** To a server: keep it. To a client: it was kept. */
  readonly retain: boolean;
  /** Whether this may have been sent before; never with QoS 0. */
  readonly dup: boolean;
  /** 1 to 65,535; 0 with QoS 0, which has none. */
  readonly packetId: number;
  /** `undefined` before 5.0, and where there are none. */
  readonly properties: Properties | undefined;
}

/** PUBACK, PUBREC, PUBREL and PUBCOMP have one shape. */
export interface Acknowledgement<Type extends "puback" | "pubrec" | "pubrel" | "pubcomp">
  extends ControlPacket<Type>, HasPacketId, HasProperties {
  /** 0 before 5.0. */
  readonly reasonCode: ReasonCode;
}
/** The receiver of a QoS 1 PUBLISH has accepted it. */
export type Puback = Acknowledgement<"puback">;
/** The receiver of a QoS 2 PUBLISH has accepted it. */
export type Pubrec = Acknowledgement<"pubrec">;
/** The sender of a QoS 2 PUBLISH has got the PUBREC, and has discarded the message. */
export type Pubrel = Acknowledgement<"pubrel">;
/** The receiver of a PUBREL has released the Packet Identifier. */
export type Pubcomp = Acknowledgement<"pubcomp">;

/** One Topic Filter of a SUBSCRIBE with its Subscription Options. */
export interface SubscriptionRequest {
  /** With wildcards, and with $share in front for a Shared Subscription. */
  readonly topicFilter: string;
  /** The highest QoS at which the client wants messages. */
  readonly qos: Qos;
  /** No Local: whether the client does not get its own messages; false before 5.0. */
  readonly noLocal: boolean;
  /** Whether RETAIN is passed on as it was published; false before 5.0. */
  readonly retainAsPublished: boolean;
  /** 0 always, 1 only for a new subscription, 2 never. */
  readonly retainHandling: 0 | 1 | 2;
}

/** A client asks for messages. */
export interface Subscribe extends ControlPacket<"subscribe">, HasPacketId, HasProperties {
  /** At least one. */
  readonly subscriptions: readonly SubscriptionRequest[];
}

/** The answer to a SUBSCRIBE. */
export interface Suback extends ControlPacket<"suback">, HasPacketId, HasProperties {
  /** One for each Topic Filter, in order; before 5.0 a Return Code: 0, 1, 2 or 0x80. */
  readonly reasonCodes: readonly number[];
}

/** A client ends subscriptions. */
export interface Unsubscribe extends ControlPacket<"unsubscribe">, HasPacketId, HasProperties {
  /** At least one. */
  readonly topicFilters: readonly string[];
}

/** The answer to an UNSUBSCRIBE. */
export interface Unsuback extends ControlPacket<"unsuback">, HasPacketId, HasProperties {
  /** One for each Topic Filter, in order; empty before 5.0, whose UNSUBACK has no payload. */
  readonly reasonCodes: readonly number[];
}

/** A client that is still there. */
export type Pingreq = ControlPacket<"pingreq">;

/** The answer to a PINGREQ. */
export type Pingresp = ControlPacket<"pingresp">;

/** The last packet of a connection, from a client, or in 5.0 from a server too. */
export interface Disconnect extends ControlPacket<"disconnect">, HasProperties {
  /** 0 before 5.0. */
  readonly reasonCode: ReasonCode;
}

/** Only in 5.0. */
export interface Auth extends ControlPacket<"auth">, HasProperties {
  /** Success, Continue authentication or Re-authenticate. */
  readonly reasonCode: ReasonCode;
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
