/**
 * Puts files of tests together, so that a group is loaded once: to load the broker's modules takes more processor time than most files'
 * tests.
 *
 * A group is a module that imports its files, all of one room. The tests are the same, in the same order; they share modules, and one of
 * them may not rely on having them to itself. `deno test tests/ROOM/FILE_test.ts` still runs a file by itself.
 *
 * @module
 */

/**
 * Rooms whose tests mostly wait, for processes or for time. What waits longest begins first, so that the last groups are short ones: a long
 * one at the end would have the processors to itself.
 */
const WAITING: readonly string[] = [
  "cluster",
  "interop",
  "page",
  "store",
  "cli",
  "net",
  "sim",
  "embed",
  "http",
  "bridge",
  "tasks",
  "mosquitto",
  "client",
  "docs",
];

/** Files of a group, where they mostly wait: few, so that the groups can be spread over the processors. */
const WAITING_FILES = 4;
/** Files of a group elsewhere. */
const FILES = 16;

/** Files that are run together. */
export interface Group {
  /** The room, and which of its groups: `net-2`. */
  readonly name: string;
  /** Paths below the repository. */
  readonly files: readonly string[];
}

/** All files of tests below a directory of the repository, sorted. */
export function testFiles(root: URL, directory = "tests/"): string[] {
  return [...Deno.readDirSync(new URL(directory, root))].flatMap(({ name, isDirectory }) => {
    if (isDirectory) return testFiles(root, `${directory}${name}/`);
    return name.endsWith("_test.ts") ? [`${directory}${name}`] : [];
  }).toSorted();
}

/** The groups of these files, in the order in which they are to begin. Each file is in one. */
export function groupsOf(files: readonly string[]): Group[] {
  const rooms = Map.groupBy(files, (path) => path.split("/")[1]!);
  const others = [...rooms.keys()].filter((room) => !WAITING.includes(room)).toSorted();
  return [...WAITING, ...others].flatMap((room) => {
    const all = rooms.get(room) ?? [];
    const count = Math.ceil(all.length / (WAITING.includes(room) ? WAITING_FILES : FILES));
    // Every nth file instead of n in a row: files whose names begin alike often take alike long.
    return Array.from({ length: count }, (_, i) => ({
      name: `${room}-${i + 1}`,
      files: all.filter((_, at) => at % count === i),
    }));
  });
}

/** Writes the groups' modules into a directory. Returns each one's path, and its group. */
export function writeGroups(
  groups: readonly Group[],
  root: URL,
  directory: string,
): Map<string, Group> {
  return new Map(groups.map((group) => {
    const path = `${directory}/${group.name}_test.ts`;
    const lines = group.files.map((file) => `import ${JSON.stringify(new URL(file, root))};\n`);
    Deno.writeTextFileSync(path, lines.join(""));
    return [path, group];
  }));
}
