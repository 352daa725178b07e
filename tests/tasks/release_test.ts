import { strict as assert } from "node:assert";
import { parseArguments } from "../../lib/config/mod.ts";
import { CLIENT_FLAGS, COMMON_FLAGS } from "../../lib/cli/client_options.ts";
import type { Flags } from "../../lib/cli/commands.ts";
import { VERSION } from "../../lib/version.ts";
import { formula } from "../../tasks/release/formula.ts";
import { billOfMaterials } from "../../tasks/release/sbom.ts";

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
    assert(dockerfile.includes(`/dist/flux-mqtt-$target" ${program} `), program);
    assert.deepEqual(parseArguments(listed(dockerfile, /^CMD/)).problems, []);
    // What a stage takes from the one before, that one has made.
    for (const [, path = ""] of dockerfile.matchAll(/^COPY --from=files .*?(\/\S+) /gm)) {
      assert.match(dockerfile, new RegExp(`(?:install .*|-d .*) ${path}( |$)`, "m"));
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

Deno.test("the Home Assistant add-on has the version of the program, and ports that it can have", async () => {
  const config = await Deno.readTextFile(new URL("home-assistant/config.yaml", RELEASE));
  assert.match(config, new RegExp(`^version: "${VERSION.replaceAll(".", "\\.")}"$`, "m"));
  for (const key of ["name", "slug", "description", "arch", "ports"]) {
    assert.match(config, new RegExp(`^${key}:`, "m"));
  }
});

Deno.test("the Homebrew formula names each executable for macOS and Linux with its checksum", () => {
  const sha256 = "a".repeat(64);
  const names = ["aarch64-apple-darwin", "x86_64-unknown-linux-gnu", "x86_64-pc-windows-msvc.exe"];
  const files = names.map((name) => ({ name: `flux-mqtt-${name}`, sha256 }));
  const text = formula(files, "https://example.org/releases")!;
  assert.equal(text.match(/^ +url "https:\/\/example\.org\/releases\/flux-mqtt-/gm)?.length, 2);
  assert.equal(text.match(/^ +sha256 "a{64}"$/gm)?.length, 2);
  assert(!text.includes("windows"));
  assert.equal(
    text.match(/\b(?:do|class|def)\b(?! \w+:)/g)?.length,
    text.match(/^ *end$/gm)?.length,
  );
  assert.equal(formula(files.slice(2), "https://example.org"), undefined);
});
