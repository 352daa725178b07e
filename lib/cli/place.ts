import type { ListenerConfig } from "../config/mod.ts";

/** A listener's place for error messages: `port 1883 (mosquitto.conf:4)`. */
export function placeOf({ port, path, origin }: ListenerConfig): string {
  return `${path === "" ? `port ${port}` : path} (${origin})`;
}
