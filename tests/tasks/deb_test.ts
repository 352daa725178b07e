import { strict as assert } from "node:assert";
import { loadConfig } from "../../lib/config/mod.ts";
import { MqttClient } from "../../lib/client/mod.ts";
import { VERSION } from "../../lib/version.ts";
import { maintainerOf, makeDeb } from "../../tasks/release/deb.ts";
import { callFlux } from "../support/flux.ts";
import { longTest } from "../support/long.ts";
import { START_FLAGS } from "../support/start_flags.ts";
import { freePort } from "../support/free_port.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;
const CONFIG = "etc/flux-mqtt/flux.conf";

/** Runs a program to its end; what it said comes back where it did well, and is thrown where not. */
async function run(command: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args, stdin: "null" })
    .output();
  const text = new TextDecoder();
  if (!success) throw new Error(`${command} ${args.join(" ")}: ${text.decode(stderr)}`);
  return text.decode(stdout);
}

async function works(command: string, ...args: string[]): Promise<boolean> {
  return await run(command, ...args).then(() => true, () => false);
}

/** A package whose executable starts the broker from the sources. */
async function packageIn(directory: string): Promise<string> {
  const executable = `${directory}/flux-mqtt`;
  const command = [Deno.execPath(), "run", "--no-prompt", "--no-check", ...START_FLAGS, MAIN];
  await Deno.writeTextFile(executable, `#!/bin/sh\nexec ${command.join(" ")} "$@"\n`);
  const bytes = new TextEncoder().encode("text\n");
  const output = `${directory}/flux-mqtt.deb`;
  const license = await Deno.readTextFile(new URL("../../LICENSE", import.meta.url));
  const environment = { DEBFULLNAME: "A Person", DEBEMAIL: "person@example.org" };
  await makeDeb({
    executable,
    architecture: "all",
    documents: {
      man: new TextEncoder().encode((await callFlux(["man"])).out),
      bash: bytes,
      zsh: bytes,
      fish: bytes,
    },
    license,
    maintainer: maintainerOf(license, (name) => environment[name as keyof typeof environment]),
    output,
  });
  return output;
}

/**
 * The machine's own files with what is changed kept aside, in a mount namespace of its own: nothing that happens there is seen outside,
 * and all of it goes with the process. Its arguments: a directory, and a script.
 */
const ASIDE = `set -e
mkdir -p "$1/changes"; mount -t tmpfs none "$1/changes"
mkdir "$1/changes/upper" "$1/changes/work" "$1/changes/root"
mount -t overlay none -o "lowerdir=/,upperdir=$1/changes/upper,workdir=$1/changes/work" "$1/changes/root"
for name in proc dev; do mount --rbind "/$name" "$1/changes/root/$name"; done
mkdir -p "$1/changes/root$1"; cp "$1"/*.deb "$1/changes/root$1/" 2>/dev/null || true
exec chroot "$1/changes/root" /bin/sh -e -c "$2"`;

function aside(directory: string, script: string): string[] {
  return ["--mount", "--propagation", "private", "sh", "-c", ASIDE, "sh", directory, script];
}

async function inDirectory(act: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "flux-deb-" });
  try {
    await act(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

function skip(reason: string): void {
  // deno-lint-ignore no-console -- whoever reads the results is to know
  console.log(`Skipped: ${reason}`);
}

Deno.test("the Debian package has executable, unit, user and a valid conffile", () =>
  inDirectory(async (directory) => {
    if (!await works("dpkg-deb", "--version")) return skip("dpkg-deb is not installed");
    const file = await packageIn(directory);
    assert.equal((await run("dpkg-deb", "-f", file, "Version")).trim(), VERSION);
    const listed = await run("dpkg-deb", "-c", file);
    assert.match(listed, /^-rwxr-xr-x root\/root .* \.\/usr\/bin\/flux-mqtt$/m);
    assert.match(listed, /^-rw-r--r-- root\/root .* \.\/etc\/flux-mqtt\/flux\.conf$/m);
    const unpacked = `${directory}/unpacked`;
    await run("dpkg-deb", "-R", file, unpacked);
    const text = async (path: string) => await Deno.readTextFile(`${unpacked}/${path}`);
    assert.equal(await text("DEBIAN/conffiles"), `/${CONFIG}\n`);
    const unit = await text("usr/lib/systemd/system/flux-mqtt.service");
    assert.match(unit, /^ExecStart=\/usr\/bin\/flux-mqtt -c \/etc\/flux-mqtt\/flux\.conf$/m);
    const config = await text(CONFIG);
    const result = loadConfig({
      file: "flux.conf",
      readFile: () => config,
      listDirectory: () => [],
      environment: {},
      flags: [],
      user: { name: "", isRoot: false },
    });
    assert(result.isValid, JSON.stringify(result));
    // Nobody but this machine comes in before somebody says so.
    assert.deepEqual(result.config.listeners.map(({ address }) => address), ["127.0.0.1"]);
    for (const script of ["postinst", "prerm", "postrm"]) {
      await run("sh", "-n", `${unpacked}/DEBIAN/${script}`);
    }
  }));

const MAINTAINERS: readonly [environment: Readonly<Record<string, string>>, maintainer: string][] =
  [
    [{}, "the flux-mqtt authors"],
    [{ DEBEMAIL: "a@example.org" }, "the flux-mqtt authors <a@example.org>"],
    [{ DEBFULLNAME: "A Person", DEBEMAIL: "a@example.org" }, "A Person <a@example.org>"],
  ];

for (const [environment, maintainer] of MAINTAINERS) {
  Deno.test(`the Debian package is maintained by ${maintainer} with ${JSON.stringify(environment)}`, async () => {
    const license = await Deno.readTextFile(new URL("../../LICENSE", import.meta.url));
    assert.equal(maintainerOf(license, (name) => environment[name]), maintainer);
  });
}

longTest(
  "lintian finds no error in the Debian package, and warns of nothing",
  () =>
    inDirectory(async (directory) => {
      if (!await works("lintian", "--version")) return skip("lintian is not installed");
      const found = await run("lintian", "--tag-display-limit", "0", await packageIn(directory));
      assert.deepEqual(found.split("\n").filter((line) => /^[EW]:/.test(line)), []);
    }),
);

Deno.test("the Debian package is installed, its broker runs as its user, and remove and purge leave what they should", () =>
  inDirectory(async (directory) => {
    if (!await works("dpkg-deb", "--version")) return skip("dpkg-deb is not installed");
    if (!await works("unshare", ...aside(directory, "dpkg --version"))) {
      return skip("this process may not mount: the package is only unpacked");
    }
    const file = await packageIn(directory);
    const port = freePort();
    const script = `
      dpkg --no-triggers --force-unsafe-io -i ${file} >&2
      getent passwd flux-mqtt >&2
      sed -i 's/^listener 1883/listener ${port}/' /${CONFIG}
      install -d -o flux-mqtt -g flux-mqtt -m 700 /var/lib/flux-mqtt
      export HOME=/var/lib/flux-mqtt DENO_DIR=/var/lib/flux-mqtt/deno NO_COLOR=1
      user="setpriv --reuid=flux-mqtt --regid=flux-mqtt --clear-groups"
      if ! $user test -r ${MAIN} -a -x ${Deno.execPath()}; then user=; echo "AS ROOT"; fi
      $user /usr/bin/flux-mqtt -c /${CONFIG} >&2 & broker=$!
      read line
      kill $broker; wait $broker || true
      echo "STORE $(stat -c %a /var/lib/flux-mqtt/flux-mqtt.db)"
      dpkg --no-triggers -r flux-mqtt >&2
      [ ! -e /usr/bin/flux-mqtt ] && [ -e /${CONFIG} ] && [ -e /var/lib/flux-mqtt ] && echo REMOVED
      dpkg --no-triggers -P flux-mqtt >&2
      [ ! -e /etc/flux-mqtt ] && [ ! -e /var/lib/flux-mqtt ] && echo PURGED`;
    const child = new Deno.Command("unshare", {
      args: aside(directory, script),
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const ended = child.output();
    const failure = await until(port).then(() => undefined, (error) => error);
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode("\n")).catch(() => {});
    await writer.close().catch(() => {});
    const { code, stdout, stderr } = await ended;
    const [out, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assert.equal(failure, undefined, `${failure}\n${error}`);
    assert.equal(code, 0, error);
    assert.match(out!, /^STORE 600\nREMOVED\nPURGED$/m);
    if (out!.includes("AS ROOT")) skip("the service's user may not read Deno: it ran as root");
    assert.throws(() => Deno.statSync("/usr/bin/flux-mqtt"), Deno.errors.NotFound);
  }));

/** Waits until a client has published there. */
async function until(port: number): Promise<void> {
  const deadlineMs = performance.now() + 20_000;
  for (;;) {
    try {
      const client = await MqttClient.connect({ hostname: "127.0.0.1", port });
      await client.publish("a", new TextEncoder().encode("b"), { qos: 1, retain: true });
      return await client.disconnect();
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}
