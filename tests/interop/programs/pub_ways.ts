import { strict as assert } from "node:assert";
import { hasOpenssl, makeCertificates } from "../../../tasks/certs.ts";
import { SocksProxy } from "../../support/socks_proxy.ts";
import type { Program } from "./program.ts";
import { TOPIC, tryInEach } from "./pub_case.ts";
import type { Stage } from "./stage.ts";

async function tryUnix(stage: Stage): Promise<void> {
  const path = `${stage.directory}/socket`;
  await stage.server.listen({ path, options: { allowAnonymous: true } });
  const flags = [...TOPIC, "-m", "message", "-q", "1"];
  await tryInEach(stage, { flags, way: ["--unix", path], heard: ["message"], qos: 1 });
}

async function tryWebSocket(stage: Stage, payload: string): Promise<void> {
  const port = await stage.server.listen({ protocol: "websockets" });
  const way = ["-h", "127.0.0.1", "-p", String(port), "--ws"];
  const flags = [...TOPIC, "-m", payload, "-q", "1"];
  await tryInEach(stage, { flags, way, heard: [payload], qos: 1, isKnown: false });
}

/** Through a SOCKS5 proxy at this machine's name and its address. */
async function tryProxy(stage: Stage, secret: string | undefined, shown: string): Promise<void> {
  await using proxy = new SocksProxy(secret);
  for (const host of ["localhost", "127.0.0.1"]) {
    const through = ["--proxy", `socks5h://${shown}${host}:${proxy.port}`];
    const way = ["-h", host, "-p", String(stage.server.port), ...through];
    await tryInEach(stage, { flags: [...TOPIC, "-m", "x", "-q", "1"], way, heard: ["x"], qos: 1 });
    assert.equal(proxy.asked.at(-1), `${host}:${stage.server.port}`);
  }
}

async function tryWrongProxyPassword(stage: Stage): Promise<void> {
  await using proxy = new SocksProxy("user:pass:word");
  const through = ["--proxy", `socks5h://wrong:auth@127.0.0.1:${proxy.port}`];
  await stage.asBoth(async (actor) => {
    const { status, error } = await actor("pub", [...stage.way, ...TOPIC, "-m", "x", ...through]);
    assert.notEqual(status, 0);
    assert.match(error, /Proxy error|Authorisation failed|refuses the name or the password/);
  });
  assert.deepEqual(new Set(proxy.shown), new Set(["wrong:auth"]));
  assert.deepEqual(proxy.asked, []);
}

/** A name that the certificate has is trusted, one that it has not got is not, and with `--insecure` it is. */
async function tryTls(stage: Stage): Promise<void> {
  if (!await hasOpenssl()) {
    // deno-lint-ignore no-console -- whoever reads the results is to know
    console.log("Skipped: openssl is not installed");
    return;
  }
  await makeCertificates({ directory: stage.directory, subjectAltName: "DNS:localhost" });
  const files = {
    certfile: `${stage.directory}/server.crt`,
    keyfile: `${stage.directory}/server.key`,
  };
  const port = await stage.server.listen({ options: { allowAnonymous: true } }, files);
  const line = [
    "-p",
    String(port),
    "--cafile",
    `${stage.directory}/ca.crt`,
    ...TOPIC,
    "-m",
    "x",
    "-q",
    "1",
  ];
  const rows = [["localhost", true], ["127.0.0.1", false], [
    "127.0.0.1",
    true,
    "--insecure",
  ]] as const;
  await stage.asBoth(async (actor) => {
    for (const [host, isTrusted, ...more] of rows) {
      const { status } = await actor("pub", ["-h", host, ...line, ...more]);
      assert.equal(status === 0, isTrusted, `${host} ${more.join(" ")}`);
    }
  });
}

const LARGE = "abcdefghijklmnopqrstuvwxyz0123456789".repeat(1821);

/** What became of mosquitto's programs for the ways of mosquitto_pub to the broker. */
export const PUB_WAY_PROGRAMS = {
  "03-publish-qos1-unix": { holds: "--unix reaches a Unix socket", run: tryUnix },
  "03-publish-qos1-ws-large": {
    holds: "--ws sends 65,556 bytes, more than a short frame may have",
    run: (stage) => tryWebSocket(stage, LARGE),
  },
  "03-publish-qos1-ws": {
    holds: "--ws publishes in a WebSocket",
    run: (stage) => tryWebSocket(stage, "message"),
  },
  "03-publish-socks-auth-failed": {
    holds: "a SOCKS5 proxy that refuses the name and password is told, and nothing is sent",
    run: tryWrongProxyPassword,
  },
  "03-publish-socks-no-auth": {
    holds: "--proxy goes through a SOCKS5 proxy that asks for no name",
    run: (stage) => tryProxy(stage, undefined, ""),
  },
  "03-publish-socks": {
    holds: "--proxy shows a name and a password that has a colon, percent-encoded",
    run: (stage) => tryProxy(stage, "user:pass:word", "user:pass%3Aword@"),
  },
  "03-publish-tls": {
    holds: "--cafile checks the name in the certificate, --insecure does not",
    run: tryTls,
  },
  "03-publish-url": {
    holds: "-L names broker and topic",
    run: (stage) => {
      const way = ["-L", `mqtt://localhost:${stage.server.port}/03/pub`];
      return tryInEach(stage, { flags: ["-m", "message"], way, heard: ["message"] });
    },
  },
} as const satisfies Readonly<Record<string, Program>>;
