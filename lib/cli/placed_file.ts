/** Whether something stands at the path, a link that leads nowhere among it. */
export function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Writes a file in one step: never is there half of it, nor for a moment a secret that others can read. */
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
