import type { ClientTls, Place } from "../client/mod.ts";
import type { BridgeAddress, BridgeOptions, BridgeTls } from "./options.ts";
import { BridgeFault } from "./state.ts";

/** The files where systems keep their trusted authorities. */
const OS_CERTIFICATES: readonly string[] = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

/** Resolves an address, and reads its certificates from their files. Throws `BridgeFault`. */
export async function placeOf(
  { hostname, port, scheme, path }: BridgeAddress,
  { tls, bindAddress }: BridgeOptions,
): Promise<Place> {
  const isEncrypted = scheme === "mqtts" || scheme === "wss" || tls !== undefined;
  return {
    hostname,
    port,
    ...bindAddress === "" ? {} : { localAddress: bindAddress },
    ...isEncrypted ? { tls: tls === undefined ? {} : await readTls(tls) } : {},
    ...scheme === "ws" || scheme === "wss" ? { webSocket: { path } } : {},
  };
}

async function readTls(tls: BridgeTls): Promise<ClientTls> {
  const { cafile, capath, certfile, keyfile, insecure, alpn, usesOsCerts, version } = tls;
  const caCerts = [
    ...cafile === "" ? [] : [await read(cafile)],
    ...capath === "" ? [] : await readDirectory(capath),
    ...usesOsCerts ? [await readFirst(OS_CERTIFICATES)] : [],
  ];
  return {
    insecure,
    ...caCerts.length === 0 ? {} : { caCerts },
    ...certfile === "" ? {} : { cert: await read(certfile), key: await read(keyfile) },
    alpnProtocols: alpn === "" ? [] : [alpn],
    ...version === "tlsv1.3" ? { minVersion: "TLSv1.3" } : {},
  };
}

async function read(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new BridgeFault("certificate", `Cannot read ${path}: ${(error as Error).message}`);
  }
}

async function readDirectory(path: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(path)) {
      if (!isDirectory) names.push(name);
    }
  } catch (error) {
    throw new BridgeFault("certificate", `Cannot list ${path}: ${(error as Error).message}`);
  }
  const texts = await Promise.all(names.sort().map((name) => read(`${path}/${name}`)));
  return texts.filter((text) => text.includes("BEGIN CERTIFICATE"));
}

async function readFirst(paths: readonly string[]): Promise<string> {
  for (const path of paths) {
    try {
      return await Deno.readTextFile(path);
    } catch {
      // Other systems keep them elsewhere; try the next.
    }
  }
  throw new BridgeFault("certificate", "Cannot find the authorities that this system trusts");
}
