import type { ListenerView } from "./context.ts";

/** How long a reading stays valid, milliseconds. */
const MAX_AGE_MS = 60_000;

/** Reads when the listeners' certificates expire, from their files, which are what clients see. */
export class CertificateEnds {
  readonly #listeners: readonly ListenerView[];
  #readMs = -Infinity;
  #ends: ReadonlyMap<string, number> = new Map();

  constructor(listeners: readonly ListenerView[]) {
    this.#listeners = listeners.filter(({ certfile }) => certfile !== "");
  }

  /** Resolves to seconds since 1970 by listener name, without listeners whose file cannot be read. */
  async read(nowMs: number): Promise<ReadonlyMap<string, number>> {
    if (this.#listeners.length === 0 || nowMs - this.#readMs < MAX_AGE_MS) return this.#ends;
    this.#readMs = nowMs;
    const ends = new Map<string, number>();
    for (const { name, certfile } of this.#listeners) {
      const endMs = await endOf(certfile);
      if (endMs !== undefined) ends.set(name, endMs / 1000);
    }
    return this.#ends = ends;
  }
}

/** The first certificate of the file is the server's own. */
async function endOf(path: string): Promise<number | undefined> {
  // Only brokers with TLS load cryptography, which takes 4 MB.
  const { X509Certificate } = await import("node:crypto");
  try {
    const endMs = Date.parse(new X509Certificate(await Deno.readTextFile(path)).validTo);
    return Number.isFinite(endMs) ? endMs : undefined;
  } catch {
    return undefined;
  }
}
