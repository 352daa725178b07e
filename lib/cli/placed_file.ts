/** Whether anything is at the path, even a link that leads nowhere. */
export function exists(path: string): boolean {
  return ifThere(() => Deno.lstatSync(path)) !== undefined;
}

/** What is at the path, or where a link there leads; `undefined`: nothing. */
export function statIfThere(path: string): Deno.FileInfo | undefined {
  return ifThere(() => Deno.statSync(path));
}

/** Whether the permissions of a directory let its group or everybody else write there. */
export function isOpenToOthers(path: string): boolean {
  return ((statIfThere(path)?.mode ?? 0) & 0o022) !== 0;
}

/** Removes a file, if there is one. */
export function removeIfThere(path: string): void {
  ifThere(() => Deno.removeSync(path));
}

/** Writes a file in one step: it is never there in part, and a secret is never readable for others. */
export function placeFile(path: string, text: string, mode: number): void {
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    Deno.writeTextFileSync(temporary, text, { createNew: true, mode });
    Deno.renameSync(temporary, path);
  } catch (error) {
    removeIfThere(temporary);
    throw error;
  }
}

/** The result of an act on a path; `undefined`: nothing is there. */
function ifThere<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return undefined;
    }
    throw error;
  }
}
