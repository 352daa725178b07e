/** Owner and group may connect; the directory's rights come before. */
const SOCKET_MODE = 0o660;

/**
 * Listens on a Unix socket. One that is there already is taken for what a broker left behind, and replaced; anything else at
 * that path stays: then this throws `AlreadyExists`.
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

/** Lets in whom the mode allows: after the socket is bound. */
export function openSocket(path: string): void {
  Deno.chmodSync(path, SOCKET_MODE);
}

/** Removes the socket of a listener that is closed. */
export function removeSocket(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // Somebody removed it already.
  }
}

/** Removes a socket that was left behind: before another is bound. Throws `AlreadyExists` where it is anything else. */
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
