/**
 * The software bill of materials of the executable, as CycloneDX 1.6: what is in it, and how that was determined.
 *
 * Nothing is looked up and nothing is dated, so the same sources and the same Deno make the same file.
 *
 * @module
 */
import { DatabaseSync } from "node:sqlite";
import { VERSION } from "../../lib/version.ts";
import { INCLUDED } from "../compile.ts";

const ROOT = new URL("../..", import.meta.url);

/** A file that is published, with the SHA-256 of its bytes in hexadecimal. */
export interface ReleasedFile {
  /** Its name in `dist/`. */
  readonly name: string;
  /** 64 digits. */
  readonly sha256: string;
}

/** Makes the bill. Throws where the program imports what is neither its own file nor built into Deno. */
export async function billOfMaterials(
  executables: readonly ReleasedFile[],
): Promise<Record<string, unknown>> {
  const moduleCount = await countModules();
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      component: {
        type: "application",
        "bom-ref": "flux-mqtt",
        name: "flux-mqtt",
        version: VERSION,
        licenses: [{ license: { id: "MIT" } }],
        properties: [
          how(
            `deno info on main.ts and the Workers: ${moduleCount} modules, all of them files of this repository; no package of npm, ` +
              "JSR or any other registry",
          ),
        ],
      },
      tools: {
        components: ["deno bundle", "deno compile"].map((name) => (
          { type: "application", name, version: Deno.version.deno }
        )),
      },
    },
    components: [...runtimeComponents(), ...executables.map(fileComponent)],
    dependencies: [
      { ref: "flux-mqtt", dependsOn: ["deno"] },
      { ref: "deno", dependsOn: ["v8", "sqlite"] },
    ],
    // The crates in Deno's base executable are listed by Deno's own project.
    compositions: [{ aggregate: "incomplete", assemblies: ["deno"] }],
  };
}

/** The base executable, and what Deno tells of its inside. `deno compile` takes none of another version than its own. */
function runtimeComponents(): Record<string, unknown>[] {
  const { deno, v8 } = Deno.version;
  const sqlite = sqliteVersion();
  return [
    {
      type: "platform",
      "bom-ref": "deno",
      name: "deno",
      version: deno,
      purl: `pkg:github/denoland/deno@v${deno}`,
      cpe: `cpe:2.3:a:deno:deno:${deno}:*:*:*:*:*:*:*`,
      licenses: [{ license: { id: "MIT" } }],
      properties: [how("Deno.version.deno of the Deno that compiled")],
    },
    {
      type: "library",
      "bom-ref": "v8",
      name: "v8",
      version: v8,
      cpe: `cpe:2.3:a:google:v8:${v8.replace(/-.*/, "")}:*:*:*:*:*:*:*`,
      licenses: [{ license: { id: "BSD-3-Clause" } }],
      properties: [how("Deno.version.v8 of the Deno that compiled")],
    },
    {
      type: "library",
      "bom-ref": "sqlite",
      name: "sqlite",
      version: sqlite,
      cpe: `cpe:2.3:a:sqlite:sqlite:${sqlite}:*:*:*:*:*:*:*`,
      licenses: [{ license: { id: "blessing" } }],
      properties: [how("sqlite_version() of node:sqlite in the Deno that compiled")],
    },
  ];
}

function fileComponent({ name, sha256 }: ReleasedFile): Record<string, unknown> {
  return { type: "file", name, hashes: [{ alg: "SHA-256", content: sha256 }] };
}

function how(value: string): { name: string; value: string } {
  return { name: "flux-mqtt:determined-by", value };
}

function sqliteVersion(): string {
  const database = new DatabaseSync(":memory:");
  try {
    return String(database.prepare("select sqlite_version() as version").get()?.["version"]);
  } finally {
    database.close();
  }
}

async function countModules(): Promise<number> {
  const specifiers = new Set<string>();
  for (const entry of ["main.ts", ...INCLUDED]) {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", entry],
      cwd: ROOT,
      stderr: "inherit",
    }).output();
    // `npmPackages` beside it lists what the tests use too: all of deno.lock.
    const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as {
      modules: { specifier: string }[];
    };
    for (const { specifier } of modules) specifiers.add(specifier);
  }
  const builtIn = /^node:/;
  const own = [...specifiers].filter((specifier) => !builtIn.test(specifier));
  const foreign = own.find((specifier) => !specifier.startsWith(ROOT.href));
  if (foreign !== undefined) throw new Error(`The program imports ${foreign}`);
  return own.length;
}
