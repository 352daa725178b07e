/**
 * Which way a message has come, written into it: a User Property with the brokers that it has passed.
 *
 * No Local keeps a message from going back over the bridge on which it came, and nothing keeps it from coming back on a third
 * broker's. So a bridge that lets a message out adds its broker's name to the list, and one that finds its own broker's name in
 * a message that comes in has found a ring: the message is acknowledged and goes no further. What is retained may be
 * delivered again without its publisher being known; a message that comes in with RETAIN is marked with the bridge itself,
 * and does not go back over that one.
 *
 * @module
 */
import { encodePublishProperties } from "../codec/mod.ts";

/** The User Property's name. */
export const HOPS_NAME = "bridge-hops";
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

/** How a bridge marks what came in on it, so that it does not go out on it. */
export function bridgeHop(brokerId: string, bridgeName: string): string {
  // A name of a configuration may hold anything.
  return `${brokerId}/${encodeURIComponent(bridgeName)}`;
}

/** The User Property with its identifier, as it stands in a PUBLISH. */
export function encodeHops(value: string): Uint8Array {
  return encodePublishProperties({ userProperties: [[HOPS_NAME, value]] });
}
