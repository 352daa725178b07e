import { strict as assert } from "node:assert";
import { makeCertificates } from "../../lib/cli/setup/certificates.ts";
import { BrokerProcess } from "../support/broker_process.ts";
import { callFlux, type FluxRun, runFlux } from "../support/flux.ts";
import { freePort } from "../support/free_port.ts";

async function inDirectory(act: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "flux-setup-" });
  try {
    await act(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const setup = (...args: string[]): Promise<FluxRun> => runFlux(["setup", ...args]);

Deno.test("setup writes a configuration with TLS and a user, tries it, and the command that it prints connects", () =>
  inDirectory(async (directory) => {
    const conf = `${directory}/conf`;
    const port = String(freePort());
    const flags = ["-u", "alice", "-p", port, "--name", "127.0.0.1", "--dashboard"];
    // The dashboard's port is one for all tests, so it is not opened.
    const { status, out, error } = await setup("-d", conf, ...flags, "--no-try");
    assert.deepEqual([status, error], [0, ""]);
    for (const name of ["passwords", "ca.key", "server.key"]) {
      if (Deno.build.os === "windows") break;
      assert.equal((await Deno.stat(`${conf}/${name}`)).mode! & 0o777, 0o600, name);
    }
    const [, command = ""] = /^ {2}deno task start (sub .*)$/m.exec(out) ?? [];
    const text = await Deno.readTextFile(`${conf}/flux.conf`);
    assert.match(text, /^protocol http_api\nhttp_admin alice$/m);
    const config = text.replace(/\n# For this machine alone[^]*/, "\n");
    await using broker = await BrokerProcess.start({ config, isPortOwn: true });
    assert.equal(broker.port, Number(port));
    const [, ...words] = command.replaceAll("'", "").split(" ");
    const publish = words.slice(0, words.indexOf("-t"));
    const sent = await runFlux(["pub", ...publish, "-t", "a", "-m", "b", "-q", "1"]);
    assert.deepEqual([sent.status, sent.error], [0, ""]);
    const place = publish.slice(0, publish.indexOf("-P"));
    const wrong = await runFlux(["pub", ...place, "-P", "wrong", "-t", "a", "-m", "b"]);
    assert.equal(wrong.status, 15, wrong.error);
  }));

Deno.test("setup says what happened when it tried, replaces nothing without --force, and keeps a given password to itself", () =>
  inDirectory(async (directory) => {
    const flags = ["-d", directory, "-p", String(freePort()), "--stdin"];
    const first = await runFlux(["setup", ...flags], { input: "our secret\n" });
    assert.deepEqual([first.status, first.error], [0, ""]);
    assert.match(
      first.out,
      /starts and listens[^]*admin connects over TLS, publishes and receives/,
    );
    assert.match(first.out, /^ {2}A wrong password is refused$/m);
    assert(!first.out.includes("our secret"));
    const before = await Deno.readTextFile(`${directory}/server.key`);
    const again = await runFlux(["setup", ...flags], { input: "other\n" });
    assert.equal(again.status, 1);
    assert.match(again.error, /^Nothing is written: .*passwords.*; --force replaces it$/m);
    assert.equal(await Deno.readTextFile(`${directory}/server.key`), before);
    const forced = await runFlux(["setup", ...flags, "--force"], { input: "other\n" });
    assert.equal(forced.status, 0, forced.error);
    assert.notEqual(await Deno.readTextFile(`${directory}/server.key`), before);
    const names = [...Deno.readDirSync(directory)].map(({ name }) => name);
    assert.deepEqual(names.filter((name) => name.endsWith(".tmp")), []);
  }));

Deno.test("setup says where others may write into what it has made", {
  ignore: Deno.build.os === "windows",
}, () =>
  inDirectory(async (directory) => {
    for (const [mode, says] of [[0o755, ""], [0o777, "Other users may write into"]] as const) {
      Deno.chmodSync(directory, mode);
      const { status, error } = await callFlux(
        ["setup", "-d", directory, "--tls", "none", "--yes", "--no-try", "--force"],
      );
      assert.equal(status, 0);
      assert.equal(error.slice(0, says.length || 1), says);
    }
  }));

Deno.test("setup takes one's own certificates, and says where the port is taken", () =>
  inDirectory(async (directory) => {
    const { authority, server } = makeCertificates(["broker.home"], Date.now());
    const files = {
      "ca.crt": authority.certificate,
      "own.crt": server.certificate,
      "own.key": server.key,
    };
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${directory}/${name}`, text);
    }
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const own = [
      ...["--certfile", `${directory}/own.crt`, "--keyfile", `${directory}/own.key`],
      ...["--cafile", `${directory}/ca.crt`, "--name", "broker.home", "--address", "127.0.0.1"],
    ];
    const good = await setup("-d", `${directory}/a`, "-p", String(freePort()), ...own);
    assert.equal(good.status, 0, good.out + good.error);
    assert.match(good.out, / --cafile \S+\/ca\.crt -u admin /);
    assert.throws(() => Deno.statSync(`${directory}/a/server.key`), Deno.errors.NotFound);
    const bad = await setup("-d", `${directory}/b`, "-p", String(taken.addr.port), ...own);
    assert.equal(bad.status, 1);
    assert.match(bad.error, /Cannot listen on port \d+ .*in use/);
    assert.match(bad.out, /The broker does not start/);
  }));

const misuses: [args: string[], error: RegExp][] = [
  [["--tls", "some"], /^--tls: Must be make, own or none, is "some"$/m],
  [["--tls", "own"], /^--tls own: Needs --certfile and --keyfile$/m],
  [["--tls", "none", "--keyfile", "x"], /^--tls none: Takes no --certfile and no --keyfile$/m],
  [["-p", "70000"], /^--port: Must be a whole number from 1 to 65535$/m],
  [
    ["--tls", "own", "--certfile", "no.crt", "--keyfile", "no.key"],
    /^--certfile: Cannot read \S+\/no\.crt: No such file or directory$/m,
  ],
  [["--name", "a b"], /^--name: "a b" is neither a host name nor an address$/m],
  [["-u", "a:b"], /^A user name must not hold a colon/m],
  [["-d", "a\nb"], /Cannot stand in a configuration file$/m],
  [["extra"], /^extra: Is not understood$/m],
  [["--tsl", "none"], /^--tsl: Is not a flag; did you mean --tls\?$/m],
  [["-u", "-y"], /^-u: Needs a value; one that begins with a dash is written behind =$/m],
  [["--user"], /^-u: Needs a value$/m],
  [["--force=1"], /^--force: Takes no value$/m],
];
for (const [args, error] of misuses) {
  Deno.test(`flux-mqtt setup ${JSON.stringify(args)} is refused: status 2, and nothing is written`, () =>
    inDirectory(async (directory) => {
      const at = args[0] === "-d" ? [] : ["-d", `${directory}/x`];
      const run = await callFlux(["setup", ...at, ...args]);
      assert.equal(run.status, 2, run.error);
      assert.match(run.error, error);
      assert.deepEqual([...Deno.readDirSync(directory)], []);
    }));
}

Deno.test("flux-mqtt setup says where it cannot write, and leaves nothing", () =>
  inDirectory(async (directory) => {
    await Deno.writeTextFile(`${directory}/file`, "");
    const run = await runFlux(["setup", "-d", `${directory}/file/x`, "--tls", "none"]);
    assert.equal(run.status, 1);
    assert.match(run.error, /^Cannot write into \S+\/file\/x.*: Not a directory$/m);
    assert.deepEqual([...Deno.readDirSync(directory)].map(({ name }) => name), ["file"]);
  }));
