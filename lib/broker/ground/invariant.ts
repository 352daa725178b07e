/**
 * An internal rule of the broker is broken, so its state in memory can no longer be trusted. The error ends the process, which
 * starts again from the store; every other error costs one delivery or one connection.
 */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
}
