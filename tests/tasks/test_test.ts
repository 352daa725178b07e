import { strict as assert } from "node:assert";
import { ALONE } from "../../tasks/test.ts";
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

Deno.test("what runs alone is there, and nothing beside it reads the memory or descriptors of this process", () => {
  for (const path of ALONE) assert(Deno.statSync(new URL(path, ROOT)).isFile, path);
  for (const room of Deno.readDirSync(new URL("tests/", ROOT))) {
    if (!room.isDirectory) continue;
    for (const { name } of Deno.readDirSync(new URL(`tests/${room.name}/`, ROOT))) {
      const path = `tests/${room.name}/${name}`;
      if (!name.endsWith("_test.ts") || ALONE.includes(path)) continue;
      const text = Deno.readTextFileSync(new URL(path, ROOT));
      assert(
        !/memoryUsage\(\)\.rss|\/proc\/(?:self|thread-self)\//.test(text) || path === SELF,
        path,
      );
    }
  }
});

const SELF = "tests/tasks/test_test.ts";
