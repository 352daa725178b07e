import type { ClientTls } from "../client/mod.ts";
import { type ClientFlags, readTextOf } from "./flag_values.ts";
import { messageOf } from "./output.ts";
import { UsageError } from "./usage_error.ts";

/** Flags with a value each of which makes it TLS. */
const TLS_FLAGS = ["cafile", "capath", "cert", "key", "tls-alpn", "tls-version"];
/** And those without. `url` is what `-L mqtts://` says. */
const TLS_SWITCHES = ["insecure", "tls-use-os-certs", "url-tls"];
/** The port that means TLS to mosquitto's clients. */
const TLS_PORT = "8883";

/** What the flags say of TLS; `undefined`: none. Throws a `UsageError`, or what reading a file throws. */
export function tlsOf(flags: ClientFlags): ClientTls | undefined {
  const { text, on } = flags;
  if (text.has("cert") !== text.has("key")) {
    throw new UsageError("--cert and --key: Need each other");
  }
  if (text.has("keyform") && !text.has("key")) throw new UsageError("--keyform: Needs --key");
  const form = text.get("keyform") ?? "pem";
  if (form !== "pem") throw new UsageError(`--keyform: Must be pem, is "${form}"`);
  const isTls = TLS_FLAGS.some((name) => text.has(name)) ||
    TLS_SWITCHES.some((name) => on.has(name)) || text.get("port") === TLS_PORT;
  if (!isTls || on.has("no-tls")) return undefined;
  const hasAuthority = text.has("cafile") || text.has("capath");
  return {
    ...insecureness(on, hasAuthority),
    ...hasAuthority
      ? { caCerts: [...text.has("cafile") ? [readCa(flags)] : [], ...readCaPath(flags)] }
      : {},
    ...text.has("tls-alpn") ? { alpnProtocols: [text.get("tls-alpn")!] } : {},
    ...text.has("cert") ? { cert: readTextOf(flags, "cert"), key: readTextOf(flags, "key") } : {},
    ...minVersionOf(text.get("tls-version")),
  };
}

/**
 * What `--insecure` switches off. With authorities, the name in the certificate is not checked, as in mosquitto's clients. Without them,
 * nothing is checked: the flag is used for self-signed certificates, which no known authority has signed.
 */
function insecureness(on: ReadonlySet<string>, hasAuthority: boolean): Partial<ClientTls> {
  if (!on.has("insecure")) return {};
  return hasAuthority || on.has("tls-use-os-certs") ? { insecure: true } : { trustsAnyone: true };
}

function minVersionOf(version: string | undefined): Partial<ClientTls> {
  if (version === undefined || version === "tlsv1.2") return {};
  if (version === "tlsv1.3") return { minVersion: "TLSv1.3" };
  throw new UsageError(`--tls-version: Must be tlsv1.2 or tlsv1.3, is "${version}"`);
}

/** Reads `--cafile`. A file without a certificate would trust nobody, and the error of TLS would not say why. */
function readCa(flags: ClientFlags): string {
  const pem = readTextOf(flags, "cafile");
  if (pem.includes("-----BEGIN CERTIFICATE-----")) return pem;
  throw new Error(`--cafile: There is no certificate in PEM in ${flags.text.get("cafile")}`);
}

/** Reads every certificate in `--capath`. Files need not be named by hashes. */
function readCaPath({ text }: ClientFlags): readonly string[] {
  const path = text.get("capath");
  if (path === undefined) return [];
  try {
    const texts = [...Deno.readDirSync(path)].filter(({ isDirectory }) => !isDirectory)
      .map(({ name }) => Deno.readTextFileSync(`${path}/${name}`))
      .filter((pem) => pem.includes("-----BEGIN CERTIFICATE-----"));
    if (texts.length > 0) return texts;
  } catch (error) {
    throw new Error(`--capath: Cannot read ${path}: ${messageOf(error)}`);
  }
  throw new Error(`--capath: There is no certificate in PEM in ${path}`);
}
