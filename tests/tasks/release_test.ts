import { strict as assert } from "node:assert";
import { parseArguments } from "../../lib/config/mod.ts";
import { CLIENT_FLAGS, COMMON_FLAGS } from "../../lib/cli/client_options.ts";
import type { Flags } from "../../lib/cli/commands.ts";
import { longTest } from "../support/long.ts";
import { VERSION } from "../../lib/version.ts";
import { compile } from "../../tasks/compile.ts";
import { formula } from "../../tasks/release/formula.ts";
import { billOfMaterials } from "../../tasks/release/sbom.ts";

longTest("compile tells its two steps", async () => {
  const steps: string[] = [];
  const base = "/nowhere/denort";
  const init = { base, onStep: (what: string) => void steps.push(what) };
  const { isMade } = await compile("/nowhere/flux-mqtt", init);
  assert(!isMade);
  assert.deepEqual(steps, [
    "1 of 2: puts the modules together",
    "2 of 2: makes /nowhere/flux-mqtt",
  ]);
});

const SERVICE = new URL("../../lib/cli/service/flux-mqtt.service", import.meta.url);

interface Component {
  readonly name: string;
  readonly version?: string;
  readonly hashes?: readonly { readonly content: string }[];
}

Deno.test("the bill of materials names the runtime, what is in it, and the executables", async () => {
  const sha256 = "0".repeat(64);
  const bill = await billOfMaterials([{ name: "flux-mqtt-x", sha256 }]);
  const { component } = bill["metadata"] as { component: Component };
  assert.deepEqual([component.name, component.version], ["flux-mqtt", VERSION]);
  const components = bill["components"] as readonly Component[];
  assert.deepEqual(components.map(({ name }) => name), ["deno", "v8", "sqlite", "flux-mqtt-x"]);
  assert.equal(components[0]!.version, Deno.version.deno);
  assert.match(components[2]!.version!, /^3\.\d+\.\d+$/);
  assert.equal(components[3]!.hashes![0]!.content, sha256);
  assert.deepEqual(await billOfMaterials([{ name: "flux-mqtt-x", sha256 }]), bill);
});

Deno.test("systemd understands every line of the unit, and finds it well protected", async () => {
  const unit = await Deno.readTextFile(SERVICE);
  assert.match(unit, /^Type=notify$/m);
  const directory = await Deno.makeTempDir();
  try {
    // The executable is not installed here.
    const path = `${directory}/flux-mqtt.service`;
    await Deno.writeTextFile(path, unit.replaceAll("/usr/local/bin/flux-mqtt", "/bin/true"));
    const { code, stderr } = await new Deno.Command("systemd-analyze", {
      args: ["verify", "--man=no", path],
    }).output();
    assert.deepEqual([code, new TextDecoder().decode(stderr)], [0, ""]);
    // In tenths of systemd's measure of exposure, 0 to 10: what this unit has, and a little.
    const security = await new Deno.Command("systemd-analyze", {
      args: ["security", "--offline=true", "--threshold=16", "--no-pager", path],
    }).output();
    assert.equal(security.code, 0, new TextDecoder().decode(security.stdout));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    // deno-lint-ignore no-console -- whoever reads the results is to know
    console.log("Not verified: systemd-analyze is not installed");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

const RELEASE = new URL("../../tasks/release/", import.meta.url);

/** The words of an instruction that is written as a list, `["a", "b"]`. */
function listed(dockerfile: string, instruction: RegExp): readonly string[] {
  const [, list = "[]"] = new RegExp(`${instruction.source} (\\[.*\\])$`, "m").exec(dockerfile) ??
    [];
  return JSON.parse(list);
}

for (const name of ["Dockerfile", "home-assistant/Dockerfile"]) {
  Deno.test(`the image of tasks/release/${name}: executables that a release makes, paths that are there, flags that are understood`, async () => {
    const dockerfile = await Deno.readTextFile(new URL(name, RELEASE));
    const release = await Deno.readTextFile(new URL("../release.ts", RELEASE));
    const targets = [...dockerfile.matchAll(/target=([\w-]+)/g)].map(([, target]) => target!);
    assert.equal(targets.length, 2);
    for (const target of targets) assert(release.includes(`"${target}",`), target);
    const [program = ""] = listed(dockerfile, /^ENTRYPOINT/);
    assert.match(dockerfile, new RegExp(`/dist/flux-mqtt-\\$target" ${program}\\s`));
    assert.deepEqual(parseArguments(listed(dockerfile, /^CMD/)).problems, []);
    // What a stage takes from the one before, that one has made.
    for (const [, path = ""] of dockerfile.matchAll(/^COPY --from=files .*?(\/\S+) /gm)) {
      assert.match(dockerfile, new RegExp(`(?:install .*|-d .*) ${path}(\\s|$)`, "m"));
    }
    const [command, ...check] = listed(dockerfile, /^HEALTHCHECK .* CMD/);
    if (command === undefined) return;
    assert.deepEqual([command, check[0]], [program, "health"]);
    const flags: Flags = { ...CLIENT_FLAGS.health, ...COMMON_FLAGS };
    const known = Object.entries(flags)
      .flatMap(([name, { short }]) => [`--${name}`, `-${short}`]);
    for (const flag of check.filter((word) => word.startsWith("-"))) assert(known.includes(flag));
  });
}

/** What a builder names the machine, and what the base image's own `dpkg` does; the executable that has to be in the image. */
const MACHINES: readonly [
  dockerfile: string,
  named: Readonly<Record<string, string>>,
  base: string,
  target: string,
][] = [
  ["Dockerfile", { TARGETARCH: "amd64" }, "amd64", "x86_64-unknown-linux-gnu"],
  ["Dockerfile", { TARGETARCH: "arm64" }, "arm64", "aarch64-unknown-linux-gnu"],
  ["Dockerfile", {}, "arm64", "aarch64-unknown-linux-gnu"],
  ["home-assistant/Dockerfile", { BUILD_ARCH: "aarch64" }, "arm64", "aarch64-unknown-linux-gnu"],
  ["home-assistant/Dockerfile", { BUILD_ARCH: "amd64" }, "amd64", "x86_64-unknown-linux-gnu"],
  ["home-assistant/Dockerfile", {}, "arm64", "aarch64-unknown-linux-gnu"],
];

for (const [name, named, base, target] of MACHINES) {
  const who = JSON.stringify(named);
  Deno.test({
    name: `the image of tasks/release/${name} on ${base}, named ${who}, has the executable for it`,
    ignore: Deno.build.os === "windows",
    fn: async () => {
      const dockerfile = await Deno.readTextFile(new URL(name, RELEASE));
      // BuildKit gives its own names of the machine only to those that have no default.
      assert(!/^ARG \w+=/m.test(dockerfile));
      const [, script = ""] = /^RUN (case (?:.*\\\n)*.*)/m.exec(dockerfile) ?? [];
      const fakes = `dpkg() { echo ${base}; }; install() { echo "$@"; }; rm() { :; }\n`;
      const { success, stdout } = await new Deno.Command("sh", {
        args: ["-c", fakes + script],
        clearEnv: true,
        env: named,
      }).output();
      assert(success);
      assert.match(new TextDecoder().decode(stdout), new RegExp(`/dist/flux-mqtt-${target} `));
    },
  });
}

Deno.test("the Home Assistant add-on has the version of the program, and what the Supervisor takes", async () => {
  const config = await Deno.readTextFile(new URL("home-assistant/config.yaml", RELEASE));
  assert.match(config, new RegExp(`^version: "${VERSION.replaceAll(".", "\\.")}"$`, "m"));
  const keys = [...config.matchAll(/^(\w+):/gm)].map(([, key]) => key!);
  // Those that it asks for, and of the others those whose meaning its documentation tells.
  for (const key of ["name", "version", "slug", "description", "arch"]) assert(keys.includes(key));
  const optional = ["startup", "ports", "ports_description", "watchdog", "backup", "map"];
  assert.deepEqual(keys.slice(5), optional);
  assert.match(config, /^slug: [-_.A-Za-z0-9]+$/m);
  assert.match(config, /^startup: (initialize|system|services|application|once)$/m);
  assert.match(config, /^backup: (hot|cold)$/m);
  assert.match(config, /^watchdog: (?:https?|tcp):\/\/\[HOST\]:(\[PORT:\d+\]|\d+)$/m);
  for (const [, port] of config.matchAll(/^ {2}(\S+): (?:\d+|null)$/gm)) {
    assert.match(port!, /^\d+\/tcp$/);
  }
  const types = [...config.matchAll(/- type: (\w+)/g)].map(([, type]) => type);
  assert.deepEqual(types, ["addon_config", "ssl"]);
});

Deno.test("the Homebrew formula names each executable for macOS and Linux with its checksum", () => {
  const sha256 = "a".repeat(64);
  const names = ["aarch64-apple-darwin", "x86_64-unknown-linux-gnu", "x86_64-pc-windows-msvc.exe"];
  const files = names.map((name) => ({ name: `flux-mqtt-${name}`, sha256 }));
  const text = formula(files, "https://example.org/releases")!;
  assert.equal(text.match(/^ +url "https:\/\/example\.org\/releases\/flux-mqtt-/gm)?.length, 2);
  assert.equal(text.match(/^ +sha256 "a{64}"$/gm)?.length, 2);
  assert(!text.includes("windows"));
  assert.equal(formula(files.slice(2), "https://example.org"), undefined);
});

/** As much of Homebrew as the formula uses: its words, and directories for what it installs. */
const HOMEBREW = `require "pathname"; require "fileutils"; include FileUtils
ROOT = Pathname.new(ARGV[0])
class Pathname
  def install(files) = files.each { |from, to| mkpath; FileUtils.mv(from, self + to) }
  alias old_write write
  def write(text) = (dirname.mkpath; old_write(text))
end
module Utils; def self.safe_popen_read(*args) = IO.popen(args.map(&:to_s), &:read); end
class Formula
  class << self
    def desc(_) = nil; def homepage(_) = nil; def license(_) = nil; def sha256(_) = nil
    def version(text) = @version = text
    def url(text) = (@url = text); def test(&) = nil
    def on_linux = yield; def on_macos = nil; def on_intel = yield; def on_arm = nil
    def service(&) = nil
  end
  def bin = ROOT/"bin"; def man1 = ROOT/"man1"; def var = ROOT/"var"
  def generate_completions_from_executable(program, *words)
    %w[bash zsh fish].each { |shell| system(program.to_s, *words, shell, exception: true) }
  end
end
load ARGV[1]
Dir.chdir(ROOT/"stage") { FluxMqtt.new.install }
`;

Deno.test("Homebrew's formula installs an executable that may be run, its man page, and the service's directory", async () => {
  const directory = await Deno.makeTempDir({ prefix: "flux-brew-" });
  try {
    const file = { name: "flux-mqtt-x86_64-unknown-linux-gnu", sha256: "a".repeat(64) };
    await Deno.writeTextFile(`${directory}/flux-mqtt.rb`, formula([file], "https://example.org")!);
    await Deno.writeTextFile(`${directory}/homebrew.rb`, HOMEBREW);
    await Deno.mkdir(`${directory}/stage`);
    // As it is downloaded.
    await Deno.writeTextFile(`${directory}/stage/${file.name}`, "#!/bin/sh\necho about $*\n", {
      mode: 0o644,
    });
    const { code, stderr } = await new Deno.Command("ruby", {
      args: [`${directory}/homebrew.rb`, directory, `${directory}/flux-mqtt.rb`],
    }).output();
    assert.deepEqual([code, new TextDecoder().decode(stderr)], [0, ""]);
    assert.equal(await Deno.readTextFile(`${directory}/man1/flux-mqtt.1`), "about man\n");
    assert(Deno.statSync(`${directory}/var/flux-mqtt`).isDirectory);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    // deno-lint-ignore no-console -- whoever reads the results is to know
    console.log("Skipped: the Homebrew formula is run: ruby is not installed");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
