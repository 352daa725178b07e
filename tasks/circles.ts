// deno-lint-ignore-file no-console -- a command line tool
/**
 * Refuses import cycles between the files of `lib/`: of values, of types, and those closed by an `import()`.
 *
 * Files in a cycle can only be understood, tested and moved together. The linter sees one file at a time, so this task asks `deno info`,
 * which knows every import however it is written.
 *
 * @module
 */

/** The imports of each file, of any kind; paths are relative to the folder. */
export type Imports = ReadonlyMap<string, readonly string[]>;

/** One module in the output of `deno info --json`. */
interface ModuleInfo {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly code?: { readonly specifier?: string };
    readonly type?: { readonly specifier?: string };
  }[];
}

/** Returns what the files below `folder` of `root` (two URLs that end in `/`) import from one another. Throws if `deno info` fails. */
export async function importsOf(root: URL, folder: string): Promise<Imports> {
  const entry = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    const files = [...filesBelow(root, folder)];
    const lines = files.map((file) => `import ${JSON.stringify(new URL(file, root).href)};\n`);
    await Deno.writeTextFile(entry, lines.join(""));
    const args = ["info", "--json", "--no-lock", entry];
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: root })
      .output();
    if (!success) throw new Error(`Cannot list imports: ${new TextDecoder().decode(stderr)}`);
    const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as { modules: ModuleInfo[] };
    const imports = modules.map(({ specifier, dependencies = [] }) => {
      const targets = dependencies.flatMap(({ code, type }) => [code?.specifier, type?.specifier]);
      return [specifier, targets.filter((target) => target !== undefined)] as const;
    });
    const known = new Set(files);
    const pathOf = (url: string) => decodeURIComponent(url.slice(root.href.length));
    return new Map(
      imports.filter(([file]) => file.startsWith(root.href)).map(([file, targets]) => [
        pathOf(file),
        [...new Set(targets.map(pathOf))].filter((path) => known.has(path)),
      ]),
    );
  } finally {
    await Deno.remove(entry);
  }
}

/**
 * Returns the shortest cycle through each file that is in one, each cycle once: `[a, b, c]` where a imports b, b imports c, and c imports
 * a.
 */
export function circlesIn(imports: Imports): readonly (readonly string[])[] {
  const circles = new Map<string, readonly string[]>();
  for (const file of imports.keys()) {
    const circle = circleThrough(file, imports);
    if (circle !== undefined) circles.set(circle.toSorted().join(), circle);
  }
  return [...circles.values()];
}

function circleThrough(file: string, imports: Imports): readonly string[] | undefined {
  const paths: (readonly string[])[] = [[file]];
  const seen = new Set<string>();
  for (const path of paths) {
    for (const target of imports.get(path.at(-1)!) ?? []) {
      if (target === file) return path;
      if (seen.has(target)) continue;
      seen.add(target);
      paths.push([...path, target]);
    }
  }
  return undefined;
}

function* filesBelow(root: URL, folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, root))) {
    if (isDirectory) yield* filesBelow(root, `${folder}${name}/`);
    else if (name.endsWith(".ts")) yield folder + name;
  }
}

if (import.meta.main) {
  const imports = await importsOf(new URL("..", import.meta.url), "lib/");
  const circles = circlesIn(imports);
  for (const circle of circles) {
    console.log(`A circle of imports: ${[...circle, circle[0]].join(" → ")}`);
  }
  if (circles.length > 0) Deno.exit(1);
  console.log(`${imports.size} files, no circle`);
}
