/** Owner and group may connect, if the directory allows it. */
const SOCKET_MODE = 0o660;

/**
 * Listens on a Unix socket. An existing socket is assumed to be left over from an earlier broker, and replaced. Anything else at the path
 * stays, and this throws `AlreadyExists`.
 */
export function listenUnix(path: string): Deno.UnixListener {
  prepareSocket(path);
  const listener = Deno.listen({ transport: "unix", path });
  try {
    openSocket(path);
  } catch (error) {
    listener.close();
    throw error;
  }
  return listener;
}

/** Sets the mode of the socket, after it is bound. */
export function openSocket(path: string): void {
  Deno.chmodSync(path, SOCKET_MODE);
}

/** Removes the socket of a listener that is closed. */
export function removeSocket(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // It has been removed already.
  }
}

/** Removes a leftover socket before another is bound. Throws `AlreadyExists` if it is anything else. */
export function prepareSocket(path: string): void {
  let info: Deno.FileInfo;
  try {
    info = Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  if (!info.isSocket) throw new Deno.errors.AlreadyExists(`${path} is there and no socket`);
  Deno.removeSync(path);
}
