import { connectionError } from "./connection_error.ts";
import { type ClientTls, nameOfPlace, type Place } from "./place.ts";
import { ClientError } from "./protocol/client_error.ts";
import { type ClientStream, tryClose } from "./stream.ts";

/** Opens a stream to a broker; throws a `ClientError` that says which part of it failed. */
export async function open(
  place: Place,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<ClientStream> {
  const late = Promise.withResolvers<never>();
  const aborter = new AbortController();
  const where = nameOfPlace(place);
  const giveUp = (kind: "timeout" | "closed", message: string) => {
    late.reject(new ClientError(kind, message));
    aborter.abort();
  };
  const timer = setTimeout(() => {
    giveUp("timeout", `Cannot connect to ${where}: no answer within ${timeoutMs} ms`);
  }, timeoutMs);
  const stop = () => giveUp("closed", "The client was closed");
  signal?.addEventListener("abort", stop);
  try {
    return await Promise.race([openStream(place, aborter.signal), late.promise]);
  } catch (error) {
    throw error instanceof ClientError ? error : connectionError(error, where);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

async function openStream(place: Place, signal: AbortSignal): Promise<ClientStream> {
  const { tls, webSocket } = place;
  const stream = tls === undefined
    ? await openPlain(place, signal)
    : await openTls(place, tls, signal);
  if (webSocket === undefined) return stream;
  try {
    // It is rarely needed, and a command starts faster without it.
    const { openWebSocket } = await import("./web_socket_client.ts");
    return await openWebSocket(stream, place, webSocket);
  } catch (error) {
    tryClose(stream);
    throw error;
  }
}

async function openPlain(place: Place, signal: AbortSignal): Promise<ClientStream> {
  if (needsNode(place)) return await openNode(place, [], signal);
  const { hostname, port, unixPath } = place;
  if (unixPath !== undefined) {
    return await closeIfLate(Deno.connect({ transport: "unix", path: unixPath }), signal);
  }
  const conn = await closeIfLate(Deno.connect({ hostname, port, signal }), signal);
  conn.setNoDelay(true);
  return conn;
}

async function openTls(place: Place, tls: ClientTls, signal: AbortSignal): Promise<ClientStream> {
  const protocols = protocolsOf(place, tls);
  if (needsNode(place)) return await openNode(place, protocols, signal);
  try {
    return await openVerified(place, tls, signal);
  } catch (error) {
    if (tls.caCerts === undefined) throw error;
    const { isSelfSigned } = await import("./node_stream.ts");
    if (!isSelfSigned(error)) throw error;
    return await openNode(place, protocols, signal);
  }
}

/** Whether the place asks for what Deno's own sockets cannot do. */
function needsNode({ localAddress, proxy, tls, unixPath, hostname }: Place): boolean {
  if (localAddress !== undefined || proxy !== undefined) return true;
  if (tls === undefined) return false;
  const { trustsAnyone = false, minVersion = "TLSv1.2", serverName = hostname, cert } = tls;
  const isElsewhere = serverName !== hostname || unixPath !== undefined;
  return trustsAnyone || minVersion !== "TLSv1.2" || isElsewhere && cert !== undefined;
}

/** Few need Node's sockets, and they take a while to load. */
async function openNode(
  place: Place,
  alpnProtocols: readonly string[],
  signal: AbortSignal,
): Promise<ClientStream> {
  const { openByNode } = await import("./node_stream.ts");
  return await closeIfLate(openByNode(place, alpnProtocols, signal), signal);
}

function protocolsOf({ webSocket }: Place, { alpnProtocols }: ClientTls): readonly string[] {
  return alpnProtocols ?? [webSocket === undefined ? "mqtt" : "http/1.1"];
}

/** Deno cannot cancel a TLS connection that is being made: one that comes too late is closed when it comes. */
async function openVerified(
  place: Place,
  tls: ClientTls,
  signal: AbortSignal,
): Promise<ClientStream> {
  const conn = await closeIfLate(connectTls(place, tls, signal), signal);
  try {
    await conn.handshake();
    return conn;
  } catch (error) {
    tryClose(conn);
    throw error;
  }
}

async function connectTls(
  place: Place,
  tls: ClientTls,
  signal: AbortSignal,
): Promise<Deno.TlsConn> {
  const { hostname, port } = place;
  const { caCerts, cert, key, insecure = false, serverName } = tls;
  const options = {
    alpnProtocols: [...protocolsOf(place, tls)],
    unsafelyDisableHostnameVerification: insecure,
    ...caCerts === undefined ? {} : { caCerts: [...caCerts] },
  };
  if (serverName === undefined && place.unixPath === undefined) {
    return await Deno.connectTls({
      hostname,
      port,
      ...options,
      ...cert === undefined || key === undefined ? {} : { cert, key },
    });
  }
  const conn = await openPlain(place, signal);
  return await Deno.startTls(conn as Deno.TcpConn, {
    ...options,
    hostname: serverName ?? hostname,
  });
}

/** A connection that comes after the attempt was given up is closed, and so is one that is cancelled later. */
async function closeIfLate<Conn extends { close(): void }>(
  connecting: Promise<Conn>,
  signal: AbortSignal,
): Promise<Conn> {
  const conn = await connecting;
  if (signal.aborted) {
    tryClose(conn);
    signal.throwIfAborted();
  }
  signal.addEventListener("abort", () => tryClose(conn), { once: true });
  return conn;
}
