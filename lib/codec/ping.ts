import type { Pingreq, Pingresp } from "./packet.ts";
import type { Reader } from "./reader.ts";

/** PINGREQ and PINGRESP have no body: their two bytes are all. */
export function decodePing<Type extends (Pingreq | Pingresp)["type"]>(
  type: Type,
  reader: Reader,
): { readonly type: Type } {
  reader.finish();
  return { type };
}
