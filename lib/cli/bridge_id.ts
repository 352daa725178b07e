import { hostname } from "../net/mod.ts";
import type { Config } from "../config/mod.ts";

/** This broker's id among others. It stays the same over restarts, and differs for a second broker on this machine. */
export function bridgeIdOf({ listeners, persistenceLocation }: Config): string {
  const parts = [hostname(), persistenceLocation, ...listeners.map(({ options }) => options.name)];
  const text = parts.join("\n");
  return hashOf(text, 0x811c9dc5) + hashOf(text, 0x1234_5678);
}

/** FNV-1a, as eight hexadecimal digits. */
function hashOf(text: string, seed: number): string {
  let hash = seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
