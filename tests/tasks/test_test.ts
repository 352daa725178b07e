import { strict as assert } from "node:assert";
import { groupsOf, testFiles, writeGroups } from "../../tasks/test/groups.ts";
import { ALONE, APART } from "../../tasks/test/lists.ts";
import { LEFT_OUT } from "../support/long.ts";
import { RUNNING, stillRunning } from "../support/running.ts";

const ROOT = new URL("../../", import.meta.url);

const PROBE = `import { isLeftOut, longTest } from "${new URL(
  "../support/long.ts",
  import.meta.url,
)}";
Deno.test("short", () => {});
Deno.test({ name: "long by hand", ignore: isLeftOut("long by hand"), fn: () => {} });
longTest("long", () => {});
`;

/** What \`deno test\` says of the probe, and what it has written down as left out. */
async function probe(isShort: boolean): Promise<{ out: string; list: string }> {
  const directory = await Deno.makeTempDir({ prefix: "flux-long-" });
  try {
    await Deno.writeTextFile(`${directory}/a_test.ts`, PROBE);
    await Deno.writeTextFile(`${directory}/list`, "");
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "--no-prompt", "--no-check", "a_test.ts"],
      cwd: directory,
      env: { NO_COLOR: "1", [LEFT_OUT]: isShort ? `${directory}/list` : "" },
    }).output();
    return {
      out: new TextDecoder().decode(stdout),
      list: await Deno.readTextFile(`${directory}/list`),
    };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("without --all the long proofs are ignored, and written down", async () => {
  const { out, list } = await probe(true);
  assert.match(out, /^ok \| 1 passed \| 0 failed \| 2 ignored/m);
  assert.equal(list, "long by hand\nlong\n");
});

Deno.test("with --all, and for who runs a file by itself, nothing is left out", async () => {
  const { out, list } = await probe(false);
  assert.match(out, /^ok \| 3 passed \| 0 failed \(/m);
  assert.equal(list, "");
});

Deno.test("with its preloaded module, a test that waits for ever fails, by name, and the others go on", async () => {
  const directory = await Deno.makeTempDir({ prefix: "flux-limit-" });
  try {
    await Deno.writeTextFile(
      `${directory}/a_test.ts`,
      `Deno.test("waits", () => new Promise((done) => setTimeout(done, 100_000)));
       Deno.test({ name: "has steps" }, async (t) => void await t.step("one", () => {}));
       Deno.test(function named() {});
       Deno.test("has options", { ignore: true }, () => {});
       Deno.test.ignore("ignored", () => {});`,
    );
    const preload = new URL("tests/support/limit.ts", ROOT);
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "--no-prompt", "--no-check", `--preload=${preload}`, "a_test.ts"],
      cwd: directory,
      env: { NO_COLOR: "1", CI: "", FLUX_MQTT_TEST_LIMIT: "200", [RUNNING]: directory },
    }).output();
    const out = new TextDecoder().decode(stdout);
    assert.match(out, /waits \.\.\. FAILED/);
    assert.match(out, /^FAILED \| 2 passed \(1 step\) \| 1 failed \| 2 ignored/m);
    assert.match(out, /Test timed out after 200ms/);
    assert.deepEqual([...Deno.readDirSync(directory)].map(({ name }) => name), ["a_test.ts"]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a file of tests that has not ended is named", async () => {
  const directory = await Deno.makeTempDir({ prefix: "flux-running-" });
  try {
    await Deno.writeTextFile(`${directory}/1`, "file:///b_test.ts");
    await Deno.writeTextFile(`${directory}/2`, "file:///a_test.ts");
    assert.deepEqual(stillRunning(directory), ["file:///a_test.ts", "file:///b_test.ts"]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("what runs alone or apart is there, and nothing else reads the memory or descriptors of this process", () => {
  const special = [...ALONE, ...APART];
  for (const path of special) assert(Deno.statSync(new URL(path, ROOT)).isFile, path);
  for (const path of testFiles(ROOT)) {
    if (special.includes(path) || path === SELF) continue;
    const text = Deno.readTextFileSync(new URL(path, ROOT));
    assert(!/memoryUsage\(\)\.rss|\/proc\/(?:self|thread-self)\//.test(text), path);
  }
});

Deno.test("each file is in one group, and a group is of one room", () => {
  const files = testFiles(ROOT);
  const groups = groupsOf(files);
  assert.deepEqual(groups.flatMap((group) => group.files).toSorted(), files);
  for (const group of groups) {
    assert(group.files.length > 0);
    for (const file of group.files) assert(file.startsWith(`tests/${group.name.split("-")[0]}/`));
  }
  assert.equal(new Set(groups.map(({ name }) => name)).size, groups.length);
  assert.equal(groups[0]!.name, "cluster-1");
});

Deno.test("a group runs the tests of all its files, and says of each in which file it is", async () => {
  const directory = await Deno.makeTempDir({ prefix: "flux-groups-" });
  try {
    await Deno.mkdir(`${directory}/tests/room`, { recursive: true });
    const register =
      `export const twice = (name) => { Deno.test(name, () => {}); Deno.test(name + "!", () => { throw new Error("no"); }); };`;
    await Deno.writeTextFile(`${directory}/tests/helper_test.ts`, register);
    for (const name of ["a", "b"]) {
      await Deno.writeTextFile(
        `${directory}/tests/room/${name}_test.ts`,
        `import { twice } from "../helper_test.ts";\ntwice("${name}");\n`,
      );
    }
    const root = new URL(`file://${directory}/`);
    const groups = writeGroups(groupsOf(testFiles(root)), root, directory);
    const preload = new URL("tests/support/limit.ts", ROOT);
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "--no-prompt", "--no-check", `--preload=${preload}`, ...groups.keys()],
      cwd: directory,
      env: { NO_COLOR: "1", [RUNNING]: "" },
    }).output();
    const out = new TextDecoder().decode(stdout);
    assert.match(out, /^running 4 tests from \.\/room-1_test\.ts$/m);
    for (const name of ["a", "b"]) {
      assert.match(out, new RegExp(`^tests/room/${name}_test\\.ts: ${name} \\.\\.\\. ok`, "m"));
      assert.match(
        out,
        new RegExp(`^tests/room/${name}_test\\.ts: ${name}! \\.\\.\\. FAILED`, "m"),
      );
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

const SELF = "tests/tasks/test_test.ts";
