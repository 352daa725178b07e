/** Links that the system itself provides to the files that the process has open. */
const OWN_STREAMS: readonly string[] = ["/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/self/fd/"];

/**
 * Opens a file to append to it, and creates it if it does not exist. A symbolic link as the last part of the path is refused: whoever may
 * write to the directory could point it at any file that the broker may write. (The system's flag for this is O_NOFOLLOW; Deno does not
 * offer it.) Throws if the path is a link, or if the opened file is no longer the one at the path.
 */
export function openPlainFile(path: string, mode: number): Deno.FsFile {
  const isOwnStream = OWN_STREAMS.some((stream) => path.startsWith(stream));
  if (!isOwnStream) refuseLink(path, lstat(path));
  const file = Deno.openSync(path, { append: true, create: true, mode });
  if (isOwnStream) return file;
  try {
    // A link may have been put there since the first check: then the opened file is not the one at the path. Nothing has been written yet.
    const there = Deno.lstatSync(path);
    refuseLink(path, there);
    const opened = file.statSync();
    if (there.ino !== opened.ino || there.dev !== opened.dev) {
      throw new Error(`${path} was replaced while it was opened`);
    }
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

function lstat(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function refuseLink(path: string, info: Deno.FileInfo | undefined): void {
  if (info?.isSymlink !== true) return;
  throw new Error(`${path} is a symbolic link, which is not followed; name the file itself`);
}
