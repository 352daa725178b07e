// deno-lint-ignore-file no-console -- a command line tool
/**
 * Compares the normative statements of MQTT 3.1.1 and 5.0 with the tests that name them.
 *
 * The statements are listed in `tests/spec/*.tsv`. A test names one in its own name or in the table that it reads: `[MQTT-3.1.2-24]` is
 * MQTT 5.0, `[v3 MQTT-3.1.2-24]` is 3.1.1. Comments do not count. A statement that binds a server needs such a test, or a reason in its
 * waiver column. An id that is in no list is an error anywhere, even in comments.
 *
 *     deno task trace              a summary, and what is missing
 *     deno task trace --list       every statement with its tests
 *     deno task trace --markdown   the conformance table of the guide
 *
 * @module
 */

/** One line of a list. */
export interface Statement {
  readonly id: string;
  readonly side: "server" | "client" | "both";
  /** Our paraphrase. */
  readonly statement: string;
  /** Why there is no test; empty if a test is required. */
  readonly waiver: string;
}

/** The list of one version. Its citations begin with `prefix`. */
export interface Specification {
  readonly version: string;
  readonly prefix: "" | "v3 ";
  readonly statements: readonly Statement[];
}

/** The coverage of one version. */
export interface Coverage {
  readonly version: string;
  /** All statements, including those for clients. */
  readonly total: number;
  /** Statements that bind a server: tested, waived and missing together. */
  readonly binding: number;
  readonly tested: number;
  readonly waived: number;
  readonly missing: readonly Statement[];
  /** Waived statements that have a test. */
  readonly stale: readonly Statement[];
}

/** The ids cited in a text, and texts that look like an id but are not cited properly. */
export interface Citations {
  /** The ids without brackets: `MQTT-3.1.2-24` or `v3 MQTT-3.1.2-24`. */
  readonly ids: readonly string[];
  readonly malformed: readonly string[];
}

const HEADER = "id\tside\tstatement\twaiver";

/** Reads a list: tab separated, `#` begins a comment line. Throws with the invalid line. */
export function parseStatements(text: string): Statement[] {
  const statements = new Map<string, Statement>();
  const lines = text.split("\n");
  let hasHeader = false;
  for (const [index, line] of lines.entries()) {
    if (line === "" || line.startsWith("#")) continue;
    const fail = (why: string) => new Error(`Cannot read line ${index + 1}: ${why}`);
    if (!hasHeader) {
      if (line !== HEADER) throw fail("the header comes first");
      hasHeader = true;
      continue;
    }
    const [id = "", side, statement = "", waiver, ...more] = line.split("\t");
    if (waiver === undefined || more.length > 0) throw fail("it does not have four columns");
    if (!/^MQTT-\d+\.\d+\.\d+-\d+$/.test(id)) throw fail(`"${id}" is no id`);
    if (statements.has(id)) throw fail(`${id} is there already`);
    if (side !== "server" && side !== "client" && side !== "both") {
      throw fail(`"${side}" is none of server, client, both`);
    }
    if (statement === "") throw fail(`${id} says nothing`);
    statements.set(id, { id, side, statement, waiver });
  }
  return [...statements.values()];
}

/** Finds the ids in a text. Each must be in its own brackets. */
export function citationsIn(text: string): Citations {
  const cited = /\[((?:v3 )?MQTT-\d+\.\d+\.\d+-\d+)\]/g;
  const ids = [...text.matchAll(cited)].map((match) => match[1] ?? "");
  const rest = text.replaceAll(cited, "");
  return { ids, malformed: rest.match(/(?:v3 )?MQTT-\d+(?:[.-]\d+)*-\d+/g) ?? [] };
}

/**
 * Blanks the comments of a TypeScript source, so that only ids in strings are left.
 *
 * It distinguishes a regular expression from a division by the character before the slash, which is enough for formatted code.
 */
export function withoutComments(source: string): string {
  let result = "";
  let at = 0;
  /** For each enclosing template literal, the number of open braces in its `${…}`. */
  const templates: number[] = [];
  const copyTo = (end: number) => {
    result += source.slice(at, end);
    at = end;
  };
  while (at < source.length) {
    const character = source[at];
    if (source.startsWith("//", at)) {
      at = indexOrEnd(source, "\n", at);
    } else if (source.startsWith("/*", at)) {
      at = indexOrEnd(source, "*/", at) + 2;
    } else if (character === '"' || character === "'") {
      copyTo(endOfQuoted(source, at + 1, character));
    } else if (character === "/" && isValueExpected(result)) {
      copyTo(endOfQuoted(source, at + 1, "/"));
    } else if (character === "`" || (character === "}" && templates.at(-1) === 0)) {
      if (character === "}") templates.pop();
      copyTo(endOfTemplatePart(source, at + 1));
      if (result.endsWith("${")) templates.push(0);
    } else {
      const depth = templates.length - 1;
      if (depth >= 0 && character === "{") templates[depth]! += 1;
      if (depth >= 0 && character === "}") templates[depth]! -= 1;
      copyTo(at + 1);
    }
  }
  return result;
}

/** Whether a slash after this code begins a regular expression. */
function isValueExpected(code: string): boolean {
  return /(?:^|[(,=:[!&|?{};+*%~^<>-]|return)$/.test(code.trimEnd().slice(-"return".length));
}

function indexOrEnd(text: string, wanted: string, from: number): number {
  const index = text.indexOf(wanted, from);
  return index === -1 ? text.length : index;
}

/** The offset after the closing quote, or the end of the line if there is none. */
function endOfQuoted(source: string, from: number, quote: string): number {
  let isInClass = false; // A slash does not end a regular expression inside [ ].
  for (let at = from; at < source.length; at += 1) {
    const character = source[at];
    if (character === "\n" || (character === quote && !isInClass)) return at + 1;
    if (character === "\\") at += 1;
    else if (quote === "/" && character === "[") isInClass = true;
    else if (quote === "/" && character === "]") isInClass = false;
  }
  return source.length;
}

/** The offset after the closing backquote or the next `${`. */
function endOfTemplatePart(source: string, from: number): number {
  for (let at = from; at < source.length; at += 1) {
    if (source[at] === "\\") at += 1;
    else if (source[at] === "`") return at + 1;
    else if (source.startsWith("${", at)) return at + 2;
  }
  return source.length;
}

/** Compares one version's list with the ids that tests cite. */
export function coverageOf(
  { version, prefix, statements }: Specification,
  tested: ReadonlySet<string>,
): Coverage {
  const hasTest = ({ id }: Statement) => tested.has(prefix + id);
  const binding = statements.filter(({ side }) => side !== "client");
  const untested = binding.filter((statement) => !hasTest(statement));
  return {
    version,
    total: statements.length,
    binding: binding.length,
    tested: binding.length - untested.length,
    waived: untested.filter(({ waiver }) => waiver !== "").length,
    missing: untested.filter(({ waiver }) => waiver === ""),
    stale: statements.filter((statement) => statement.waiver !== "" && hasTest(statement)),
  };
}

/** The table for the guide: one line per version. */
export function markdownOf(coverages: readonly Coverage[]): string {
  const rows = coverages.map(({ version, total, binding, tested, waived, missing }) =>
    `| ${version} | ${total} | ${binding} | ${tested} | ${waived} | ${missing.length} |`
  );
  return [
    "| MQTT | Statements | Bind a server | Tested | Waived | Missing |",
    "| ---- | ---------: | ------------: | -----: | -----: | ------: |",
    ...rows,
  ].join("\n");
}

/** The same table for a terminal. */
function summaryOf(coverages: readonly Coverage[]): string {
  const rows = [["MQTT", "statements", "bind a server", "tested", "waived", "missing"]];
  for (const { version, total, binding, tested, waived, missing } of coverages) {
    rows.push([version, ...[total, binding, tested, waived, missing.length].map(String)]);
  }
  return rows.map(([version = "", ...numbers]) =>
    version.padEnd(6) +
    numbers.map((text, i) => text.padStart(rows[0]![i + 1]!.length + 3)).join("")
  ).join("\n");
}

/** Every TypeScript file below a folder, in order, as [path, text]. */
function* sourcesIn(folder: URL, path: string): Generator<[path: string, text: string]> {
  const entries = [...Deno.readDirSync(folder)].toSorted((a, b) => a.name < b.name ? -1 : 1);
  for (const { name, isDirectory } of entries) {
    if (isDirectory) yield* sourcesIn(new URL(`${name}/`, folder), `${path}${name}/`);
    else if (name.endsWith(".ts")) {
      yield [path + name, Deno.readTextFileSync(new URL(name, folder))];
    }
  }
}

function readSpecification(version: string, prefix: "" | "v3 ", file: string): Specification {
  const text = Deno.readTextFileSync(new URL(`../tests/spec/${file}`, import.meta.url));
  return { version, prefix, statements: parseStatements(text) };
}

/** The result of comparing lists and sources. */
export interface Survey {
  readonly specifications: readonly Specification[];
  readonly coverages: readonly Coverage[];
  /** Test files by the ids they cite. */
  readonly testsById: ReadonlyMap<string, ReadonlySet<string>>;
  /** Ids that do not exist, or are not cited properly. */
  readonly complaints: readonly string[];
}

/** Reads the lists, `lib/` and `tests/`, and compares them. */
export function survey(): Survey {
  const specifications = [
    readSpecification("3.1.1", "v3 ", "mqtt311.tsv"),
    readSpecification("5.0", "", "mqtt5.tsv"),
  ];
  const known = new Set(
    specifications.flatMap(({ prefix, statements }) => statements.map(({ id }) => prefix + id)),
  );

  const complaints: string[] = [];
  const testsById = new Map<string, Set<string>>();
  for (const folder of ["lib/", "tests/"]) {
    for (const [path, text] of sourcesIn(new URL(`../${folder}`, import.meta.url), folder)) {
      // The tests of this tool use made-up ids.
      if (path.startsWith("tests/tasks/")) continue;
      const { ids, malformed } = citationsIn(text);
      for (const id of new Set(ids)) {
        if (!known.has(id)) complaints.push(`${path}: there is no [${id}]`);
      }
      for (const id of new Set(malformed)) {
        complaints.push(`${path}: "${id}" is cited in brackets of its own: [MQTT-1.5.4-1]`);
      }
      if (folder !== "tests/") continue;
      for (const id of citationsIn(withoutComments(text)).ids) {
        testsById.set(id, (testsById.get(id) ?? new Set()).add(path));
      }
    }
  }

  const tested = new Set(testsById.keys());
  const coverages = specifications.map((specification) => coverageOf(specification, tested));
  return { specifications, coverages, testsById, complaints };
}

function main(args: readonly string[]): number {
  const { specifications, coverages, testsById, complaints: found } = survey();
  const complaints = [...found];
  if (args.includes("--markdown")) {
    console.log(markdownOf(coverages));
    return 0;
  }
  if (args.includes("--list")) {
    for (const { prefix, statements } of specifications) {
      for (const { id, side, statement, waiver } of statements) {
        console.log(`[${prefix}${id}] (${side}) ${statement}`);
        for (const path of testsById.get(prefix + id) ?? []) console.log(`    ${path}`);
        if (waiver !== "") console.log(`    waived: ${waiver}`);
      }
    }
  }
  for (const [index, { missing, stale }] of coverages.entries()) {
    const prefix = specifications[index]?.prefix;
    for (const { id, statement } of stale) {
      console.log(`Warning: [${prefix}${id}] has a test and a waiver: ${statement}`);
    }
    for (const { id, statement } of missing) {
      complaints.push(`No test and no waiver: [${prefix}${id}] ${statement}`);
    }
  }
  for (const complaint of complaints) console.log(complaint);
  console.log(summaryOf(coverages));
  return complaints.length === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(main(Deno.args));
