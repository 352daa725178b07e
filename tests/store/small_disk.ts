import { RESERVE_BYTES, RESERVE_NAME } from "../../lib/store/reserve.ts";

/** Waits until a store in the directory has its reserve, which it makes when nobody waits for it. */
export async function untilReserved(directory: string): Promise<void> {
  for (;;) {
    const { size } = await Deno.stat(`${directory}/${RESERVE_NAME}`).catch(() => ({ size: 0 }));
    if (size === RESERVE_BYTES) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A file system of its own, of few bytes, that can be filled and made read-only: it takes root, and Linux. */
export class SmallDisk {
  private constructor(readonly path: string) {}

  /** `undefined` where nothing can be mounted; the reason is printed. */
  static async mount(sizeKilobytes: number): Promise<SmallDisk | undefined> {
    const path = await Deno.makeTempDir({ prefix: "flux-disk-" });
    const options = `size=${sizeKilobytes}k`;
    const { isDone, said } = await run("mount", "-t", "tmpfs", "-o", options, "tmpfs", path);
    if (isDone) return new SmallDisk(path);
    await Deno.remove(path);
    // deno-lint-ignore no-console -- whoever reads the test's result should know
    console.log(`Skipped: cannot mount a small disk: ${said.trim()}`);
    return undefined;
  }

  /** One of a kind that can break: ext4 in a file, which is read-only for good once it has met an error of its own. */
  static async mountBreakable(sizeKilobytes: number): Promise<SmallDisk | undefined> {
    const path = await Deno.makeTempDir({ prefix: "flux-disk-" });
    const image = `${path}.img`;
    Deno.writeFileSync(image, new Uint8Array(sizeKilobytes * 1024));
    const made = await run("mkfs.ext4", "-q", image);
    const mounted = made.isDone
      ? await run("mount", "-o", "loop,errors=remount-ro", image, path)
      : made;
    // The mount has it open.
    await Deno.remove(image);
    if (mounted.isDone) return new SmallDisk(path);
    await Deno.remove(path);
    // deno-lint-ignore no-console -- whoever reads the test's result should know
    console.log(`Skipped: cannot mount a disk that can break: ${mounted.said.trim()}`);
    return undefined;
  }

  /** The operating system finds a fault in it, and writes nothing to it any more. */
  async breakDown(): Promise<void> {
    const { said } = await run("findmnt", "-no", "SOURCE", this.path);
    const device = said.trim().replace("/dev/", "");
    await Deno.writeTextFile(`/sys/fs/ext4/${device}/trigger_fs_error`, "1");
  }

  /** Nobody may change these files, nor whoever has them open already; or everybody may again. */
  async protect(isProtected: boolean, ...names: readonly string[]): Promise<void> {
    const paths = names.map((name) => `${this.path}/${name}`);
    const { isDone, said } = await run("chattr", isProtected ? "+i" : "-i", ...paths);
    if (!isDone) throw new Error(said);
  }

  /** Fills it to the last byte. */
  fill(): void {
    const block = new Uint8Array(4096);
    using file = Deno.openSync(`${this.path}/filler`, { create: true, append: true });
    try {
      for (;;) file.writeSync(block);
    } catch {
      // It is full.
    }
  }

  /** Makes room again. */
  async empty(): Promise<void> {
    await Deno.remove(`${this.path}/filler`);
  }

  /** `ro`: nobody may write to it; `rw`: again. */
  async remount(mode: "ro" | "rw"): Promise<void> {
    const { isDone, said } = await run("mount", "-o", `remount,${mode}`, this.path);
    if (!isDone) throw new Error(said);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run("umount", this.path);
    await Deno.remove(this.path, { recursive: true });
  }
}

async function run(command: string, ...args: string[]): Promise<{ isDone: boolean; said: string }> {
  try {
    const { success, stdout, stderr } = await new Deno.Command(command, { args }).output();
    return { isDone: success, said: new TextDecoder().decode(success ? stdout : stderr) };
  } catch (error) {
    return { isDone: false, said: String(error) };
  }
}
