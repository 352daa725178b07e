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

function orThrow<T extends object>(opened: T | readonly string[]): T {
  if (Array.isArray(opened)) throw new TypeError(opened.join("\n"));
  return opened as T;
}
