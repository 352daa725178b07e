import { strict as assert } from "node:assert";
import { openPlainFile } from "../../lib/observe/mod.ts";
import { BrokerProcess } from "../support/broker_process.ts";

const SECRET = "what must not be overwritten\n";
const hasLinks = Deno.build.os !== "windows";

async function inDirectory(use: (path: string) => Promise<void> | void): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "flux-links-" });
  try {
    await use(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** What a broker says that does not start, or ends by itself. */
async function lastWords(config: string): Promise<string> {
  let broker: BrokerProcess;
  try {
    broker = await BrokerProcess.start({ config });
  } catch (error) {
    return String(error);
  }
  const { code } = await broker.ending(5000);
  assert.equal(code, 1);
  return broker.log;
}

for (const option of ["pid_file", "log_dest file"]) {
  Deno.test({
    name: `${option} follows no symbolic link: the broker says so and does not start`,
    ignore: !hasLinks,
    sanitizeOps: true,
    sanitizeResources: true,
    fn: () =>
      inDirectory(async (directory) => {
        Deno.writeTextFileSync(`${directory}/victim`, SECRET);
        Deno.symlinkSync(`${directory}/victim`, `${directory}/link`);
        Deno.symlinkSync(`${directory}/nothing`, `${directory}/dangling`);
        for (const name of ["link", "dangling"]) {
          const config = `log_dest stderr\n${option} ${directory}/${name}\npersistence false\n`;
          const said = await lastWords(config);
          assert.ok(
            said.includes(`${directory}/${name} is a symbolic link, which is not followed`),
          );
        }
        assert.equal(Deno.readTextFileSync(`${directory}/victim`), SECRET);
        assert.deepEqual(
          [...Deno.readDirSync(directory)].map(({ name }) => name).toSorted(),
          ["dangling", "link", "victim"],
        );
      }),
  });
}

Deno.test("pid_file replaces what a longer number has left", () =>
  inDirectory(async (directory) => {
    Deno.writeTextFileSync(`${directory}/pid`, "12345678901234567890\n");
    await using broker = await BrokerProcess.start({
      config: `pid_file ${directory}/pid\npersistence false\n`,
    });
    const read = () => Deno.readTextFileSync(`${directory}/pid`);
    for (let i = 0; i < 500 && read() !== `${broker.pid}\n`; i++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.equal(read(), `${broker.pid}\n`);
  }));

Deno.test({
  name:
    "a directory on the way may be a link, and the system's own links to open streams are followed",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    inDirectory((directory) => {
      Deno.mkdirSync(`${directory}/real`);
      Deno.symlinkSync(`${directory}/real`, `${directory}/way`);
      openPlainFile(`${directory}/way/log`, 0o640).close();
      assert.ok(Deno.statSync(`${directory}/real/log`).isFile);
      // It may be somebody else's, who has started this as another user.
      if (mayOpen("/dev/stdout")) openPlainFile("/dev/stdout", 0o640).close();
    }),
});

function mayOpen(path: string): boolean {
  try {
    Deno.openSync(path, { append: true }).close();
    return true;
  } catch {
    // deno-lint-ignore no-console -- whoever reads the results is to know
    console.log(`Not tried: ${path}: this user may not open it`);
    return false;
  }
}
