import { hostname } from "../net/mod.ts";
import type { Arguments, ConfigSources, ProcessUser } from "../config/mod.ts";

/** The sources of the configuration: this process's files, variables, flags and user. */
export function processSources({ file, flags }: Arguments): ConfigSources {
  const environment = Deno.env.toObject();
  return {
    file,
    flags,
    environment,
    /** Looked up only if the file has `user`, because the system is slow to answer. */
    get user() {
      return processUser(environment);
    },
    addressesOf: interfaceAddresses,
    hostname,
    readFile: (path) => UTF8.decode(Deno.readFileSync(path)),
    listDirectory: (path) => [...Deno.readDirSync(path)].map((entry) => entry.name),
  };
}

/** Throws without the permission: Deno must not ask for it at the terminal. */
function interfaceAddresses(interfaceName: string): readonly string[] {
  const { state } = Deno.permissions.querySync({ name: "sys", kind: "networkInterfaces" });
  if (state !== "granted") throw new Error("start with --allow-sys=networkInterfaces");
  return Deno.networkInterfaces().filter(({ name }) => name === interfaceName)
    .map(({ address }) => address);
}

/** A file that is not UTF-8 is an error, not a file with replacement characters. */
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Who runs the process, by the user id, or without the permission to ask for it, by the variables of the shell. */
function processUser(environment: Readonly<Record<string, string>>): ProcessUser {
  const name = environment.USER ?? environment.LOGNAME ?? "";
  const mayAsk = Deno.permissions.querySync({ name: "sys", kind: "uid" }).state === "granted";
  if (mayAsk) return { name, isRoot: Deno.uid() === 0 };
  return { name, isRoot: name === "" ? undefined : name === "root" };
}
