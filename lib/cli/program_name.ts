import { dirname } from "node:path";

/** How whoever reads a message calls this program again: as a task of the source code, by its name, or by its path if no PATH has it. */
export function programName(): string {
  if (!Deno.build.standalone) return "deno task start";
  const path = Deno.execPath();
  const places = (Deno.env.get("PATH") ?? "").split(Deno.build.os === "windows" ? ";" : ":");
  return path.endsWith("/flux-mqtt") && places.includes(dirname(path)) ? "flux-mqtt" : path;
}
