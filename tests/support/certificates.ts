import { hasOpenssl, makeCertificates } from "../../tasks/certs.ts";
import { isLeftOut } from "./long.ts";

const HAS_OPENSSL = await hasOpenssl();
// deno-lint-ignore no-console -- whoever reads the results is to know
if (!HAS_OPENSSL) console.log("Skipped: openssl is not installed");

/** Files for one test, which are removed after it. */
export class Certificates {
  /** The directory of `ca`, `server` and `client`, each a `.crt` and a `.key`. */
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  path(name: string): string {
    return `${this.directory}/${name}`;
  }

  text(name: string): string {
    return Deno.readTextFileSync(this.path(name));
  }

  /** The server's files, for a listener. */
  get server(): { certfile: string; keyfile: string } {
    return { certfile: this.path("server.crt"), keyfile: this.path("server.key") };
  }

  /** Runs `openssl` in the directory; throws if it fails. */
  async openssl(command: string): Promise<string> {
    const { success, stdout, stderr } = await new Deno.Command("openssl", {
      args: command.split(" "),
      cwd: this.directory,
      stdin: "null",
    }).output();
    if (!success) throw new Error(`openssl ${command}: ${new TextDecoder().decode(stderr)}`);
    return new TextDecoder().decode(stdout);
  }

  /** Opens a TLS connection that trusts the authority of the files, and waits for the handshake. */
  async connect(port: number, options: ClientTls = {}): Promise<Deno.TlsConn> {
    const { client, alpnProtocols = ["mqtt"] } = options;
    const stream = await Deno.connectTls({
      hostname: "localhost",
      port,
      caCerts: [this.text("ca.crt")],
      alpnProtocols: [...alpnProtocols],
      ...client === undefined
        ? {}
        : { cert: this.text(`${client}.crt`), key: this.text(`${client}.key`) },
    });
    try {
      await stream.handshake();
      return stream;
    } catch (error) {
      stream.close();
      throw error;
    }
  }
}

/** How a client connects. */
export interface ClientTls {
  /** The certificate it sends: `client`, or another that the test has made. */
  readonly client?: string;
  readonly alpnProtocols?: readonly string[];
}

/** A test with certificates and connections, all of which must be closed at its end. Ignored without openssl; a long one may be left out. */
export function certificateTest(
  name: string,
  fn: (files: Certificates, t: Deno.TestContext) => Promise<void>,
  isLong = false,
): void {
  Deno.test({
    name,
    ignore: !HAS_OPENSSL || isLong && isLeftOut(name),
    sanitizeOps: true,
    sanitizeResources: true,
    async fn(t) {
      const directory = await Deno.makeTempDir({ prefix: "flux-certs-" });
      try {
        await makeCertificates({ directory });
        await fn(new Certificates(directory), t);
      } finally {
        await Deno.remove(directory, { recursive: true });
      }
    },
  });
}
