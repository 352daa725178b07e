// deno-lint-ignore-file no-console -- a command line tool
/**
 * Makes certificates for development in `certs/`: an authority, a server certificate for this machine, a client certificate.
 *
 *     deno task certs             keeps existing files
 *     deno task certs --force     makes all files anew
 *
 * It needs `openssl`. The files are only for this machine: they are not committed, because the authority's key is beside them. They are
 * valid for two years.
 *
 * @module
 */

/** Where the certificates are made, and their names. */
export interface CertificatesInit {
  /** An existing directory. */
  readonly directory: string;
  /** The DNS names and addresses of the server. */
  readonly subjectAltName?: string;
  /** The client's name: the user name with `use_identity_as_username`. */
  readonly clientName?: string;
}

const DAYS = "730";

/** Runs `openssl` to make `ca`, `server` and `client`, each a `.key` and a `.crt`. Throws with openssl's output on failure. */
export async function makeCertificates(init: CertificatesInit): Promise<void> {
  const { directory, clientName = "client" } = init;
  const { subjectAltName = "DNS:localhost,IP:127.0.0.1,IP:::1" } = init;
  await openssl(directory, [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
    ...["-days", DAYS, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=Development CA"],
    ...[
      "-addext",
      "basicConstraints=critical,CA:TRUE",
      "-addext",
      "keyUsage=critical,keyCertSign,cRLSign",
    ],
  ]);
  await sign(directory, "server", "/CN=localhost", [
    `subjectAltName=${subjectAltName}`,
    "extendedKeyUsage=serverAuth",
  ]);
  await sign(directory, "client", `/CN=${clientName}`, ["extendedKeyUsage=clientAuth"]);
}

/** Makes a key, and a certificate for it signed by `ca`. */
async function sign(
  directory: string,
  name: string,
  subject: string,
  extensions: readonly string[],
): Promise<void> {
  const path = (suffix: string) => `${directory}/${name}.${suffix}`;
  await openssl(directory, [
    ...["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
    ...["-keyout", path("key"), "-out", path("csr"), "-subj", subject],
  ]);
  const lines = ["basicConstraints=critical,CA:FALSE", ...extensions];
  await Deno.writeTextFile(path("ext"), lines.join("\n") + "\n");
  await openssl(directory, [
    ...["x509", "-req", "-in", path("csr"), "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial"],
    ...["-days", DAYS, "-out", path("crt"), "-extfile", path("ext")],
  ]);
  for (const suffix of ["csr", "ext"]) await Deno.remove(path(suffix));
}

async function openssl(cwd: string, args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", {
    args: [...args],
    cwd,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (success) return;
  throw new Error(`Cannot run openssl ${args[0]}: ${new TextDecoder().decode(stderr)}`);
}

/** Whether `openssl` is installed. */
export async function hasOpenssl(): Promise<boolean> {
  try {
    const { success } = await new Deno.Command("openssl", {
      args: ["version"],
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

const NO_OPENSSL =
  `openssl is not installed. Install it (apt install openssl), or make a key and a certificate
with another tool and put them into certs/server.key and certs/server.crt, both in PEM; the name in the
certificate must be localhost.
`;

const MADE = `Made in certs/: ca.crt ca.key server.crt server.key client.crt client.key

  MQTT_TLS_ENABLED=true MQTT_CERT_PATH=certs/server.crt MQTT_KEY_PATH=certs/server.key deno task start
  mosquitto_sub -p 8883 --cafile certs/ca.crt -t '#' -v
  mosquitto_pub -p 8883 --cafile certs/ca.crt --cert certs/client.crt --key certs/client.key -t a -m b
`;

async function main(args: readonly string[]): Promise<number> {
  const directory = decodeURIComponent(new URL("../certs", import.meta.url).pathname);
  await Deno.mkdir(directory, { recursive: true });
  const isThere = [...Deno.readDirSync(directory)].some(({ name }) => name === "server.key");
  if (isThere && !args.includes("--force")) {
    console.log(
      "certs/server.key is there already: nothing was made; --force makes everything anew",
    );
    return 0;
  }
  if (!await hasOpenssl()) {
    console.error(NO_OPENSSL);
    return 1;
  }
  await makeCertificates({ directory });
  console.log(MADE);
  return 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
