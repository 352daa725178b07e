/**
 * Finds the real clients of the interoperability tests on this machine: mosquitto's two, Python with paho, and paho's in C; `mqttjs.ts` finds the one
 * of npm.
 *
 * @module
 */
import { isLeftOut } from "./long.ts";

/** An installed client, or the reason why tests with it are skipped. */
export type Found<T> = { readonly client: T } | { readonly missing: string };

/** `mosquitto_pub` and `mosquitto_sub`, with the version they tell. */
export async function findMosquitto(): Promise<Found<string>> {
  const told = await output("mosquitto_sub", ["--help"]);
  const version = /^mosquitto_sub version (\S+)/m.exec(told ?? "")?.[1];
  if (version === undefined) return { missing: "mosquitto_sub is not installed" };
  if (await output("mosquitto_pub", ["--help"]) === undefined) {
    return { missing: "mosquitto_pub is not installed" };
  }
  // Without it their output would stay in a buffer until they end.
  if (await output("stdbuf", ["--version"]) === undefined) {
    return { missing: "stdbuf (coreutils) is not installed" };
  }
  return { client: version };
}

/** Finds a Python with `paho.mqtt.client`: the first in PATH, or the system's. */
export async function findPaho(): Promise<Found<string>> {
  for (const python of ["python3", "/usr/bin/python3"]) {
    const told = await output(python, ["-c", "import paho.mqtt.client; print('here')"]);
    if (told?.trim() === "here") return { client: python };
  }
  return { missing: "no python3 with paho.mqtt.client is installed" };
}

/** Paho's C client for the command line, `paho_cs_sub`. */
export async function findPahoC(): Promise<Found<string>> {
  const told = await output("paho_cs_sub", []);
  if (told === undefined) return { missing: "paho_cs_sub (paho.mqtt.c-examples) is not installed" };
  return { client: "paho_cs_sub" };
}

/** A test with a client. It is ignored, and the reason printed, if the client is missing. A long one may be left out: see `isLeftOut`. */
export type ClientTest<T> = (
  name: string,
  fn: (client: T, t: Deno.TestContext) => Promise<void>,
  isLong?: boolean,
) => void;

/** Returns the function that registers tests with this client. Prints once why they are skipped, if they are. */
export function testsWith<T>(found: Found<T>): ClientTest<T> {
  // deno-lint-ignore no-console -- whoever reads the results is to know
  if ("missing" in found) console.log(`Skipped: ${found.missing}`);
  return (name, fn, isLong = false) =>
    Deno.test({
      name,
      ignore: "missing" in found || isLong && isLeftOut(name),
      fn: (t) => "client" in found ? fn(found.client, t) : undefined,
      sanitizeOps: true,
      sanitizeResources: true,
    });
}

/** The output of a command; `undefined` if it is not installed. */
async function output(command: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const { stdout } = await new Deno.Command(command, { args: [...args], stderr: "null" })
      .output();
    return new TextDecoder().decode(stdout);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
