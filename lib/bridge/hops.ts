/**
 * The path of a message, kept in a User Property with the names of the brokers that it has passed.
 *
 * No Local keeps a message from returning over the bridge by which it came, but not from returning through a third broker. So a bridge adds
 * the broker that a message leaves to the list: its own on the way out, the remote one on the way in. It does not send a message that has
 * passed the remote broker or has passed this one before, and does not accept one that has passed this broker: that would be a loop, and
 * the message is acknowledged and dropped. Two bridges of this kind exchange their brokers' names in CONNECT and CONNACK; the bridge makes
 * up a name for a remote broker that sends none.
 *
 * @module
 */
import { BRIDGE_HOPS } from "../broker/mod.ts";
import { encodePublishProperties } from "../codec/mod.ts";

/** Separates the names. */
const SEPARATOR = ",";

/** The names in the property's value. */
export function hopsIn(value: string): readonly string[] {
  return value === "" ? [] : value.split(SEPARATOR);
}

/** Adds a name to the value. */
export function withHop(value: string, hop: string): string {
  return value === "" ? hop : value + SEPARATOR + hop;
}

/** The longest list that is passed on, in characters. With one more name it is still short enough for a packet. */
export const MAX_HOPS_LENGTH = 16_384;

/** The longest valid name. */
const MAX_HOP_LENGTH = 64;

/** Whether a text is a valid name. */
export function isHop(text: string): boolean {
  return text !== "" && text.length <= MAX_HOP_LENGTH && !text.includes(SEPARATOR);
}

/** The name for a remote broker that sends none. */
export function bridgeHop(brokerId: string, bridgeName: string): string {
  // The configured name may contain any character.
  return `${brokerId}/${encodeURIComponent(bridgeName)}`;
}

/** Encodes the User Property with its identifier, as in a PUBLISH. */
export function encodeHops(value: string): Uint8Array {
  return encodePublishProperties({ userProperties: [[BRIDGE_HOPS, value]] });
}
