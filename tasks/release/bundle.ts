/**
 * Makes a handful of modules of some two hundred: loading those one by one is half of what the executable's start takes beyond Deno's
 * own.
 *
 * `deno bundle` does it, with esbuild, which Deno downloads from npm for the machine that compiles; nothing of it comes into the
 * executable. What is loaded late stays a file of its own. Nothing is made shorter: the stack of a fault is to be readable.
 *
 * @module
 */
import { ROOT, runDeno } from "./run_deno.ts";

/** What `deno compile` is to take. */
export interface Bundle {
  /** The main module, and behind it the Workers': bundled, or the sources themselves. */
  readonly program: readonly string[];
  /** Deno's configuration for it. */
  readonly config: string;
  /** Why there is no bundle; `""`: there is one. */
  readonly warning: string;
}

/** Bundles `main` and `workers`, paths below the repository, into `folder`, which is empty. `isChecked`: whether types are checked. */
export async function bundle(
  main: string,
  workers: readonly string[],
  folder: string,
  isChecked = true,
): Promise<Bundle> {
  const sources = [main, ...workers];
  const flags = ["--quiet", "--code-splitting", ...isChecked ? ["--check"] : []];
  const { isDone, output } = await runDeno(
    ["bundle", ...flags, "--outdir", folder, ...sources],
    Deno.env.toObject(),
  );
  if (!isDone) return { program: sources, config: "deno.json", warning: explain(output) };
  await nameWorkers(workers, folder);
  const config = `${folder}/deno.json`;
  await writeConfig(config);
  const program = sources.map((source) => `${folder}/${bundledName(source)}`);
  return { program, config, warning: "" };
}

/** What the program itself needs of the configuration. Beside the program, so that no other directory comes into the executable. */
async function writeConfig(path: string): Promise<void> {
  const { unstable } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  await Deno.writeTextFile(path, JSON.stringify({ unstable, lock: false }));
}

/** A Worker is named relative to the file that starts it: that lies in `folder` itself now, and the Worker as deep as it was. */
async function nameWorkers(workers: readonly string[], folder: string): Promise<void> {
  const missing = new Set(workers);
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (!isFile) continue;
    let text = await Deno.readTextFile(`${folder}/${name}`);
    for (const worker of workers) {
      const before = `"./${worker.slice(worker.lastIndexOf("/") + 1)}"`;
      if (!text.includes(before)) continue;
      text = text.replaceAll(before, `"./${bundledName(worker)}"`);
      missing.delete(worker);
    }
    await Deno.writeTextFile(`${folder}/${name}`, text);
  }
  if (missing.size > 0) throw new Error(`Nothing in the bundle starts ${[...missing].join(", ")}`);
}

function bundledName(source: string): string {
  return source.replace(/\.ts$/, ".js");
}

function explain(output: string): string {
  const [reason = "error: deno bundle failed"] = /^error.*$/m.exec(output) ?? [];
  return `Not bundled, so it will start later (${reason.slice("error: ".length)})\n` +
    "  Where the registry's certificate is of your own authority: DENO_TLS_CA_STORE=system\n" +
    "  Type errors are told by the next step";
}
