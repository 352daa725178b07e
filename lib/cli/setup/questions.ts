import { resolve } from "node:path";
import { ask, askPassword } from "../ask.ts";
import { hostname } from "../../net/mod.ts";
import { userNameProblem } from "../passwd.ts";
import type { SetupPlan } from "./plan.ts";

/** The directory in which the systemd unit expects the configuration. */
export const DEFAULT_DIRECTORY = "/etc/flux-mqtt";
const DEFAULT_DATA = "/var/lib/flux-mqtt";
/** Random bytes of a generated password. */
const PASSWORD_BYTES = 15;

/** The values of the flags; `undefined`: not given. */
export interface SetupAnswers {
  readonly directory?: string | undefined;
  readonly data?: string | undefined;
  readonly port?: string | undefined;
  readonly address?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly tls?: string | undefined;
  readonly names?: readonly string[] | undefined;
  readonly certfile?: string | undefined;
  readonly keyfile?: string | undefined;
  readonly cafile?: string | undefined;
  readonly dashboard?: boolean | undefined;
}

/** Completes what the flags leave open, by asking or with safe defaults. */
export async function askPlan(
  given: SetupAnswers,
  isAsking: boolean,
): Promise<{ plan: SetupPlan; isPasswordMade: boolean }> {
  const answer = async (value: string | undefined, question: string, preset: string) =>
    value ?? (isAsking ? await ask(question, preset) : preset);
  const directory = resolve(
    await answer(given.directory, "Directory of the configuration", DEFAULT_DIRECTORY),
  );
  const ownData = directory === DEFAULT_DIRECTORY ? DEFAULT_DATA : `${directory}/data`;
  const hasOwn = given.certfile !== undefined || given.keyfile !== undefined;
  const tls = await answer(
    given.tls ?? (hasOwn ? "own" : undefined),
    "TLS: make certificates, take your own, or none (make, own, none)",
    "make",
  ) as SetupPlan["tls"];
  const fileOf = async (value: string | undefined, question: string) =>
    tls === "own" ? await answer(value, question, "") : value ?? "";
  const certfile = await fileOf(given.certfile, "Certificate, a file");
  const keyfile = await fileOf(given.keyfile, "Its key, a file");
  const named = given.names ?? await askNames(tls, isAsking);
  const port = await answer(given.port, "Port", tls === "none" ? "1883" : "8883");
  const address = await answer(
    given.address,
    "Address to listen on, empty for all of the machine",
    tls === "none" ? "127.0.0.1" : "",
  );
  const user = await answer(given.user, "Name of the first user", "admin");
  const password = given.password ?? (isAsking ? await askedPassword() : undefined);
  return {
    plan: {
      directory,
      dataDirectory: resolve(given.data ?? ownData),
      port: /^\d{1,5}$/.test(port) ? Number(port) : NaN,
      address,
      user,
      password: password ?? madePassword(),
      tls,
      certfile: certfile === "" ? "" : resolve(certfile),
      keyfile: keyfile === "" ? "" : resolve(keyfile),
      cafile: given.cafile === undefined ? "" : resolve(given.cafile),
      // Clients on this machine connect by these.
      names: [...new Set([...named, "localhost", "127.0.0.1", "::1"])],
      hasDashboard: given.dashboard ?? false,
    },
    isPasswordMade: password === undefined,
  };
}

async function askNames(tls: string, isAsking: boolean): Promise<readonly string[]> {
  const preset = hostname();
  if (!isAsking || tls === "none") return [preset];
  const text = await ask("Names and addresses by which clients reach this machine", preset);
  return text.split(/[\s,]+/).filter((name) => name !== "");
}

async function askedPassword(): Promise<string> {
  const password = await askPassword(false);
  if (password === undefined) throw new Error("The two passwords differ; nothing is written");
  if (password === "") throw new Error("The password is empty; nothing is written");
  return password;
}

function madePassword(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(PASSWORD_BYTES));
  // Letters and digits need no quotes in a shell, and cannot look like a flag.
  return bytes.toBase64().replaceAll(/[+/]/g, "x");
}

/** What is wrong with a plan, as far as that can be seen before it is carried out; `undefined`: nothing. */
export function planProblem(plan: SetupPlan): string | undefined {
  const { port, tls, certfile, keyfile, names, user, directory, dataDirectory } = plan;
  if (!(port >= 1 && port <= 65_535)) return "--port: Must be a whole number from 1 to 65535";
  if (!["make", "own", "none"].includes(tls)) {
    return `--tls: Must be make, own or none, is "${tls}"`;
  }
  if (tls === "own" && (certfile === "" || keyfile === "")) {
    return "--tls own: Needs --certfile and --keyfile";
  }
  if (tls !== "own" && (certfile !== "" || keyfile !== "")) {
    return `--tls ${tls}: Takes no --certfile and no --keyfile`;
  }
  const strange = names.find((name) => !/^(\*\.)?[\w-]+(\.[\w-]+)*\.?$|^[\da-fA-F:.]+$/.test(name));
  if (strange !== undefined) return `--name: "${strange}" is neither a host name nor an address`;
  const odd = [directory, dataDirectory].find((path) => /[\p{Cc}#]|^\s|\s$/u.test(path));
  if (odd !== undefined) return `${odd}: Cannot stand in a configuration file`;
  return userNameProblem(user);
}
