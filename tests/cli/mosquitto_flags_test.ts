import { strict as assert } from "node:assert";
import { callFlux, runFlux, startFlux } from "../support/flux.ts";
import { Lines } from "../support/lines.ts";
import { freePort } from "../support/free_port.ts";
import { LocalServer } from "../support/local_server.ts";
import { publish, subscribeToEnd } from "../support/mosquitto.ts";
import { hasMosquitto } from "../support/mosquitto_broker.ts";

/** The flags of mosquitto's clients, beside these clients themselves. */

function besideTest(name: string, fn: (server: LocalServer) => Promise<void>): void {
  Deno.test({
    name,
    ignore: !hasMosquitto,
    fn: async () => {
      await using server = new LocalServer();
      await fn(server);
      for (const topic of ["f/a", "f/b", "f/c"]) {
        await publish(server.port, ["-t", topic, "-n", "-r", "-q", "1"]);
      }
    },
  });
}

const at = (server: LocalServer) => ["-h", "127.0.0.1", "-p", String(server.port)];

/** Retained messages, so that whoever comes later gets them: with properties, and as text that is no JSON. */
async function keepMessages(server: LocalServer): Promise<void> {
  const properties = [
    ["content-type", "text/x"],
    ["user-property", "k", "v"],
    ["response-topic", "r/t"],
    ["correlation-data", "cd"],
    ["payload-format-indicator", "1"],
  ].flatMap((words) => ["-D", "publish", ...words]);
  const json = ["-t", "f/a", "-r", "-q", "1", "-m", '{"a":1,"b":[1,2]}'];
  await publish(server.port, ["-V", "5", ...json, ...properties]);
  await publish(server.port, ["-t", "f/b", "-r", "-m", "two words"]);
}

const formats = [
  "%t|%p|%q|%r|%l|%m",
  "%A|%C|%D|%E|%F|%P|%R|%S",
  "%x %X %% \\t\\e\\n\\\\ @@",
  "@Y-@m-@d",
];
for (const version of ["5", "311"]) {
  besideTest(`sub -V ${version} -F prints what mosquitto_sub -F prints`, async (server) => {
    await keepMessages(server);
    for (const format of formats) {
      const flags = ["-V", version, "-q", "1", "-t", "f/a", "-C", "1", "-F", format];
      const theirs = await subscribeToEnd(server.port, flags);
      const ours = await callFlux(["sub", ...at(server), ...flags]);
      assert.equal(ours.out, theirs.output, format);
    }
    for (const format of ["%j", "%J"]) {
      const flags = ["-V", version, "-q", "1", "-t", "f/a", "-C", "1", "-F", format];
      const theirs = JSON.parse((await subscribeToEnd(server.port, flags)).output);
      const ours = JSON.parse((await callFlux(["sub", ...at(server), ...flags])).out);
      for (const one of [ours, theirs]) {
        assert.match(one.tst, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z\+0000$/);
        delete one.tst;
      }
      assert.deepEqual(ours, theirs);
    }
  });
}

besideTest(
  "sub -T, -R, --retained-only and --remove-retained choose as mosquitto_sub does",
  async (server) => {
    await keepMessages(server);
    const cases = [
      ["-t", "f/#", "-T", "f/a", "-C", "1", "-v"],
      ["-t", "f/#", "-t", "f/a", "--retained-only", "-C", "2", "-v"],
      ["-t", "f/+", "-R", "-E"],
    ];
    for (const flags of cases) {
      await keepMessages(server);
      const theirs = await subscribeToEnd(server.port, flags);
      await keepMessages(server);
      const ours = await callFlux(["sub", ...at(server), ...flags]);
      assert.deepEqual([ours.out, ours.status], [theirs.output, theirs.code], flags.join(" "));
    }
    await callFlux(["sub", ...at(server), "-t", "f/#", "--remove-retained", "-C", "2", "-W", "10"]);
    await server.until(() =>
      ["f/a", "f/b"].every((name) => !server.broker.core.retained.get(name))
    );
  },
);

besideTest("pub -d and sub -d print the lines of mosquitto's clients", async (server) => {
  for (const qos of ["0", "1", "2"]) {
    const flags = ["-V", "311", "-d", "-i", "me", "-t", "f/c", "-m", "hello", "-q", qos, "-r"];
    const theirs = await publish(server.port, flags);
    const ours = await callFlux(["pub", ...at(server), ...flags]);
    // mosquitto_pub counts messages of QoS 0 too, which have no Packet Identifier.
    assert.equal(ours.out, qos === "0" ? theirs.output.replace("m1,", "m0,") : theirs.output);
  }
  const flags = ["-V", "311", "-d", "-i", "me", "-t", "f/c", "-C", "1", "-v"];
  const theirs = await subscribeToEnd(server.port, flags);
  const ours = await callFlux(["sub", ...at(server), ...flags]);
  assert.equal(ours.out, theirs.output);
});

besideTest("-L, -I, -M, --repeat-delay, --nodelay and --unix are taken", async (server) => {
  const directory = await Deno.makeTempDir({ prefix: "flux-cli-" });
  try {
    await server.listen({ path: `${directory}/s`, options: { allowAnonymous: true } });
    const url = `mqtt://127.0.0.1:${server.port}/f/c`;
    const flags = ["-m", "x", "-q", "1", "-I", "pre-", "-M", "5", "--nodelay", "-r"];
    const repeated = ["--repeat", "2", "--repeat-delay", "0.01"];
    assert.equal((await callFlux(["pub", "-L", url, ...flags, ...repeated])).status, 0);
    assert.ok(server.details.some((line) => line.includes(`"clientId":"pre-${Deno.pid}"`)));
    const { out } = await callFlux(["sub", "--unix", `${directory}/s`, "-t", "f/c", "-C", "1"]);
    assert.equal(out, "x\n");
    const { status, error } = await callFlux(["pub", "-L", "http://x/y", "-m", "x"]);
    assert.equal(status, 2);
    assert.match(error, /^-L: Must be mqtt\[s\]:/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a file in ~/.config says what the command line leaves out", async () => {
  await using server = new LocalServer();
  const home = await Deno.makeTempDir({ prefix: "flux-home-" });
  try {
    await Deno.mkdir(`${home}/.config`);
    await Deno.writeTextFile(
      `${home}/.config/mosquitto_pub`,
      `# of the user\n-h 127.0.0.1\n-p ${server.port}\n-q 1\n-m a message\n-D publish user-property k v\n`,
    );
    const child = new Deno.Command("env", {
      args: [
        `HOME=${home}`,
        Deno.execPath(),
        ...["run", "-A", "--no-check", new URL("../../main.ts", import.meta.url).pathname],
        ...["pub", "-t", "t", "-d", "-i", "me"],
      ],
      stdout: "piped",
      env: { DENO_DIR: Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno` },
    });
    const { stdout, code } = await child.output();
    assert.equal(code, 0);
    assert.match(
      new TextDecoder().decode(stdout),
      /sending PUBLISH \(d0, q1, r0, m1, 't', \.\.\. \(9 bytes\)\)/,
    );
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});

Deno.test("sub connects again to a broker that is restarted, as mosquitto_sub does", async () => {
  const port = freePort();
  const first = new LocalServer();
  first.server.listen({ port });
  const child = startFlux(["sub", "-h", "127.0.0.1", "-p", String(port), "-t", "t", "-C", "1"]);
  const lines = new Lines(child.stdout);
  const errors = new Lines(child.stderr);
  await first.until(() => first.broker.core.router.size === 1, 20_000);
  await first.server.close();
  const second = new LocalServer();
  second.server.listen({ port });
  await second.until(() => second.broker.core.router.size === 1, 20_000);
  await runFlux([
    "pub",
    "-h",
    "127.0.0.1",
    "-p",
    String(port),
    "-t",
    "t",
    "-m",
    "again",
    "-q",
    "1",
  ]);
  assert.equal((await child.status).code, 0);
  await Promise.all([lines.ended, errors.ended]);
  assert.deepEqual(lines.all, ["again"]);
  assert.match(errors.all.join("\n"), /connecting again/);
  await second.server.close();
});

Deno.test("pub at a broker that speaks no 5.0 says which flag to try", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    using conn = await listener.accept();
    await conn.read(new Uint8Array(1000));
    await conn.write(Uint8Array.of(0x20, 2, 0, 1));
    while (await conn.read(new Uint8Array(1000)).catch(() => null) !== null);
  })();
  const place = ["-h", "127.0.0.1", "-p", String(listener.addr.port)];
  const { status, error } = await callFlux(["pub", ...place, "-t", "t", "-m", "x"]);
  assert.equal(status, 14);
  assert.match(error, /Unsupported Protocol Version: try -V 311/);
  await serving;
  listener.close();
});
