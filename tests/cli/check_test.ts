import { strict as assert } from "node:assert";
import { callFlux, runFlux } from "../support/flux.ts";

/** Calls `check` on a file; `DIR` in it is a new directory with a file `plain` in it. */
async function checkFile(
  lines: string,
): Promise<{ status: number; out: string; error: string; left: string[] }> {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${directory}/plain`, "kept");
    const text = `persistence_location DIR/data\n${lines}`.replaceAll("DIR", directory);
    await Deno.writeTextFile(`${directory}/m.conf`, text);
    const { status, out, error } = await callFlux(["check", "-c", `${directory}/m.conf`]);
    assert.equal(await Deno.readTextFile(`${directory}/plain`), "kept");
    const left = [...Deno.readDirSync(directory)].map(({ name }) => name).toSorted();
    return {
      status,
      out: out.replaceAll(directory, "DIR"),
      error: error.replaceAll(directory, "DIR"),
      left,
    };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const bad: [line: string, problem: RegExp][] = [
  ["log_dest file DIR/none/log", /^DIR\/m.conf:2: log_dest: Cannot write DIR\/none\/log: No such/],
  ["log_dest file DIR/plain/log", /log_dest: Cannot write DIR\/plain\/log: Not a directory/],
  ["log_dest file DIR", /log_dest: Cannot write DIR: Is a directory/],
  ["pid_file DIR/none/pid", /^DIR\/m.conf:2: pid_file: Cannot write DIR\/none\/pid: No such/],
  [
    "persistence_location DIR/plain/data",
    /^DIR\/m.conf:2: persistence_location: Cannot write DIR\/plain\/data: Not a directory/,
  ],
  ["persistence_location DIR/plain", /persistence_location: Cannot write DIR\/plain: /],
  [
    "listener 1883 eth0-no-such.invalid",
    /^DIR\/m.conf:2: listener: Cannot listen at eth0-.*; an interface is named by its address here$/,
  ],
  ["listener 1883 192.0.2.77", /^DIR\/m.conf:2: listener: Cannot listen at 192.0.2.77: .*assign/i],
  [
    "jwt_secret_file DIR/none",
    /^DIR\/m.conf:2: jwt_secret_file: DIR\/none: Cannot read the file: No such/,
  ],
  [
    "jwt_secret_file DIR/plain",
    /jwt_secret_file: DIR\/plain: A secret must have at least 32 bytes/,
  ],
  [
    "jwt_public_key_file DIR/plain",
    /jwt_public_key_file: DIR\/plain: Must hold a public key in PEM/,
  ],
  ["jwt_jwks_file DIR/plain", /jwt_jwks_file: DIR\/plain: It is no JSON/],
  [
    "jwt_jwks_url https://127.0.0.1:1/\njwt_jwks_ca_file DIR/plain",
    /^DIR\/m.conf:3: jwt_jwks_ca_file: DIR\/plain: Must hold certificates in PEM/,
  ],
  [
    "auth_http_url http://127.0.0.1:1/\nauth_http_header_file DIR/plain",
    /^DIR\/plain:1: Must be a header/,
  ],
  ["listener 0 DIR/none/mqtt.sock", /listener: Cannot listen at DIR\/none\/mqtt.sock: No such/],
];
for (const [line, problem] of bad) {
  Deno.test(`check finds what would keep the broker from starting: ${line}`, async () => {
    const { status, out, error, left } = await checkFile(line);
    assert.equal(status, 3);
    assert.equal(error.trim().split("\n").length, 1, error);
    assert.match(error.trim(), problem);
    assert.match(out, /^OPTION +VALUE +FROM$/m);
    assert.doesNotMatch(out, /The configuration is valid/);
    assert.deepEqual(left, ["m.conf", "plain"]);
  });
}

Deno.test("check leaves nothing behind where everything can be written", async () => {
  const { status, out, error, left } = await checkFile(
    "log_dest file DIR/log\nlog_dest file DIR/plain\npid_file DIR/pid\n" +
      "persistence_location DIR/a/b/c\nlistener 0 DIR/sock\nlistener 1883 127.0.0.1\n",
  );
  assert.equal(error, "");
  assert.equal(status, 0);
  assert.match(out, /^The configuration is valid$/m);
  assert.deepEqual(left, ["m.conf", "plain"]);
});

Deno.test("check says once what has no effect, before the table", async () => {
  const { status, out } = await checkFile(
    "autosave_interval 1800\nmaximum_qos 1\npersistence false\n",
  );
  assert.equal(status, 0);
  const notes = out.slice(0, out.indexOf("OPTION")).trim().split("\n");
  const of = (start: string) => notes.filter((note) => note.startsWith(start));
  assert.equal(of("info: DIR/m.conf:2: autosave_interval: Has no effect: ").length, 1);
  assert.deepEqual(of("info: DIR/m.conf:3:"), [
    "info: DIR/m.conf:3: maximum_qos: Means here: max_qos 1",
  ]);
  assert.deepEqual(of("info: DIR/m.conf:1:"), [
    "info: DIR/m.conf:1: persistence_location: Has no effect: there is no durable store",
  ]);
});

Deno.test({
  name: "bind_interface listens at the addresses of the machine's own interface",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const { status, out, error } = await checkFile("listener 1883\nbind_interface lo\n");
    assert.equal(error, "");
    assert.equal(status, 0);
    assert.match(out, /^listener +1883 127\.0\.0\.1 +DIR\/m\.conf:2$/m);
    const { error: unknown } = await checkFile("listener 1883\nbind_interface no-such0\n");
    assert.match(unknown, /bind_interface: There is no interface no-such0 with an address$/m);
  },
});

Deno.test("bind_interface without the permission to ask says which one is missing", async () => {
  const { status, error } = await runFlux(["check", "--bind-interface", "lo"]);
  assert.equal(status, 3);
  assert.match(
    error,
    /^--bind-interface: Cannot look up the addresses of lo: start with --allow-sys=networkInterfaces; or name/m,
  );
});
