/**
 * Which way a message has come, written into it: a User Property with the brokers that it has passed.
 *
 * No Local keeps a message from going back over the bridge on which it came, and nothing keeps it from coming back on a third
 * broker's. So a bridge adds the broker that a message leaves to the list: its own on the way out, the remote one on the way in. It lets
 * out nothing that has been there or was here before, and takes in nothing that was here: that would be a ring, and the message is
 * acknowledged and goes no further. Two bridges of one kind tell each other their brokers' names in CONNECT and CONNACK; a
 * remote broker that tells none is named by the bridge.
 *
 * @module
 */
import { BRIDGE_HOPS } from "../broker/mod.ts";
import { encodePublishProperties } from "../codec/mod.ts";

/** Between the names in it. */
const SEPARATOR = ",";

/** The names in a value. */
export function hopsIn(value: string): readonly string[] {
  return value === "" ? [] : value.split(SEPARATOR);
}

/** The value with one more name. */
export function withHop(value: string, hop: string): string {
  return value === "" ? hop : value + SEPARATOR + hop;
}

/** The longest list that is passed on, characters: with one name more it still is a text that a packet can contain. */
export const MAX_HOPS_LENGTH = 16_384;

/** The longest name that counts as one. */
const MAX_HOP_LENGTH = 64;

/** Whether a text can stand in a list of names. */
export function isHop(text: string): boolean {
  return text !== "" && text.length <= MAX_HOP_LENGTH && !text.includes(SEPARATOR);
}

/** What a remote broker is called that has told no name. */
export function bridgeHop(brokerId: string, bridgeName: string): string {
  // A name of a configuration may hold anything.
  return `${brokerId}/${encodeURIComponent(bridgeName)}`;
}

/** The User Property with its identifier, as it stands in a PUBLISH. */
export function encodeHops(value: string): Uint8Array {
  return encodePublishProperties({ userProperties: [[BRIDGE_HOPS, value]] });
}
