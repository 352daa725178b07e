import { strict as assert } from "node:assert";
import {
  citationsIn,
  coverageOf,
  markdownOf,
  parseStatements,
  type Specification,
  withoutComments,
} from "../../tasks/trace.ts";

const HEADER = "id\tside\tstatement\twaiver\n";

Deno.test("parseStatements() reads a list and skips comments", () => {
  const text = `# A comment\n${HEADER}MQTT-1.2.3-4\tboth\tIt rains\t\n` +
    "MQTT-1.2.3-5\tserver\tIt pours\tNo sky yet\n";
  assert.deepEqual(parseStatements(text), [
    { id: "MQTT-1.2.3-4", side: "both", statement: "It rains", waiver: "" },
    { id: "MQTT-1.2.3-5", side: "server", statement: "It pours", waiver: "No sky yet" },
  ]);
});

const unreadable: [text: string, complaint: RegExp][] = [
  ["MQTT-1.2.3-4\tboth\tIt rains\t\n", /line 1: the header comes first/],
  [`${HEADER}MQTT-1.2.3-4\tboth\tIt rains\n`, /line 2: it does not have four columns/],
  [`${HEADER}MQTT-1.2.3-4\tboth\tIt rains\t\t\n`, /line 2: it does not have four columns/],
  [`${HEADER}\n[MQTT-1.2.3-4]\tboth\tIt rains\t\n`, /line 3: "\[MQTT-1\.2\.3-4\]" is no id/],
  [`${HEADER}MQTT-1.2.3-4\tbroker\tIt rains\t\n`, /"broker" is none of/],
  [`${HEADER}MQTT-1.2.3-4\tboth\t\t\n`, /says nothing/],
  [`${HEADER}MQTT-1.2.3-4\tboth\tx\t\nMQTT-1.2.3-4\tboth\ty\t\n`, /line 3: .* there already/],
];
for (const [text, complaint] of unreadable) {
  Deno.test(`parseStatements() refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseStatements(text), complaint);
  });
}

const texts: [text: string, ids: string[], malformed: string[]][] = [
  ["none here, not in MQTT-3.1.1 either", [], []],
  ["it closes [MQTT-1.2.3-4]", ["MQTT-1.2.3-4"], []],
  ["it closes [v3 MQTT-1.2.3-45]", ["v3 MQTT-1.2.3-45"], []],
  ["[MQTT-1.2.3-4] [v3 MQTT-1.2.3-4]", ["MQTT-1.2.3-4", "v3 MQTT-1.2.3-4"], []],
  ["see MQTT-1.2.3-4", [], ["MQTT-1.2.3-4"]],
  ["[MQTT-1.2.3-4, MQTT-1.2.3-5]", [], ["MQTT-1.2.3-4", "MQTT-1.2.3-5"]],
  ["[MQTT-1.2-4]", [], ["MQTT-1.2-4"]],
  ["[MQTT-1-2.3-4]", [], ["MQTT-1-2.3-4"]],
  ["[v3MQTT-1.2.3-4]", [], ["MQTT-1.2.3-4"]],
];
for (const [text, ids, malformed] of texts) {
  Deno.test(`citationsIn() finds the ids of "${text}"`, () => {
    assert.deepEqual(citationsIn(text), { ids, malformed });
  });
}

const sources: [source: string, left: string][] = [
  ["a; // b", "a; "],
  ["a /* b\nc */ d", "a  d"],
  ["/** b */", ""],
  ["/* never closed", ""],
  [`"// a" // b`, `"// a" `],
  [`'/* a */' /* b */`, `'/* a */' `],
  [`"\\"// a" // b`, `"\\"// a" `],
  ["`// a` // b", "`// a` "],
  ["`${x /* a */}// b` // c", "`${x }// b` "],
  ["`${f({ a: `//${1}//` })} // b` // c", "`${f({ a: `//${1}//` })} // b` "],
  ["`\\${// a` // b", "`\\${// a` "],
  ['const r = /[/]\\/"/; // a', 'const r = /[/]\\/"/; '],
  ['return /"/; // a', 'return /"/; '],
  ["const q = a / b; // c", "const q = a / b; "],
  ["{ a } // b", "{ a } "],
];
for (const [source, left] of sources) {
  Deno.test(`withoutComments() leaves of ${source} the code and its strings`, () => {
    assert.equal(withoutComments(source), left);
  });
}

const specification: Specification = {
  version: "9.9",
  prefix: "v3 ",
  statements: [
    { id: "MQTT-1.2.3-1", side: "server", statement: "Tested", waiver: "" },
    { id: "MQTT-1.2.3-2", side: "both", statement: "Waived", waiver: "No sky yet" },
    { id: "MQTT-1.2.3-3", side: "both", statement: "Missing", waiver: "" },
    { id: "MQTT-1.2.3-4", side: "client", statement: "Not ours", waiver: "" },
    { id: "MQTT-1.2.3-5", side: "server", statement: "Stale", waiver: "No sky yet" },
  ],
};

Deno.test("coverageOf() sorts statements into tested, waived and missing", () => {
  const tested = new Set(["v3 MQTT-1.2.3-1", "v3 MQTT-1.2.3-5"]);
  assert.deepEqual(coverageOf(specification, tested), {
    version: "9.9",
    total: 5,
    binding: 4,
    tested: 2,
    waived: 1,
    missing: [specification.statements[2]],
    stale: [specification.statements[4]],
  });
});

Deno.test("coverageOf() does not take another version's id for a test", () => {
  const { tested, missing } = coverageOf(specification, new Set(["MQTT-1.2.3-1"]));
  assert.equal(tested, 0);
  assert.equal(missing.length, 2);
});

Deno.test("markdownOf() has a row for each version", () => {
  const table = markdownOf([coverageOf(specification, new Set(["v3 MQTT-1.2.3-1"]))]);
  assert.equal(table.split("\n").at(-1), "| 9.9 | 5 | 4 | 1 | 2 | 1 |");
});

Deno.test("the lists of statements can be read and have no unexplained gap", () => {
  const gaps: Record<string, string[]> = { "mqtt311.tsv": [], "mqtt5.tsv": ["MQTT-2.2.1-1"] };
  for (const [file, expected] of Object.entries(gaps)) {
    const text = Deno.readTextFileSync(new URL(`../spec/${file}`, import.meta.url));
    const ids = new Set(parseStatements(text).map(({ id }) => id));
    const missing = [...ids].flatMap((id) => {
      const [, section, number] = /^(.*)-(\d+)$/.exec(id) ?? [];
      const previous = `${section}-${Number(number) - 1}`;
      return number === "1" || ids.has(previous) ? [] : [previous];
    });
    assert.deepEqual(missing, expected, file);
  }
});
