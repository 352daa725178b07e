/** As many as a Worker and its database need, and some more, since a connection may be accepted at the same moment. */
const COUNT = 14;
/** The most connections that come in while a Worker loads its modules. To try for more makes the system's table grow, which takes time. */
const PLENTY = 500;

/**
 * File descriptors that are reserved for a Worker. Connections may have taken all others by then, and Deno ends the process where it
 * has none for a Worker.
 */
export class SpareDescriptors {
  readonly #directory: string;
  readonly #files: Deno.FsFile[];

  /** Opens the directory of this file, whose path has one, as often as it can be. */
  constructor(path: string) {
    this.#directory = path.slice(0, path.lastIndexOf("/"));
    this.#files = this.#open(COUNT);
  }

  /** Closes them all. A second call does nothing. */
  release(): void {
    for (const file of this.#files.splice(0)) file.close();
  }

  /** Whether there are so few that connections could soon take the last. */
  areScarce(): boolean {
    const files = this.#open(PLENTY);
    for (const file of files) file.close();
    return Deno.build.os !== "windows" && files.length < PLENTY;
  }

  #open(count: number): Deno.FsFile[] {
    const files: Deno.FsFile[] = [];
    // On Windows a directory cannot be opened, and descriptors do not run out.
    if (Deno.build.os === "windows") return files;
    try {
      while (files.length < count) files.push(Deno.openSync(this.#directory));
    } catch {
      // There are no more.
    }
    return files;
  }
}
