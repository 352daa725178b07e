import { strict as assert } from "node:assert";
import { MqttClient } from "../../lib/client/mod.ts";
import { certificateTest } from "../support/certificates.ts";
import { callFlux, runFlux } from "../support/flux.ts";
import { LocalServer } from "../support/local_server.ts";
import { publish, subscribeToEnd } from "../support/mosquitto.ts";
import { hasMosquitto } from "../support/mosquitto_broker.ts";
import { SocksProxy } from "../support/socks_proxy.ts";

const COMMANDS = ["pub", "sub", "rr"] as const;
/**
 * Every flag of mosquitto_pub, mosquitto_sub and mosquitto_rr, 2.0 and 2.1, with the commands that have it. `works`: its meaning; `nothing`: it is
 * taken, and does nothing that has not been done; `refused`: with a reason.
 */
// deno-fmt-ignore
const FLAGS: readonly [flag: string, value: string, commands: string, outcome: "works" | "nothing" | "refused"][] = [
  ["-A", "127.0.0.1", "pub sub rr", "works"],
  ["-c", "", "pub sub rr", "works"],
  ["-C", "1", "sub", "works"],
  ["-d", "", "pub sub rr", "works"],
  ["-D", "connect receive-maximum 5", "pub sub rr", "works"],
  ["-e", "answer", "rr", "works"],
  ["-E", "", "sub", "works"],
  ["-f", "file", "pub rr", "works"],
  ["-F", "%p", "sub rr", "works"],
  ["-h", "localhost", "pub sub rr", "works"],
  ["-i", "me", "pub sub rr", "works"],
  ["-I", "pre-", "pub sub rr", "works"],
  ["-k", "60", "pub sub rr", "works"],
  ["-L", "mqtt://localhost/t", "pub sub rr", "works"],
  ["-l", "", "pub", "works"],
  ["-m", "text", "pub rr", "works"],
  ["-M", "5", "pub sub rr", "nothing"],
  ["-n", "", "pub rr", "works"],
  ["-N", "", "sub rr", "works"],
  ["-o", "/dev/null", "pub sub rr", "works"],
  ["-p", "1883", "pub sub rr", "works"],
  ["-P", "secret", "pub sub rr", "works"],
  ["-q", "1", "pub sub rr", "works"],
  ["-r", "", "pub", "works"],
  ["-R", "", "sub rr", "works"],
  ["-s", "", "pub rr", "works"],
  ["-S", "", "pub sub rr", "works"],
  ["-t", "t", "pub sub rr", "works"],
  ["-T", "t", "sub", "works"],
  ["-u", "name", "pub sub rr", "works"],
  ["-U", "t", "sub", "works"],
  ["-v", "", "sub rr", "works"],
  ["-V", "311", "pub sub rr", "works"],
  ["-w", "", "sub", "works"],
  ["-W", "5", "sub rr", "works"],
  ["-x", "-1", "pub sub rr", "works"],
  ["--cafile", "ca.crt", "pub sub rr", "works"],
  ["--capath", "certs", "pub sub rr", "works"],
  ["--cert", "client.crt", "pub sub rr", "works"],
  ["--ciphers", "DEFAULT", "pub sub rr", "refused"],
  ["--help", "", "pub sub rr", "works"],
  ["--insecure", "", "pub sub rr", "works"],
  ["--key", "client.key", "pub sub rr", "works"],
  ["--keyform", "pem", "pub sub rr", "nothing"],
  ["--latency", "", "rr", "works"],
  ["--message-rate", "", "sub", "works"],
  ["--mptcp", "", "pub sub rr", "nothing"],
  ["--no-tls", "", "pub sub rr", "works"],
  ["--nodelay", "", "pub sub rr", "nothing"],
  ["--pretty", "", "sub rr", "works"],
  ["--property", "connect receive-maximum 5", "pub sub rr", "works"],
  ["--proxy", "socks5h://localhost", "pub sub rr", "works"],
  ["--psk", "00", "pub sub rr", "refused"],
  ["--psk-identity", "me", "pub sub rr", "refused"],
  ["--quiet", "", "pub sub rr", "works"],
  ["--random-filter", "50.0", "sub", "works"],
  ["--remove-retained", "", "sub", "works"],
  ["--repeat", "2", "pub", "works"],
  ["--repeat-delay", "0.1", "pub", "works"],
  ["--retain-as-published", "", "sub rr", "works"],
  ["--retain-handling", "new", "sub rr", "works"],
  ["--retained-only", "", "sub", "works"],
  ["--tls-alpn", "mqtt", "pub sub rr", "works"],
  ["--tls-engine", "pkcs11", "pub sub rr", "refused"],
  ["--tls-engine-kpass-sha1", "00", "pub sub rr", "refused"],
  ["--tls-keylog", "file", "pub sub rr", "refused"],
  ["--tls-use-os-certs", "", "pub sub rr", "works"],
  ["--tls-version", "tlsv1.2", "pub sub rr", "works"],
  ["--unix", "/run/mqtt", "pub sub rr", "works"],
  ["--version", "", "pub sub rr", "works"],
  ["--will-payload", "text", "pub sub rr", "works"],
  ["--will-qos", "1", "pub sub rr", "works"],
  ["--will-retain", "", "pub sub rr", "works"],
  ["--will-topic", "t", "pub sub rr", "works"],
  ["--ws", "", "pub sub rr", "works"],
];
for (const [flag, value, commands, outcome] of FLAGS) {
  Deno.test(`${flag} of mosquitto's clients: ${outcome}`, async () => {
    const args = [
      flag,
      ...value === "" ? [] : flag === "-D" || flag === "--property" ? value.split(" ") : [value],
    ];
    for (const command of COMMANDS) {
      // With --help nothing is done but to understand the line.
      const { status, error } = await callFlux([command, ...args, "--help"]);
      if (!commands.split(" ").includes(command)) {
        assert.equal(status, 2, `${command} ${flag}`);
        assert.match(error, new RegExp(`^${flag}: Is not a flag`));
      } else if (outcome === "refused") {
        assert.equal(status, 2, `${command} ${flag}`);
        assert.match(error, new RegExp(`^${flag}: [A-Z].{20,}`));
      } else assert.deepEqual([status, error], [0, ""], `${command} ${flag}`);
    }
  });
}

Deno.test({
  name: "the table of flags has every flag that mosquitto's clients here tell in their help",
  ignore: !hasMosquitto,
  fn: async () => {
    for (const command of COMMANDS) {
      const { stdout } = await new Deno.Command(`mosquitto_${command}`, { args: ["--help"] })
        .output();
      const told = [...new TextDecoder().decode(stdout).matchAll(/^ (--?[A-Za-z][a-z0-9-]*) :/gm)];
      assert.ok(told.length > 30, `${command}: ${told.length}`);
      for (const [, flag] of told) {
        const row = FLAGS.find(([name, , commands]) => name === flag && commands.includes(command));
        assert.ok(row, `mosquitto_${command} ${flag}`);
      }
    }
  },
});

/** `-F`, the payload `message`, and what mosquitto_sub 2.1 prints, by its own tests. */
// deno-fmt-ignore
const FORMATS: readonly [format: string, printed: string, payload?: Uint8Array][] = [
  ["%%", "%"], ["%l", "7"], ["%02l", "07"], ["%2l", " 7"], ["%-2l", "7 "], ["%2C", "  "],
  ["%p", "message"], ["%-12p", "message     "], ["%t", "sub/format/test"], ["%.20t", "sub/format/test"],
  ["%-.20t", "sub/format/test"], ["%20t", "     sub/format/test"], ["%-20t", "sub/format/test     "],
  ["%10.10t", "sub/format"], ["%20.10t", "          sub/format"], ["%-20.10t", "sub/format          "],
  ["%x", "6d657373616765"], ["%.1x", "6 d 6 5 7 3 7 3 6 1 6 7 6 5"], ["%.2x", "6d 65 73 73 61 67 65"],
  ["%.2:x", "6d:65:73:73:61:67:65"], ["%18x", "    6d657373616765"], ["%-18x", "6d657373616765    "],
  ["%X", "6D657373616765"], ["\\\\", "\\"], ["\\a\\n\\r\\t\\v", "\x07\n\r\t\v"], ["@@", "@"], ["text", "text"],
  ["%.3d", "2.718", Uint8Array.of(0x58, 0x39, 0xb4, 0xc8, 0x76, 0xbe, 0x05, 0x40)],
  ["%.3f", "0.707", Uint8Array.of(0xf4, 0xfd, 0x34, 0x3f)],
];
const at = ({ port }: { readonly port: number }) => ["-h", "127.0.0.1", "-p", String(port)];

/** Has the broker retain a message; an empty one takes it away. */
async function retain(
  { port }: LocalServer,
  topicName: string,
  payload: Uint8Array,
): Promise<void> {
  const client = await MqttClient.connect({ hostname: "127.0.0.1", port });
  await client.publish(topicName, payload, { qos: 1, retain: true });
  await client.disconnect();
}

Deno.test("sub -F prints widths, groups and numbers as mosquitto_sub 2.1 does", async () => {
  await using server = new LocalServer();
  for (const [format, printed, payload = new TextEncoder().encode("message")] of FORMATS) {
    await retain(server, "sub/format/test", payload);
    const args = ["sub", ...at(server), "-t", "sub/format/test", "-C", "1", "-F", format];
    assert.equal((await callFlux(args)).out, `${printed}\n`, format);
  }
  await retain(server, "sub/format/test", new Uint8Array());
});

Deno.test({
  name: "sub -F @x prints what mosquitto_sub prints for every letter of strftime(3)",
  ignore: !hasMosquitto,
  fn: async () => {
    await using server = new LocalServer();
    await retain(server, "f", new TextEncoder().encode("x"));
    const letters = "aAbBCdDeFgGhHIjklmMnpPRtTuUVwWxyYzZcrsSX";
    const args = ["-t", "f", "-C", "1", "-F", [...letters].map((letter) => `@${letter}`).join("|")];
    // The second may pass between the two: some pair is within one.
    let pair: readonly string[] = [];
    for (let i = 0; i < 20 && (i === 0 || pair[0] !== pair[1]); i++) {
      const theirs = await subscribeToEnd(server.port, args);
      pair = [(await callFlux(["sub", ...at(server), ...args])).out, theirs.output];
    }
    assert.equal(pair[0], pair[1]);
    await retain(server, "f", new Uint8Array());
  },
});

Deno.test("-A, --ws, -L ws:// and --proxy are ways to the broker", async () => {
  await using server = new LocalServer();
  await using proxy = new SocksProxy("me:s3cret");
  const web = { port: await server.listen({ protocol: "websockets" }) };
  const message = ["-t", "t", "-m", "x", "-q", "1"];
  const through = ["--proxy", `socks5h://me:s3cret@127.0.0.1:${proxy.port}`];
  const url = ["-L", `ws://127.0.0.1:${web.port}/t`];
  const lines = [
    ["pub", ...at(server), ...message, "-A", "127.0.0.8", "-i", "bound"],
    ["pub", ...at(web), ...message, "--ws"],
    ["pub", ...url, "-m", "x", "-q", "1"],
    ["pub", ...at(server), ...message, ...through],
    ["pub", ...at(web), ...message, "--ws", ...through],
  ];
  for (const line of lines) {
    // As people run it: with the permissions of \`deno task start\`.
    assert.deepEqual(await runFlux(line), { status: 0, out: "", error: "" }, line.join(" "));
  }
  const bound = server.details.find((line) => line.includes('"clientId":"bound"'));
  assert.match(bound ?? "", /"address":"127\.0\.0\.8:/);
  assert.deepEqual(proxy.asked, [`127.0.0.1:${server.port}`, `127.0.0.1:${web.port}`]);
  const refused = await callFlux([
    "pub",
    ...at(server),
    ...message,
    ...through.slice(0, 1),
    "socks5h://127.0.0.1:" + proxy.port,
  ]);
  assert.equal(refused.status, 11);
  assert.match(refused.error, /it wants a name and a password/);
  if (!hasMosquitto) return;
  const theirs = await publish(server.port, [...message, ...through]);
  assert.deepEqual(theirs, { code: 0, output: "" });
  assert.equal(proxy.shown.at(-1), "me:s3cret");
});

certificateTest(
  "--insecure alone trusts anybody, with an authority only another name",
  async (files) => {
    await using server = new LocalServer();
    await files.openssl(
      "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=else -keyout own.key -out own.crt",
    );
    const options = { allowAnonymous: true };
    const own = { certfile: files.path("own.crt"), keyfile: files.path("own.key") };
    const port = await server.listen({ options }, own);
    const message = ["-p", String(port), "-t", "t", "-m", "x", "-q", "1"];
    const pub = (host: string, ...flags: string[]) =>
      callFlux(["pub", "-h", host, ...message, ...flags]);
    assert.deepEqual(await pub("127.0.0.1", "--insecure"), { status: 0, out: "", error: "" });
    const url = ["-L", `mqtts://localhost:${port}/t`, "-m", "x", "-q", "1", "--insecure"];
    assert.deepEqual(await callFlux(["pub", ...url]), { status: 0, out: "", error: "" });
    const named = ["--insecure", "--cafile", files.path("own.crt")];
    assert.deepEqual(await pub("127.0.0.1", ...named), { status: 0, out: "", error: "" });
    for (const flags of [["--cafile", files.path("ca.crt")], ["--tls-use-os-certs"]]) {
      const { status, error } = await pub("127.0.0.1", "--insecure", ...flags);
      assert.equal(status, 13, error);
    }
    // A file of flags may ask for TLS; the command line has the last word.
    const plain = [
      "-p",
      String(server.port),
      "-t",
      "t",
      "-m",
      "x",
      "--cafile",
      files.path("own.crt"),
    ];
    assert.equal((await callFlux(["pub", "-h", "127.0.0.1", ...plain, "--no-tls"])).status, 0);
    await server.settle();
  },
);

Deno.test("-o reads a file of flags in the place of the usual one", async () => {
  await using server = new LocalServer();
  const path = await Deno.makeTempFile({ prefix: "flux-flags-" });
  try {
    await Deno.writeTextFile(path, `# mine\n-h 127.0.0.1\n-p ${server.port}\n-q 1\n-i filed\n`);
    assert.equal((await callFlux(["pub", "-o", path, "-t", "t", "-m", "x"])).status, 0);
    assert.ok(server.details.some((line) => line.includes('"clientId":"filed"')));
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("sub -U alone ends a subscription, -D goes out with UNSUBSCRIBE and DISCONNECT", async () => {
  await using server = new LocalServer();
  const session = ["-i", "kept", "-V", "5"];
  const line = ["sub", ...at(server), ...session, "-c", "-x", "∞"];
  assert.equal((await callFlux([...line, "-t", "a", "-t", "b", "-E"])).status, 0);
  const filters = () => [...server.broker.clients.get("kept")!.session.subscriptions.keys()];
  assert.deepEqual(filters(), ["a", "b"]);
  const properties = ["-D", "unsubscribe", "user-property", "k", "v"];
  const run = await callFlux([...line, "-U", "a", "-E", ...properties]);
  assert.deepEqual(run, { status: 0, out: "", error: "" });
  assert.deepEqual(filters(), ["b"]);
  const ending = ["-D", "disconnect", "session-expiry-interval", "0"];
  assert.equal((await callFlux([...line, "-t", "b", "-E", ...ending])).status, 0);
  assert.equal(server.broker.clients.get("kept"), undefined);
});

Deno.test("sub takes retained messages as --retain-handling and --retain-as-published say", async () => {
  await using server = new LocalServer();
  await retain(server, "r/1", new TextEncoder().encode("old"));
  const sub = (...flags: string[]) =>
    callFlux(["sub", ...at(server), "-t", "r/#", "-F", "%r %p", ...flags]);
  assert.equal((await sub("-C", "1", "--retain-handling", "always")).out, "1 old\n");
  assert.equal((await sub("-W", "1", "--retain-handling", "never")).out, "");
  const session = ["-i", "kept", "-c", "--retain-handling", "new"];
  assert.equal((await sub("-C", "1", ...session)).out, "1 old\n");
  assert.equal((await sub("-W", "1", ...session)).out, "");
  const published = sub("-C", "1", "--retain-handling", "never", "--retain-as-published");
  await server.until(() => server.broker.core.router.size > 1, 10_000);
  await retain(server, "r/1", new TextEncoder().encode("new"));
  assert.equal((await published).out, "1 new\n");
  await retain(server, "r/1", new Uint8Array());
  await callFlux(["sub", ...at(server), "-t", "r/#", "-i", "kept", "-E"]);
});

Deno.test("sub -w has a line for each topic, --message-rate a number each second", async () => {
  await using server = new LocalServer();
  for (const topic of ["w/1", "w/2"]) {
    await retain(server, topic, new TextEncoder().encode(`${topic}\nmore`));
  }
  const watched = await callFlux(["sub", ...at(server), "-t", "w/#", "-w", "-v", "-C", "2"]);
  assert.equal(
    watched.out,
    "\x1b[2J\x1b[1;1H\x1b[2Kw/1 w/1\x1b[2;1H\x1b[2;1H\x1b[2Kw/2 w/2\x1b[3;1H",
  );
  const rate = await callFlux(["sub", ...at(server), "-t", "w/#", "--message-rate", "-W", "3"]);
  const numbers = rate.out.trim().split("\n").map(Number);
  assert.equal(rate.status, 27);
  assert.equal(numbers.reduce((sum, count) => sum + count, 0), 2);
  assert.ok(numbers.length >= 2, rate.out);
  const few = ["sub", ...at(server), "-t", "w/#", "-C", "2", "--random-filter", "0.1"];
  const { status, out } = await callFlux(few);
  assert.equal(status, 0); // Both are counted, printed or not.
  assert.ok(out.length <= 12, out);
  for (const topic of ["w/1", "w/2"]) await retain(server, topic, new Uint8Array());
});

Deno.test("rr of 3.1.1 asks too, and --latency tells how long the answer took", async () => {
  await using server = new LocalServer();
  for (const version of ["5", "311", "31"]) {
    const args = ["rr", ...at(server), "-V", version, "-t", "echo", "-e", "echo", "-m", "ping"];
    const { status, out } = await callFlux([...args, "--latency", "-W", "10"]);
    assert.equal(status, 0);
    assert.match(out, /^ping\nLatency: \d+\.\d{3} ms\n$/);
  }
});
