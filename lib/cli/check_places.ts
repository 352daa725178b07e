import { type Config, type ListenerConfig, problemAt } from "../config/mod.ts";
import { DATABASE_NAME } from "../store/mod.ts";
import { messageOf } from "./output.ts";
import { statIfThere } from "./placed_file.ts";

/** Places where the broker could not write or listen, each as `FILE:LINE: option: message`. */
export function placeProblems(config: Config): readonly string[] {
  return [
    ...config.listeners.flatMap((listener) => listenerProblems(listener)),
    ...config.log.destinations.flatMap((destination) =>
      destination.type === "file" ? fileProblems(config, "log_dest", destination.path) : []
    ),
    ...config.pidFile === "" ? [] : fileProblems(config, "pid_file", config.pidFile),
    ...config.persistence ? storeProblems(config) : [],
  ];
}

/** Tries the address with another port, since the broker may be running at its own. */
function listenerProblems({ address, path, origin }: ListenerConfig): readonly string[] {
  if (path !== "") {
    return told(origin, "listener", `Cannot listen at ${path}`, () => tryWrite(path));
  }
  if (address === "") return [];
  const problems = told(origin, "listener", `Cannot listen at ${address}`, () => {
    Deno.listen({ hostname: address, port: 0 }).close();
  });
  return problems.map((problem) => `${problem}; an interface is named by its address here`);
}

function fileProblems(config: Config, option: string, path: string): readonly string[] {
  return told(originOf(config, option), option, `Cannot write ${path}`, () => tryWrite(path));
}

function storeProblems(config: Config): readonly string[] {
  const { persistenceLocation: directory } = config;
  const option = "persistence_location";
  return told(originOf(config, option), option, `Cannot write ${directory}`, () => {
    if (statIfThere(directory) === undefined) return tryMakeDirectory(directory);
    tryWrite(`${directory}/${DATABASE_NAME}`);
  });
}

/** Throws if the file cannot be opened for writing. Creates no file. */
function tryWrite(path: string): void {
  const there = statIfThere(path);
  if (there !== undefined) {
    // The broker replaces a socket instead of writing to it.
    if (!there.isSocket) Deno.openSync(path, { append: true }).close();
    return;
  }
  const probe = `${parentOf(path)}/.flux-mqtt-check-${crypto.randomUUID()}`;
  Deno.openSync(probe, { write: true, createNew: true }).close();
  Deno.removeSync(probe);
}

/** Throws if the directory, or one above it, cannot be made. */
function tryMakeDirectory(path: string): void {
  const parent = parentOf(path);
  if (parent !== path && statIfThere(parent) === undefined) return tryMakeDirectory(parent);
  tryWrite(`${parent}/flux-mqtt`);
}

function parentOf(path: string): string {
  const parent = path.replace(/\/+$/, "").replace(/\/*[^/]+$/, "");
  return parent !== "" ? parent : path.startsWith("/") ? "/" : ".";
}

function originOf({ settings }: Config, name: string): string {
  return settings.find(({ option }) => option.name === name)?.origin ?? name;
}

function told(origin: string, option: string, act: string, attempt: () => void): readonly string[] {
  try {
    attempt();
    return [];
  } catch (error) {
    // The error names the file of the attempt, which means nothing to the user.
    const reason = messageOf(error).replace(/: \w+ '[^']*'$/, "");
    return [problemAt(origin, option, `${act}: ${reason}`)];
  }
}
