import { strict as assert } from "node:assert";
import { VERSION } from "../../lib/version.ts";
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
