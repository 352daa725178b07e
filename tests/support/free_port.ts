/** Below these the system gives no port to a connection or to a listener on port 0, whatever runs beside. */
const FIRST = 10_000;
const COUNT = 20_000;
const HOSTNAME = "127.0.0.1";

/**
 * A port that nobody listens at just now. It is one of twenty thousand by chance, not one that the system chooses: of those it may give the
 * same to somebody else's connection before it is used.
 */
export function freePort(): number {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    try {
      Deno.listen({ hostname: HOSTNAME, port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  throw new Error(`Cannot find a free port between ${FIRST} and ${FIRST + COUNT}`);
}
