/** Whether anything is at the path, even a link that leads nowhere. */
export function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return false;
    }
    throw error;
  }
}

/** Writes a file in one step: it is never there in part, and a secret is never readable for others. */
export function placeFile(path: string, text: string, mode: number): void {
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    Deno.writeTextFileSync(temporary, text, { createNew: true, mode });
    Deno.renameSync(temporary, path);
  } catch (error) {
    if (exists(temporary)) Deno.removeSync(temporary);
    throw error;
  }
}
