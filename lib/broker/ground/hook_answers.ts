/**
 * Checks and interprets the answers of hooks. Answers come from a program, which may be written without types: for an answer that a
 * hook may not give, these functions throw a `TypeError` that says what is wrong with it.
 *
 * @module
 */
import {
  type Answer,
  decodePacket,
  encodePacket,
  mayCarry,
  type Properties,
  ReasonCode,
  reasonCodeName,
  type SubscriptionRequest,
} from "../../codec/mod.ts";
import type { Message } from "../../session/mod.ts";
import { isTopicName } from "../../topic/mod.ts";
import type { HookRefusal } from "./hooks.ts";
import { isReserved } from "./message_rules.ts";
import type { BrokerOptions } from "./options.ts";

/** The most characters that a client's mount point may have. */
const MAX_MOUNT_POINT_LENGTH = 1024;

const NO: HookRefusal = { reasonCode: ReasonCode.NotAuthorized };

const TRAVELLING: readonly string[] = [
  "payloadFormatIndicator",
  "contentType",
  "responseTopic",
  "correlationData",
  "userProperties",
] satisfies (keyof Properties)[];

/**
 * Sorts an answer: `undefined` for a plain yes, a refusal, or an object with changes. `packet` is the packet that carries a
 * refusal.
 */
function decide(
  answer: unknown,
  fields: readonly string[],
  packet: Answer,
): undefined | HookRefusal | { readonly [field: string]: unknown } {
  if (answer === undefined || answer === true) return undefined;
  if (answer === false) return NO;
  if (typeof answer !== "object" || answer === null) {
    throw new TypeError(`Cannot take ${answer === null ? "null" : typeof answer} for an answer`);
  }
  if ("reasonCode" in answer) return refusal(answer as HookRefusal, packet);
  const unknown = Object.keys(answer).find((key) => !fields.includes(key));
  if (unknown !== undefined || Object.keys(answer).length === 0) {
    throw new TypeError(
      `Cannot take an answer with ${unknown ?? "nothing"} in it: ${
        fields.join(", ")
      } or reasonCode is expected`,
    );
  }
  return answer as { readonly [field: string]: unknown };
}

function refusal({ reasonCode, reason }: HookRefusal, packet: Answer): HookRefusal {
  if (typeof reasonCode !== "number" || reasonCode < 0x80 || !mayCarry(packet, reasonCode)) {
    const name = typeof reasonCode === "number" ? reasonCodeName(reasonCode) : typeof reasonCode;
    throw new TypeError(`Cannot refuse with ${name}: ${packet.toUpperCase()} may not carry it`);
  }
  if (reason !== undefined && (typeof reason !== "string" || !reason.isWellFormed())) {
    throw new TypeError("Cannot refuse with a reason that is not a text");
  }
  return reason === undefined ? { reasonCode } : { reasonCode, reason };
}

/** Whether a verdict is a refusal. */
export function isRefusal(verdict: unknown): verdict is HookRefusal {
  return typeof verdict === "object" && verdict !== null && "reasonCode" in verdict;
}

/** The mount point that the hook gives the client, `undefined` where the hook does not change it, or a refusal. */
export function judgeConnect(
  answer: unknown,
  { maxTopicLevels }: BrokerOptions,
): HookRefusal | string | undefined {
  const decided = decide(answer, ["mountPoint"], "connack");
  if (decided === undefined || isRefusal(decided)) return decided;
  const { mountPoint } = decided;
  const isGood = typeof mountPoint === "string" && mountPoint.length <= MAX_MOUNT_POINT_LENGTH &&
    mountPoint.isWellFormed() && !mountPoint.startsWith("$") &&
    isTopicName(`${mountPoint}x`, maxTopicLevels);
  if (!isGood) throw new TypeError("Cannot use a mount point that cannot begin a Topic Name");
  return mountPoint;
}

/** The subscription with the QoS that the hook grants, or a refusal. */
export function judgeSubscribe(
  answer: unknown,
  request: SubscriptionRequest,
): HookRefusal | SubscriptionRequest {
  const decided = decide(answer, ["qos"], "suback");
  if (decided === undefined) return request;
  if (isRefusal(decided)) return decided;
  const { qos } = decided;
  if (qos !== 0 && qos !== 1 && qos !== 2) {
    throw new TypeError("Cannot grant a QoS that is not 0, 1 or 2");
  }
  if (qos > request.qos) {
    throw new TypeError(`Cannot grant QoS ${qos}: ${request.qos} was asked for`);
  }
  return { ...request, qos };
}

/** The message with the hook's changes, or a refusal. */
export function judgeMessage<Kind extends Message>(
  answer: unknown,
  message: Kind,
  options: BrokerOptions,
): HookRefusal | Kind {
  const decided = decide(answer, ["topicName", "payload", "properties"], "puback");
  if (decided === undefined) return message;
  if (isRefusal(decided)) return decided;
  const { topicName = message.topicName, payload = message.payload } = decided;
  if (typeof topicName !== "string" || !isTopicName(topicName, options.maxTopicLevels)) {
    throw new TypeError("Cannot change the topic: it is not a Topic Name");
  }
  if (topicName !== message.topicName && isReserved(topicName)) {
    throw new TypeError("Cannot change the topic: $SYS/ is the broker's own");
  }
  checkPayload(payload, options);
  const properties = "properties" in decided ? decided["properties"] : message.properties;
  return {
    ...message,
    topicName,
    payload: payload.slice(),
    properties: checkedProperties(topicName, properties, options),
  };
}

function checkPayload(
  payload: unknown,
  { messageSizeLimitBytes, maxPacketSizeBytes }: BrokerOptions,
): asserts payload is Uint8Array {
  if (!(payload instanceof Uint8Array)) {
    throw new TypeError("Cannot change the payload: it is not a Uint8Array");
  }
  const mostBytes = messageSizeLimitBytes === 0 ? maxPacketSizeBytes : messageSizeLimitBytes;
  if (payload.length > mostBytes) {
    throw new TypeError(
      `Cannot change the payload: it has ${payload.length} bytes, ${mostBytes} are allowed`,
    );
  }
}

/** Encodes the properties into a packet and decodes them again, so that properties that cannot be sent or read are found here. */
function checkedProperties(
  topicName: string,
  properties: unknown,
  { maxPacketSizeBytes }: BrokerOptions,
): Properties | undefined {
  if (properties !== undefined && (typeof properties !== "object" || properties === null)) {
    throw new TypeError("Cannot change the properties: they are not an object");
  }
  const unknown = Object.keys(properties ?? {}).find((name) => !TRAVELLING.includes(name));
  if (unknown !== undefined) throw new TypeError(`Cannot set the property ${unknown}`);
  const packet = {
    type: "publish",
    topicName,
    payload: new Uint8Array(),
    qos: 0,
    retain: false,
    dup: false,
    packetId: 0,
    properties: properties as Properties | undefined,
  } as const;
  const bytes = encodePacket(packet, 5);
  if (bytes.length > maxPacketSizeBytes) {
    throw new TypeError("Cannot change the properties: they are larger than a packet");
  }
  const decoded = decodePacket(bytes, 0, bytes.length, 5);
  const checked = decoded.type === "publish" ? decoded.properties : undefined;
  const { responseTopic } = checked ?? {};
  if (responseTopic !== undefined && !isTopicName(responseTopic)) {
    throw new TypeError("Cannot change the properties: the Response Topic is not a Topic Name");
  }
  return checked;
}
