import { dirname } from "node:path";

/** What a Worker and its database need, and some more: a connection may be accepted at the same moment. */
const COUNT = 14;
/** As many connections come in while a Worker loads its modules, at most. To look for more makes the system's table grow, which takes time. */
const PLENTY = 500;

/**
 * File descriptors for somebody who comes later. Connections may have taken all others by then, and Deno ends the process where
 * it has none for a Worker.
 */
export class SpareDescriptors {
  readonly #directory: string;
  readonly #files: Deno.FsFile[];

  /** Opens the directory of this file, as often as it can be. */
  constructor(path: string) {
    this.#directory = dirname(path);
    this.#files = this.#open(COUNT);
  }

  /** Closes them all; again: nothing. */
  release(): void {
    for (const file of this.#files.splice(0)) file.close();
  }

  /** Whether there are so few that they could be gone before long. */
  areScarce(): boolean {
    const files = this.#open(PLENTY);
    for (const file of files) file.close();
    return Deno.build.os !== "windows" && files.length < PLENTY;
  }

  #open(count: number): Deno.FsFile[] {
    const files: Deno.FsFile[] = [];
    // There a directory cannot be opened, and descriptors do not run out.
    if (Deno.build.os === "windows") return files;
    try {
      while (files.length < count) files.push(Deno.openSync(this.#directory));
    } catch {
      // There are no more.
    }
    return files;
  }
}
