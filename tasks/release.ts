// deno-lint-ignore-file no-console -- a command line tool
/**
 * Makes everything that is published in `dist/`: an executable for each target, man page, example configuration, completions, systemd unit,
 * Grafana dashboard, Debian packages, Homebrew formula, Home Assistant add-on, examples of a cluster, bill of materials, checksums.
 *
 *     deno task release [--base FOLDER] [--target TARGET…] [--url URL]
 *
 * URL is where the executables will be published; without it no formula is made.
 *
 * If Deno cannot download its base executables, FOLDER must contain them as `denort-TARGET`, of exactly this Deno's version; for this
 * machine's own target `DENORT_BIN` works too. Exit status: 1 if a target could not be made; everything else is made.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { Progress } from "../lib/cli/progress.ts";
import { VERSION } from "../lib/version.ts";
import { compile } from "./compile.ts";
import { maintainerOf, makeDeb } from "./release/deb.ts";
import { formula } from "./release/formula.ts";
import { billOfMaterials, type ReleasedFile } from "./release/sbom.ts";

const ROOT = new URL("..", import.meta.url);
const DIST = new URL("dist/", ROOT);

const TARGETS: readonly string[] = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
  "x86_64-pc-windows-msvc",
];

/** Files that the program itself prints. */
const PRINTED: readonly (readonly [file: string, args: readonly string[]])[] = [
  ["flux-mqtt.1", ["man"]],
  ["flux.example.conf", ["example-config"]],
  ["flux-mqtt.bash", ["completions", "bash"]],
  ["_flux-mqtt", ["completions", "zsh"]],
  ["flux-mqtt.fish", ["completions", "fish"]],
];

/** Files that are copied unchanged. */
const COPIED: readonly (readonly [name: string, folder: string])[] = [
  ["flux-mqtt.service", "lib/cli/service"],
  ["Dockerfile", "tasks/release"],
  ["grafana-dashboard.json", "tasks/release"],
  ["cluster/compose.yaml", "tasks/release"],
  ["cluster/flux.conf", "tasks/release"],
  ["cluster/flux-mqtt-cluster.conf", "tasks/release"],
  ["cluster/nats-server.conf", "tasks/release"],
  ["cluster/nats-server.service", "tasks/release"],
  ["home-assistant/config.yaml", "tasks/release"],
  ["home-assistant/Dockerfile", "tasks/release"],
  ["home-assistant/DOCS.md", "tasks/release"],
];

/** Debian's architectures of the targets with a package. */
const DEBIAN: readonly (readonly [target: string, architecture: string])[] = [
  ["x86_64-unknown-linux-gnu", "amd64"],
  ["aarch64-unknown-linux-gnu", "arm64"],
];

/** A target that could not be made, and why. */
interface Failure {
  readonly target: string;
  readonly reason: string;
}

async function makeExecutables(
  targets: readonly string[],
  folder: string | undefined,
): Promise<{ made: string[]; failures: Failure[] }> {
  const made: string[] = [];
  const failures: Failure[] = [];
  using progress = new Progress();
  for (const [i, target] of targets.entries()) {
    const name = `flux-mqtt-${target}${target.includes("windows") ? ".exe" : ""}`;
    const { isMade, warning, output } = await compile(`dist/${name}`, {
      target,
      base: baseOf(target, folder),
      onStep: (what) => progress.tell(`Executable ${i + 1} of ${targets.length}: ${what}`),
    });
    progress.clear();
    if (warning !== "") console.log(`${name}: ${warning}`);
    if (isMade) made.push(name);
    else failures.push({ target, reason: reasonIn(output) });
  }
  return { made, failures };
}

/** Extracts the reason from the compiler's output, without colours and stack, and the advice at its end. */
function reasonIn(output: string): string {
  // deno-lint-ignore no-control-regex -- the colours begin with one
  const text = output.replace(/\x1b\[[\d;]*m/g, "");
  const errors = text.split("\n").filter((line) =>
    /^error|\[ERROR\]|^Caused|^\s+1: [a-z]{2}/.test(line)
  );
  const [hint = ""] = /^The base executable.*$/m.exec(text) ?? [];
  return [...errors, hint].filter((line) => line !== "").join("\n  ");
}

/** The base executable of a target; `undefined` for the one that `DENORT_BIN` names, which is for this machine. */
function baseOf(target: string, folder: string | undefined): string | undefined {
  for (const name of folder === undefined ? [] : [`denort-${target}`, `denort-${target}.exe`]) {
    const path = `${folder}/${name}`;
    if (exists(path)) return path;
  }
  return target === Deno.build.target ? undefined : "";
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

async function printed(args: readonly string[]): Promise<Uint8Array> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "main.ts", ...args],
    cwd: ROOT,
  }).output();
  if (code === 0) return stdout;
  throw new Error(`flux-mqtt ${args.join(" ")} exits ${code}: ${new TextDecoder().decode(stderr)}`);
}

/** Makes a Debian package of each executable with a Debian architecture, if dpkg-deb is installed. */
async function makePackages(made: readonly string[]): Promise<string[]> {
  const read = (name: string) => Deno.readFile(new URL(name, DIST));
  const documents = {
    man: await read("flux-mqtt.1"),
    bash: await read("flux-mqtt.bash"),
    zsh: await read("_flux-mqtt"),
    fish: await read("flux-mqtt.fish"),
  };
  const license = await Deno.readTextFile(new URL("LICENSE", ROOT));
  const maintainer = maintainerOf(license, (name) => Deno.env.get(name));
  const names: string[] = [];
  for (const [target, architecture] of DEBIAN) {
    if (!made.includes(`flux-mqtt-${target}`)) continue;
    const name = `flux-mqtt_${VERSION}_${architecture}.deb`;
    const output = decodeURIComponent(new URL(name, DIST).pathname);
    const executable = decodeURIComponent(new URL(`flux-mqtt-${target}`, DIST).pathname);
    try {
      await makeDeb({ executable, architecture, documents, license, maintainer, output });
      names.push(name);
      if (!maintainer.includes("<")) {
        console.log(`${name}: no address of who maintains it: set DEBEMAIL, and DEBFULLNAME`);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      console.log(`${name}: NOT made: dpkg-deb is not installed`);
    }
  }
  return names;
}

async function fingerprint(name: string): Promise<ReleasedFile> {
  const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(new URL(name, DIST)));
  return { name, sha256: new Uint8Array(digest).toHex() };
}

const USE = `Makes everything that is published in dist/.

  --base FOLDER    base executables, as denort-TARGET; default: Deno's own, or DENORT_BIN
  --target TARGET  one target, repeatable; default: all
  --url URL        where the executables will be published; without it no formula is made`;

const values = readCommandLine();
await Deno.mkdir(DIST, { recursive: true });
const { made, failures } = await makeExecutables(values.target ?? TARGETS, values.base);
for (const [name, args] of PRINTED) await Deno.writeFile(new URL(name, DIST), await printed(args));
for (const folder of ["cluster/", "home-assistant/"]) {
  await Deno.mkdir(new URL(folder, DIST), { recursive: true });
}
for (const [name, folder] of COPIED) {
  await Deno.copyFile(new URL(`${folder}/${name}`, ROOT), new URL(name, DIST));
}
const packages = await makePackages(made);
const executables = await Promise.all(made.map(fingerprint));
const brewed = values.url === undefined ? undefined : formula(executables, values.url);
if (brewed !== undefined) await Deno.writeTextFile(new URL("flux-mqtt.rb", DIST), brewed);
const bill = await billOfMaterials(executables);
await Deno.writeTextFile(
  new URL("flux-mqtt.cdx.json", DIST),
  `${JSON.stringify(bill, null, 2)}\n`,
);
const names = [
  ...made,
  ...packages,
  ...brewed === undefined ? [] : ["flux-mqtt.rb"],
  ...PRINTED.map(([name]) => name),
  ...COPIED.map(([name]) => name),
  "flux-mqtt.cdx.json",
];
const sums = await Promise.all(names.map(fingerprint));
await Deno.writeTextFile(
  new URL("SHA256SUMS", DIST),
  sums.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join(""),
);
for (const name of [...names, "SHA256SUMS"]) console.log(`made    dist/${name}`);
for (const { target, reason } of failures) console.log(`NOT made for ${target}:\n  ${reason}`);
if (failures.length > 0) Deno.exit(1);

/** Prints the use and exits for `--help`, and for what is not understood. */
function readCommandLine() {
  try {
    const { values } = parseArgs({
      args: Deno.args,
      options: {
        base: { type: "string" },
        target: { type: "string", multiple: true },
        url: { type: "string" },
        help: { type: "boolean" },
      },
    });
    if (values.help !== true) return values;
    console.log(USE);
    Deno.exit(0);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${USE}`);
    Deno.exit(2);
  }
}
