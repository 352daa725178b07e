import { equal, match } from "node:assert/strict";
import { type ClusterNodeInit, openCluster, Server } from "../../lib/mod.ts";
import { hasOpenssl, makeCertificates } from "../../tasks/certs.ts";
import { callFlux } from "../support/flux.ts";
import { NatsKey, operatorMode } from "../support/nats_jwt.ts";
import { NatsServer, natsTest } from "../support/nats_server.ts";

/** A way to log in at the servers. */
interface Way {
  /** What the server is told. */
  readonly config: string;
  /** Files by name, which the lines of the broker's configuration name with `DIR/`. */
  readonly files: Readonly<Record<string, string>>;
  readonly lines: string;
  /** The same for a program. */
  readonly program: Partial<ClusterNodeInit>;
  /** What somebody reads who has nothing of all this. */
  readonly refusal: RegExp;
  readonly isTls?: boolean;
}

const REFUSED = /Cannot look at the cluster: .*Authorization Violation/i;

async function certificates(directory: string): Promise<Way> {
  await makeCertificates({ directory });
  const read = (name: string) => Deno.readTextFileSync(`${directory}/${name}`);
  const [server, ca] = [`${directory}/server`, `${directory}/ca.crt`];
  return {
    config:
      `tls { cert_file: "${server}.crt", key_file: "${server}.key", ca_file: "${ca}", verify: true }`,
    files: {},
    lines:
      "cluster_cafile DIR/ca.crt\ncluster_certfile DIR/client.crt\ncluster_keyfile DIR/client.key",
    program: {
      caCerts: [read("ca.crt")],
      clientCertificate: { cert: read("client.crt"), key: read("client.key") },
    },
    refusal: /Cannot look at the cluster: .*(certificate|UnknownIssuer)/i,
    isTls: true,
  };
}

async function nkey(): Promise<Way> {
  const { publicKey, seed } = await NatsKey.make("user");
  return {
    config: `authorization { users: [ { nkey: ${publicKey} } ] }`,
    files: { nkey: `${seed}\n` },
    lines: "cluster_nkey_file DIR/nkey",
    program: { credentials: `${seed}\n` },
    refusal: REFUSED,
  };
}

async function credentialsFile(): Promise<Way> {
  const { config, credentials } = await operatorMode();
  return {
    config,
    files: { creds: credentials },
    lines: "cluster_credentials_file DIR/creds",
    program: { credentials },
    refusal: REFUSED,
  };
}

const WAYS: readonly [name: string, way: (directory: string) => Way | Promise<Way>][] = [
  ["user and password", () => ({
    config: "authorization { user: node, password: secret }",
    files: { password: "secret\n" },
    lines: "cluster_username node\ncluster_password_file DIR/password",
    program: { credentials: { kind: "password", user: "node", password: "secret" } },
    refusal: REFUSED,
  })],
  ["a token", () => ({
    config: "authorization { token: secret }",
    files: { token: "secret\n" },
    lines: "cluster_token_file DIR/token",
    program: { credentials: { kind: "token", token: "secret" } },
    refusal: REFUSED,
  })],
  ["the seed of an nkey", nkey],
  ["a credentials file, in operator mode", credentialsFile],
  ["a client certificate", certificates],
];
const HAS_OPENSSL = await hasOpenssl();
// deno-lint-ignore no-console -- a skipped test says why
if (!HAS_OPENSSL) console.log("Skipped: a client certificate at NATS: openssl is not installed");

for (const [name, make] of WAYS.filter(([, make]) => HAS_OPENSSL || make !== certificates)) {
  natsTest(`a node logs in with ${name}, so does cluster status, and nobody else`, async () => {
    const directory = await Deno.makeTempDir({ prefix: "flux-credentials-" });
    const way = await make(directory);
    for (const [file, text] of Object.entries(way.files)) {
      await Deno.writeTextFile(`${directory}/${file}`, text);
    }
    await using nats = await NatsServer.start(way.config);
    const servers = way.isTls ? `tls://localhost:${nats.port}` : nats.url;
    const node = await openCluster({ servers, node: "a", ...way.program });
    const server = new Server(node.init);
    await node.join(server);
    equal(node.level.isReady, true);
    const config = `${directory}/flux.conf`;
    await Deno.writeTextFile(
      config,
      `cluster ${servers}\n${way.lines.replaceAll("DIR", directory)}\n`,
    );
    const known = await callFlux(["cluster", "status", "-c", config]);
    equal(known.status, 0, known.error);
    match(known.out, /^a +\d+ +0 +0 +0 +0 +0$/m);
    const stranger = await callFlux(["cluster", "status", "--cluster", servers]);
    equal(stranger.status, 1);
    match(stranger.error, way.refusal);
    await server.close();
    await node.close();
    await Deno.remove(directory, { recursive: true });
  });
}

const DAMAGED: [name: string, lines: string, like: RegExp][] = [
  [
    "a password file that is not there",
    "cluster_username u\ncluster_password_file DIR/none",
    /:3: cluster_password_file: Cannot read \S+\/none: /,
  ],
  [
    "a password file without a password",
    "cluster_username u\ncluster_password_file DIR/empty",
    /:3: cluster_password_file: There is nothing in \S+\/empty$/m,
  ],
  [
    "a token file without a token",
    "cluster_token_file DIR/empty",
    /:2: cluster_token_file: There is nothing in/,
  ],
  [
    "an nkey file without an nkey",
    "cluster_nkey_file DIR/empty",
    /:2: cluster_nkey_file: \S+: Not an nkey/,
  ],
  [
    "a credentials file that is none",
    "cluster_credentials_file DIR/empty",
    /:2: cluster_credentials_file: \S+: Not a credentials file/,
  ],
  [
    "authorities that are none",
    "cluster_cafile DIR/empty",
    /:2: cluster_cafile: There is no certificate in PEM in/,
  ],
  [
    "certificate and key swapped",
    "cluster_certfile DIR/client.key\ncluster_keyfile DIR/client.crt",
    /:2: cluster_certfile: Cannot read \S+client\.key: it has no certificate/,
  ],
  [
    "another certificate's key",
    "cluster_certfile DIR/client.crt\ncluster_keyfile DIR/server.key",
    /:2: cluster_certfile: Cannot use \S+server\.key: it is not the key of/,
  ],
];
Deno.test({
  name:
    "a file of the cluster that is damaged is named with its line: by check, by start, and by cluster status",
  ignore: !HAS_OPENSSL,
  fn: async () => {
    const directory = await Deno.makeTempDir({ prefix: "flux-damaged-" });
    await makeCertificates({ directory });
    await Deno.writeTextFile(`${directory}/empty`, "\n");
    const config = `${directory}/flux.conf`;
    for (const [name, lines, like] of DAMAGED) {
      const text = `cluster nats://127.0.0.1:1\n${
        lines.replaceAll("DIR", directory)
      }\npersistence false\n`;
      await Deno.writeTextFile(config, text);
      for (
        const command of [["check"], ["cluster", "status"], ["-p", "0", "--no-dashboard"]]
      ) {
        const { status, out, error } = await callFlux([...command, "-c", config]);
        equal(status, 3, `${name}: ${command}`);
        match(out + error, like, `${name}: ${command}`);
      }
    }
    await Deno.remove(directory, { recursive: true });
  },
});
