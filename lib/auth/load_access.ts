import type { HttpAccess, HttpAccessInit } from "./http/http_access.ts";
import type { JwtAccess, JwtAccessInit } from "./jwt/jwt_access.ts";

/**
 * Opens access control by tokens; or tells what is wrong with its files: `FILE: message`. What it needs is loaded only now: a
 * broker without it starts sooner.
 */
export async function openJwtAccess(init: JwtAccessInit): Promise<JwtAccess | readonly string[]> {
  const { JwtAccess } = await import("./jwt/jwt_access.ts");
  return JwtAccess.open(init);
}

/** Opens access control by a service over HTTP, in the same way. */
export async function openHttpAccess(
  init: HttpAccessInit,
): Promise<HttpAccess | readonly string[]> {
  const { HttpAccess } = await import("./http/http_access.ts");
  return HttpAccess.open(init);
}
