import { dirname } from "node:path";
import { placeFile, removeIfThere } from "../placed_file.ts";

/** One change to the machine. Paths are those on that machine, without `--root`. */
export type Step =
  | { readonly type: "write"; readonly path: string; readonly text: string }
  | { readonly type: "remove"; readonly path: string }
  /** Lets the service's group read a file, besides its owner. */
  | { readonly type: "share"; readonly path: string }
  | { readonly type: "run"; readonly words: readonly string[] };

/** A step in words; for `run` and `share` it is the command to type. */
export function stepText(step: Step): string {
  switch (step.type) {
    case "write":
      return `write ${step.path}`;
    case "remove":
      return `remove ${step.path}`;
    case "share":
      return `chgrp ${GROUP} '${step.path}' && chmod 640 '${step.path}'`;
    case "run":
      return step.words.join(" ");
  }
}

/** The user and the group that the broker runs as. */
export const GROUP = "flux-mqtt";

/**
 * Takes steps in order below `root`; returns those that remain for somebody else: this process has no permission for them, or only the
 * machine whose files are below `root` can take them.
 */
export async function takeSteps(steps: readonly Step[], root: string): Promise<readonly Step[]> {
  const left: Step[] = [];
  for (const step of steps) {
    if (!await take(step, root)) left.push(step);
  }
  return left;
}

async function take(step: Step, root: string): Promise<boolean> {
  switch (step.type) {
    case "write": {
      const path = root + step.path;
      Deno.mkdirSync(dirname(path), { recursive: true });
      placeFile(path, step.text, 0o644);
      return true;
    }
    case "remove":
      removeIfThere(root + step.path);
      return true;
    case "share":
      return share(root + step.path, groupId(root));
    case "run":
      return root === "" && await run(step.words);
  }
}

function share(path: string, gid: number | undefined): boolean {
  if (gid === undefined) return false;
  Deno.chownSync(path, null, gid);
  Deno.chmodSync(path, 0o640);
  return true;
}

/** The id of the service's group; `undefined`: there is no such group yet. */
function groupId(root: string): number | undefined {
  try {
    const line = Deno.readTextFileSync(`${root}/etc/group`).split("\n")
      .find((line) => line.startsWith(`${GROUP}:`));
    return line === undefined ? undefined : Number(line.split(":")[2]);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Runs a program; `false`: there is no permission to. Throws if the program fails. */
async function run([command = "", ...args]: readonly string[]): Promise<boolean> {
  if (Deno.permissions.querySync({ name: "run", command }).state !== "granted") return false;
  const { success, stderr } = await new Deno.Command(command, { args, stdin: "null" }).output();
  if (success) return true;
  const reason = new TextDecoder().decode(stderr).trim();
  throw new Error(`Cannot run ${[command, ...args].join(" ")}: ${reason}`);
}
