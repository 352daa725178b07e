import { NatsError } from "./error.ts";
import { nameOfPlace, type NatsPlace } from "./place.ts";
import { type NatsTls, type PlainStream, reasonOf } from "./stream.ts";

/** Opens a connection. Throws `NatsError` where nobody is there within `timeoutMs`. */
export async function openPlain(
  place: NatsPlace,
  tls: NatsTls,
  timeoutMs: number,
): Promise<PlainStream> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    if (tls.own === undefined) return await openDeno(place, signal);
    // `Deno.startTls` has no certificate of ours.
    const { NodeStream } = await import("./node_stream.ts");
    return await NodeStream.open(place, signal);
  } catch (error) {
    const reason = signal.aborted ? "no answer in time" : reasonOf(error);
    throw new NatsError("closed", `Cannot connect to ${nameOfPlace(place)}: ${reason}`);
  }
}

async function openDeno({ hostname, port }: NatsPlace, signal: AbortSignal): Promise<PlainStream> {
  const conn = await Deno.connect({ hostname, port, signal });
  conn.setNoDelay(true);
  return {
    read: (into) => conn.read(into),
    write: (bytes) => conn.write(bytes),
    close: () => conn.close(),
    secure: async ({ hostname }, { caCerts }, signal) => {
      const secured = await Deno.startTls(conn, { hostname, caCerts: [...caCerts] });
      const end = () => secured.close();
      signal.addEventListener("abort", end);
      try {
        await secured.handshake();
      } catch (error) {
        if (!signal.aborted) secured.close();
        throw error;
      } finally {
        signal.removeEventListener("abort", end);
      }
      return secured;
    },
  };
}
