/** Links that the system itself makes, to what the process has open. */
const OWN_STREAMS: readonly string[] = ["/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/self/fd/"];

/**
 * Opens a file to write to its end, and makes it where there is none, but does not follow a symbolic link in its last part: who may
 * write in the directory could lead it to any file of the broker's, and have that overwritten. (O_NOFOLLOW, which Deno has no
 * word for and does not keep to.) Throws where the path is a link, or what is opened is no longer what stands there.
 */
export function openPlainFile(path: string, mode: number): Deno.FsFile {
  const isOwnStream = OWN_STREAMS.some((stream) => path.startsWith(stream));
  if (!isOwnStream) refuseLink(path, lstat(path));
  const file = Deno.openSync(path, { append: true, create: true, mode });
  if (isOwnStream) return file;
  try {
    // It may have been put there in between: then another file is open than stands there. Nothing was written yet.
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
