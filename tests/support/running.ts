/** The environment variable with the path of the directory in which each file of tests that runs has a file. Unset: nothing is noted. */
export const RUNNING = "FLUX_MQTT_RUNNING";

/** Notes that this file of tests has begun, and takes the note away when it has ended. */
export function noteRunning(): void {
  const directory = Deno.env.get(RUNNING) ?? "";
  if (directory === "") return;
  const path = `${directory}/${crypto.randomUUID()}`;
  Deno.writeTextFileSync(path, Deno.mainModule);
  globalThis.addEventListener("unload", () => Deno.removeSync(path));
}

/** The files of tests that have begun and not ended, by the notes in a directory. */
export function stillRunning(directory: string): string[] {
  return [...Deno.readDirSync(directory)]
    .map(({ name }) => Deno.readTextFileSync(`${directory}/${name}`))
    .toSorted();
}
