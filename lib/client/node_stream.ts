import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from "node:tls";
import type { ClientTls, Place } from "./place.ts";
import { SocketStream } from "./socket_stream.ts";
import { connectThrough } from "./socks.ts";
import type { ClientStream } from "./stream.ts";

/** What Deno says of a certificate that is an authority's own and is used by a server: as `openssl req -x509` makes it. */
const CA_AS_SERVER = "CaUsedAsEndEntity";

/** Whether a connection failed for the one reason that Node's sockets know a way around. */
export function isSelfSigned(error: unknown): boolean {
  return error instanceof Error && error.message.includes(CA_AS_SERVER);
}

/**
 * Opens a stream by Node's sockets, which can do what Deno's cannot: choose the local address, speak 1.3 alone, send our certificate
 * to a server of another name, and take a certificate that is its own authority, where it is one of `caCerts`. Its signature,
 * dates and name are checked as those of any other, except with `trustsAnyone`. Where `caCerts` are there, nobody else is trusted.
 * Rejects with the error of the system.
 */
export async function openByNode(
  place: Place,
  alpnProtocols: readonly string[],
  signal: AbortSignal,
): Promise<ClientStream> {
  const socket = await openSocket(place, signal);
  if (place.tls === undefined) return new SocketStream(socket);
  const options = optionsOf(place, place.tls);
  const secured = connectTls({ ...options, socket, ALPNProtocols: [...alpnProtocols] });
  return new SocketStream(await opened(secured, "secureConnect", signal));
}

/** Connects to the place, or to the proxy that leads there. */
async function openSocket(place: Place, signal: AbortSignal): Promise<Socket> {
  const { hostname, port, unixPath, localAddress, proxy } = place;
  const to = proxy ?? { hostname, port };
  const connecting = unixPath !== undefined ? connectTcp(unixPath) : connectTcp({
    host: to.hostname,
    port: to.port,
    ...localAddress === undefined ? {} : { localAddress },
  });
  const socket = await opened(connecting, "connect", signal);
  if (proxy === undefined) return socket;
  const stream = new SocketStream(socket);
  try {
    await connectThrough(stream, proxy, { hostname, port });
    stream.release();
    return socket;
  } catch (error) {
    stream.close();
    throw error;
  }
}

function optionsOf({ hostname }: Place, tls: ClientTls): ConnectionOptions {
  const { caCerts, cert, key, insecure = false, trustsAnyone = false, minVersion } = tls;
  const serverName = tls.serverName ?? hostname;
  return {
    host: serverName,
    // An address is no name that could be asked for.
    ...isAddress(serverName) ? {} : { servername: serverName },
    ...caCerts === undefined ? {} : { ca: [...caCerts] },
    ...cert === undefined ? {} : { cert },
    ...key === undefined ? {} : { key },
    ...minVersion === undefined ? {} : { minVersion },
    ...insecure || trustsAnyone ? { checkServerIdentity: () => undefined } : {},
    ...trustsAnyone ? { rejectUnauthorized: false } : {},
  };
}

/** Waits until the socket says that it is open; one that fails or is cancelled is destroyed. */
async function opened<Kind extends Socket | TLSSocket>(
  socket: Kind,
  event: "connect" | "secureConnect",
  signal: AbortSignal,
): Promise<Kind> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fail = (error: Error) =>
    reject(
      event === "connect" ? error : new Error(`invalid peer certificate: ${error.message}`),
    );
  const close = () => reject(new Deno.errors.UnexpectedEof("The connection was closed"));
  const abort = () => void socket.destroy();
  socket.once(event, resolve);
  socket.once("error", fail);
  socket.once("close", close);
  signal.addEventListener("abort", abort);
  try {
    if (signal.aborted) abort();
    await promise;
    socket.removeListener("error", fail);
    socket.removeListener("close", close);
    return socket;
  } catch (error) {
    socket.on("error", () => {}); // A second one must not end the process.
    socket.destroy();
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function isAddress(name: string): boolean {
  return name.includes(":") || /^[0-9.]+$/.test(name);
}
