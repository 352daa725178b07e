/** Whether these programs are in the PATH. If not, prints once which are missing and what is skipped. */
export function hasPrograms(what: string, ...programs: readonly string[]): boolean {
  const missing = programs.filter((program) => !isInPath(program));
  if (missing.length === 0) return true;
  // deno-lint-ignore no-console -- whoever reads the results is to know
  console.log(`Skipped: ${what}: ${missing.join(" and ")}: not in the PATH`);
  return false;
}

function isInPath(program: string): boolean {
  const folders = (Deno.env.get("PATH") ?? "").split(Deno.build.os === "windows" ? ";" : ":");
  return folders.some((folder) => {
    try {
      return folder !== "" && Deno.statSync(`${folder}/${program}`).isFile;
    } catch {
      return false; // Missing or not readable, so it cannot be started.
    }
  });
}
