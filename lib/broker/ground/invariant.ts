/**
 * A rule of the broker's own does not hold: what it keeps in memory can no longer be trusted. The process ends with it, and
 * begins anew from the store; every other error costs one delivery or one connection.
 */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
}
