import { strict as assert } from "node:assert";
import denoJson from "../../deno.json" with { type: "json" };
import { VERSION } from "../../lib/version.ts";

const ROOT = new URL("../../", import.meta.url);

/** What `flux-mqtt` said and how it ended; `files` lie in its working directory. */
interface Run {
  readonly status: number;
  readonly out: string;
  readonly error: string;
}

async function run(
  args: string,
  files: Readonly<Record<string, string>> = {},
  environment: Readonly<Record<string, string>> = {},
): Promise<Run> {
  const directory = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${directory}/${name}`, text);
    }
    const main = new URL("main.ts", ROOT).pathname;
    const permissions = ["--allow-net", "--allow-read", "--allow-write", "--allow-env"];
    const { PATH = "", HOME = "", DENO_DIR } = Deno.env.toObject();
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--no-check", ...permissions, main, ...args.split(" ")],
      cwd: directory,
      clearEnv: true,
      env: {
        PATH,
        HOME,
        ...(DENO_DIR === undefined ? {} : { DENO_DIR }),
        NO_COLOR: "1",
        ...environment,
      },
      stdin: "null",
    }).output();
    const text = new TextDecoder();
    return { status: code, out: text.decode(stdout), error: text.decode(stderr) };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

function cliTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: true, sanitizeResources: true });
}

Deno.test("deno.json and lib/version.ts name one version", () => {
  assert.equal(denoJson.version, VERSION);
});

for (const args of ["--version", "version"]) {
  cliTest(`flux-mqtt ${args} prints the version and ends well`, async () => {
    assert.deepEqual(await run(args), { status: 0, out: `flux-mqtt ${VERSION}\n`, error: "" });
  });
}

for (const args of ["--help", "-h", "help", "check --help"]) {
  cliTest(`flux-mqtt ${args} prints the help and ends well`, async () => {
    const { status, out, error } = await run(args);
    assert.equal(status, 0);
    assert.match(out, /^Usage: flux-mqtt \[COMMAND\] \[-c FILE\] \[FLAGS\]$/m);
    assert.match(out, /^ {2}--\[no-\]retain-available /m);
    assert.match(out, /^ {2}check /m);
    assert.equal(error, "");
  });
}

const misuses: [args: string, message: RegExp][] = [
  ["--max-qoss 1", /^--max-qoss: Is not a flag; did you mean --max-qos\?$/m],
  ["chek", /^chek: Is not a command; did you mean check\?$/m],
  ["toString", /^toString: Is not a command$/m],
  ["check me", /^me: Is not understood; check takes flags only$/m],
  ["-c", /^-c: Needs a value$/m],
];
for (const [args, message] of misuses) {
  cliTest(`flux-mqtt ${args} is a misuse: status 2`, async () => {
    const { status, out, error } = await run(args);
    assert.equal(status, 2);
    assert.equal(out, "");
    assert.match(error, message);
    assert.match(error, /^See flux-mqtt --help$/m);
  });
}

cliTest("flux-mqtt check prints every value with its origin", async () => {
  const file = "listener 1883 127.0.0.1\nallow_anonymous true\nmax_qos 1\nmax_sessions 7\n";
  const { status, out, error } = await run(
    "check -c m.conf --no-retain-available",
    { "m.conf": file },
    { MQTT_MAX_QUEUED_MESSAGES: "100" },
  );
  assert.equal(status, 0, error);
  const rows = out.split("\n").map((line) => line.trim().split(/ {2,}/).join(" | "));
  for (
    const row of [
      "OPTION | VALUE | FROM",
      "listener | 1883 127.0.0.1 | m.conf:1",
      "max_qos | 1 | m.conf:3",
      "allow_anonymous | true | m.conf:2",
      "max_sessions | 7 | m.conf:4",
      "max_queued_messages | 100 | MQTT_MAX_QUEUED_MESSAGES (environment)",
      "retain_available | false | --no-retain-available",
      "max_keepalive | 0 | default",
      "The configuration is valid",
    ]
  ) assert(rows.includes(row), row);
});

for (const command of ["check", "serve", ""]) {
  cliTest(
    `flux-mqtt ${command} -c m.conf tells all that is wrong with the file: status 3`,
    async () => {
      const file = "max_qos 3\nplugin /p\nmax_sesions 1\n";
      const { status, out, error } = await run(`${command} -c m.conf`.trim(), { "m.conf": file });
      assert.equal(status, 3);
      assert.equal(out, "");
      assert.match(error, /^m\.conf:1: max_qos: Must be a whole number from 0 to 2, is "3"$/m);
      assert.match(error, /^m\.conf:2: plugin: Cannot load/m);
      assert.match(
        error,
        /^m\.conf:3: max_sesions: Is not an option; did you mean max_sessions\?$/m,
      );
      assert.equal(error.trim().split("\n").length, 3);
    },
  );
}

cliTest("a file that is not there is told by its name: status 3", async () => {
  const { status, error } = await run("check -c none.conf");
  assert.equal(status, 3);
  assert.match(error, /^none\.conf: Cannot read the file: /);
});

cliTest("a log file that cannot be opened ends the start: status 1", async () => {
  const { status, error } = await run("-c m.conf", {
    "m.conf": "log_dest file /nonexistent/m.log\n",
  });
  assert.equal(status, 1);
  assert.match(error, /^Cannot open the log: /);
});

for (
  const [what, config] of [["only a file", "log_dest file m.log"], ["nothing", "log_dest none"]]
) {
  cliTest(
    `where ${what} is logged to, standard error says why the broker does not start`,
    async () => {
      const { status, error } = await run("-c m.conf", {
        "m.conf": `listener 1 192.0.2.1\n${config}\npersistence false\n`,
      });
      assert.equal(status, 1);
      assert.match(error, /^Cannot listen on port 1 \(m\.conf:1\): /);
    },
  );
}
