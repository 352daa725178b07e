import type { Random } from "../support/random.ts";

/** What the disk may do. `full`: files cannot grow; `failing`: writes and syncs fail; `read-only`: as after a remount. */
export type DiskState = "sound" | "full" | "failing" | "read-only";

const BYTES: Readonly<Record<DiskState, string>> = {
  sound: "o",
  full: "f",
  failing: "e",
  "read-only": "r",
};

const SOURCE = new URL("./faulty_disk.c", import.meta.url).pathname;

/**
 * The disk of one directory, which goes bad and recovers on demand: a library in C, built here, that stands before libc's calls in the
 * broker's process (`LD_PRELOAD`). `undefined` from {@linkcode open} where there is no C compiler.
 */
export class FaultyDisk {
  readonly #modePath: string;
  /** How often the disk went bad, by state. */
  readonly turns: Record<string, number> = {};

  private constructor(readonly directory: string, readonly own: string) {
    this.#modePath = `${own}/mode`;
  }

  /** The C compiler; `undefined`: there is none. */
  static async compiler(): Promise<string | undefined> {
    try {
      await new Deno.Command("cc", { args: ["--version"], stdout: "null", stderr: "null" })
        .output();
      return "cc";
    } catch {
      return undefined;
    }
  }

  /** `directory`: of the store; `own`: an empty directory for the library. */
  static async open(directory: string, own: string): Promise<FaultyDisk | undefined> {
    const cc = await FaultyDisk.compiler();
    if (cc === undefined) return undefined;
    const args = ["-shared", "-fPIC", "-O1", "-o", `${own}/faulty_disk.so`, SOURCE, "-ldl"];
    const { success, stderr } = await new Deno.Command(cc, { args }).output();
    if (!success) throw new Error(`cc: ${new TextDecoder().decode(stderr)}`);
    const disk = new FaultyDisk(directory, own);
    disk.become("sound");
    return disk;
  }

  /** For the broker's process. */
  get environment(): Record<string, string> {
    return {
      LD_PRELOAD: `${this.own}/faulty_disk.so`,
      FAULTY_DISK: this.directory,
      FAULTY_DISK_MODE: this.#modePath,
    };
  }

  become(state: DiskState): void {
    // In place: the broker has the file in its memory.
    using file = Deno.openSync(this.#modePath, { write: true, create: true });
    file.writeSync(new TextEncoder().encode(BYTES[state]));
    this.turns[state] = (this.turns[state] ?? 0) + 1;
  }

  /** Goes bad in one way. */
  spoil(random: Random): void {
    this.become(random.pick(["full", "failing", "read-only"]));
  }
}
