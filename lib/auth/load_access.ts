import type { ControlTopic, ControlTopicInit } from "./dynamic/control_topic.ts";
import type { DynamicAccess, DynamicAccessInit } from "./dynamic/dynamic_access.ts";
import type { HttpAccess, HttpAccessInit } from "./http/http_access.ts";
import type { JwtAccess, JwtAccessInit } from "./jwt/jwt_access.ts";

/**
 * Opens access control by tokens; rejects with a `TypeError` that says what is wrong with its files, a line each: `FILE: message`. What it
 * needs is loaded only now: a broker without it starts sooner.
 */
export async function openJwtAccess(init: JwtAccessInit): Promise<JwtAccess> {
  const { JwtAccess } = await import("./jwt/jwt_access.ts");
  return orThrow(await JwtAccess.open(init));
}

/** Opens access control by a service over HTTP, in the same way. */
export async function openHttpAccess(init: HttpAccessInit): Promise<HttpAccess> {
  const { HttpAccess } = await import("./http/http_access.ts");
  return orThrow(HttpAccess.open(init));
}

/** Opens access control by a file of mosquitto's dynamic security plugin, in the same way. */
export async function openDynamicAccess(init: DynamicAccessInit): Promise<DynamicAccess> {
  const { DynamicAccess } = await import("./dynamic/dynamic_access.ts");
  return orThrow(DynamicAccess.open(init));
}

/** Begins to take commands for that file from its topic. */
export async function openControlTopic(init: ControlTopicInit): Promise<ControlTopic> {
  const { ControlTopic } = await import("./dynamic/control_topic.ts");
  return new ControlTopic(init);
}

function orThrow<T extends object>(opened: T | readonly string[]): T {
  if (Array.isArray(opened)) throw new TypeError(opened.join("\n"));
  return opened as T;
}
