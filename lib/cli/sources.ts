import { hostname } from "../net/mod.ts";
import type { Arguments, ConfigSources, ProcessUser } from "../config/mod.ts";

/** The process's own files, variables and user, for the configuration to be made from. */
export function processSources({ file, flags }: Arguments): ConfigSources {
  const environment = Deno.env.toObject();
  return {
    file,
    flags,
    environment,
    /** Asked for where the file says `user`: the system is slow to answer. */
    get user() {
      return processUser(environment);
    },
    addressesOf: interfaceAddresses,
    hostname,
    readFile: (path) => UTF8.decode(Deno.readFileSync(path)),
    listDirectory: (path) => [...Deno.readDirSync(path)].map((entry) => entry.name),
  };
}

/** Not asked on the terminal: the broker has no permission that it was not started with. */
function interfaceAddresses(interfaceName: string): readonly string[] {
  const { state } = Deno.permissions.querySync({ name: "sys", kind: "networkInterfaces" });
  if (state !== "granted") throw new Error("start with --allow-sys=networkInterfaces");
  return Deno.networkInterfaces().filter(({ name }) => name === interfaceName)
    .map(({ address }) => address);
}

/** A file that is not UTF-8 is an error with its name, not a question mark in a topic. */
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The user id where asking is permitted; a question on the terminal is not worth it, so else what the shell says, where there was one. */
function processUser(environment: Readonly<Record<string, string>>): ProcessUser {
  const name = environment.USER ?? environment.LOGNAME ?? "";
  const mayAsk = Deno.permissions.querySync({ name: "sys", kind: "uid" }).state === "granted";
  if (mayAsk) return { name, isRoot: Deno.uid() === 0 };
  return { name, isRoot: name === "" ? undefined : name === "root" };
}
