import { strict as assert } from "node:assert";
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import { BrokerProcess } from "../support/broker_process.ts";
import { callFlux } from "../support/flux.ts";
import { hasPrograms } from "../support/programs.ts";
import { connectPacket, RawClient } from "../support/raw_client.ts";
import {
  hashPassword,
  parsePasswordFile,
  parseScramFile,
  verifyPassword,
} from "../../lib/auth/mod.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;

interface Run {
  readonly status: number;
  readonly out: string;
  readonly error: string;
}

/** A directory in which `flux-mqtt` runs. */
class Place implements AsyncDisposable {
  readonly path: string = Deno.makeTempDirSync();

  async run(args: readonly string[], input?: string): Promise<Run> {
    const permissions = ["--allow-net", "--allow-read", "--allow-write", "--allow-env"];
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--no-check", ...permissions, MAIN, ...args],
      cwd: this.path,
      env: { NO_COLOR: "1" },
      stdin: input === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    if (input !== undefined) {
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(input)).catch(() => {});
      await writer.close().catch(() => {});
    }
    const { code, stdout, stderr } = await child.output();
    const text = new TextDecoder();
    return { status: code, out: text.decode(stdout), error: text.decode(stderr) };
  }

  /** Runs it in this process, which is faster. `DIR/` in a word is the directory; in what it prints the directory is left out. */
  async call(args: readonly string[], input?: string): Promise<Run> {
    const words = args.map((word) => word.replaceAll("DIR/", `${this.path}/`));
    const { status, out, error } = await callFlux(words, input);
    const shown = (text: string) => text.replaceAll(`${this.path}/`, "");
    return { status, out: shown(out), error: shown(error) };
  }

  /** `DIR/` in the text is the directory. */
  write(name: string, text: string): void {
    Deno.writeTextFileSync(`${this.path}/${name}`, text.replaceAll("DIR/", `${this.path}/`));
  }

  read(name: string): string {
    return Deno.readTextFileSync(`${this.path}/${name}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

function cliTest(name: string, use: (place: Place) => Promise<void>, ignore = false): void {
  Deno.test({
    name,
    ignore,
    sanitizeOps: true,
    sanitizeResources: true,
    async fn() {
      await using place = new Place();
      await use(place);
    },
  });
}

async function recognizes(text: string, user: string, password: string): Promise<boolean> {
  const parsed = parsePasswordFile("f", text);
  if (!parsed.isValid) throw new Error(parsed.problems.join("\n"));
  const entry = parsed.value.get(user);
  return entry !== undefined &&
    await verifyPassword(entry.hash, new TextEncoder().encode(password));
}

const QUICK = ["--iterations", "10"];

cliTest(
  "a file of users or rules that cannot be read is told with the option that names it",
  async (place) => {
    place.write("m.conf", "allow_anonymous true\npassword_file none\n");
    const file = await place.run(["check", "-c", "m.conf"]);
    assert.match(file.error, /^m\.conf:2: password_file: \S*none: Cannot read the file: /);
    const flag = await place.run(["check", "--acl-file", "gone"]);
    assert.match(flag.error, /^--acl-file: \S*gone: Cannot read the file: /);
    assert.deepEqual([file.status, flag.status], [3, 3]);
    place.write("acl", "topik a\n");
    const { error } = await place.run(["check", "--acl-file", "acl"]);
    assert.match(error, /^\S*acl:1: topik: /);
  },
);

cliTest("passwd makes a file of its owner's alone, and a user of 210,000 rounds", async (place) => {
  const run = await place.run(["passwd", "-c", "--stdin", "pw", "alice"], "se cret\n");
  assert.deepEqual(run, { status: 0, out: "", error: "" });
  assert.match(place.read("pw"), /^alice:\$7\$210000\$[^$]{16}\$[^$]{88}\n$/);
  assert(await recognizes(place.read("pw"), "alice", "se cret"));
  assert.equal(Deno.statSync(`${place.path}/pw`).mode! & 0o777, 0o600);
});

cliTest(
  "passwd changes one line and leaves comments, order and mode as they are; so it deletes",
  async (place) => {
    const { out: made } = await new Deno.Command("mosquitto_passwd", {
      args: ["-c", "-b", `${place.path}/real`, "bob", "builder"],
    }).output().then(() => ({ out: place.read("real") }));
    place.write("pw", `# top\n${made}# middle\nzoe:${made.slice("bob:".length)}`);
    Deno.chmodSync(`${place.path}/pw`, 0o640);
    assert.equal(
      (await place.run(["passwd", ...QUICK, "--stdin", "pw", "bob"], "new\n")).status,
      0,
    );
    const lines = place.read("pw").split("\n");
    assert.deepEqual(lines.map((line) => line.split(":")[0]), [
      "# top",
      "bob",
      "# middle",
      "zoe",
      "",
    ]);
    assert(await recognizes(place.read("pw"), "bob", "new"));
    assert(await recognizes(place.read("pw"), "zoe", "builder"));
    assert.equal(Deno.statSync(`${place.path}/pw`).mode! & 0o777, 0o640);

    assert.equal((await place.run(["passwd", "-D", "pw", "bob"])).status, 0);
    assert.deepEqual(place.read("pw").split("\n").filter((_, i) => i !== 2), [
      "# top",
      "# middle",
      "",
    ]);
    assert.deepEqual([...Deno.readDirSync(place.path)].map(({ name }) => name).sort(), [
      "pw",
      "real",
    ]);
  },
  !hasPrograms("passwd with a file of mosquitto's", "mosquitto_passwd"),
);

Deno.test({
  name:
    "passwd leaves the file to its owner and group, or a broker of that group could not read it",
  ignore: Deno.build.os === "windows" || Deno.uid() !== 0,
  async fn() {
    await using place = new Place();
    await place.run(["passwd", ...QUICK, "-c", "--stdin", "pw", "alice"], "secret\n");
    Deno.chownSync(`${place.path}/pw`, 0, 65534);
    Deno.chmodSync(`${place.path}/pw`, 0o640);
    const { status } = await place.run(["passwd", ...QUICK, "--stdin", "pw", "bob"], "secret\n");
    const { uid, gid, mode } = Deno.statSync(`${place.path}/pw`);
    assert.deepEqual([status, uid, gid, mode! & 0o777], [0, 0, 65534, 0o640]);
  },
});
cliTest(
  "six passwd at once lose no user, in a file that is there and in a new one",
  async (place) => {
    place.write("pw", "# users\n");
    const users = Array.from({ length: 6 }, (_, i) => `user${i}`);
    const runs = await Promise.all(
      users.map((user) => place.run(["passwd", ...QUICK, "--stdin", "pw", user], "x\n")),
    );
    assert.deepEqual(runs.map(({ status }) => status), users.map(() => 0));
    const names = place.read("pw").split("\n").slice(1, -1).map((line) => line.split(":")[0]);
    assert.deepEqual(names.toSorted(), users);

    const makers = await Promise.all(
      users.map((user) => place.run(["passwd", ...QUICK, "-c", "--stdin", "new", user], "x\n")),
    );
    assert.equal(makers.filter(({ status }) => status === 0).length, 1);
    assert.equal(place.read("new").split("\n").length, 2);
    assert.deepEqual([...Deno.readDirSync(place.path)].map(({ name }) => name).toSorted(), [
      "new",
      "pw",
    ]);
  },
);

// deno-lint-ignore no-console -- whoever reads the results is to know
if (Deno.uid() !== 0) console.log("Not tried: passwd keeps owner and group, which only root gives");

cliTest("What passwd writes the real mosquitto lets in", async (place) => {
  await place.run(["passwd", ...QUICK, "-c", "--stdin", "pw", "alice"], "secret\n");
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = listener.addr;
  listener.close();
  place.write("m.conf", `listener ${port} 127.0.0.1\npassword_file ${place.path}/pw\nuser root\n`);
  const mosquitto = new Deno.Command("mosquitto", {
    args: ["-c", `${place.path}/m.conf`],
    stdout: "null",
    stderr: "null",
  }).spawn();
  const log = async (password: string) => {
    const args = ["-p", String(port), "-u", "alice", "-P", password, "-t", "t", "-m", "x"];
    for (let attempt = 0;; attempt++) {
      const { code, stderr } = await new Deno.Command("mosquitto_pub", { args }).output();
      const isStarting = /Connection refused/.test(new TextDecoder().decode(stderr));
      if (!isStarting || attempt === 100) return code;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const codes = [await log("secret"), await log("wrong")];
  mosquitto.kill("SIGTERM");
  await mosquitto.status;
  assert.equal(codes[0], 0);
  assert.notEqual(codes[1], 0);
}, !hasPrograms("a file of passwd's with the real mosquitto", "mosquitto", "mosquitto_pub"));

cliTest("passwd --scram makes a credential that scram_file takes", async (place) => {
  assert.equal(
    (await place.run(["passwd", "--scram", "-c", "--stdin", "s", "alice"], "x\n")).status,
    0,
  );
  const parsed = parseScramFile("s", place.read("s"));
  assert(parsed.isValid && parsed.value.get("alice")?.iterations === 20_000);
  const { status, error } = await place.run(["passwd", "--stdin", "s", "bob"], "x\n");
  assert.equal(status, 1);
  assert.match(error, /^s:1: alice: Is not a hash of the form/);
});

const refused: [args: string, input: string | undefined, status: number, error: RegExp][] = [
  [
    "-b DIR/pw alice secret",
    undefined,
    2,
    /^-b: Is not supported: others can see a command line; use --stdin/,
  ],
  ["-U DIR/pw", undefined, 2, /^-U: Is not supported: no file has plain passwords here/],
  [
    "-H argon2id DIR/pw alice",
    undefined,
    2,
    /^-H: Is not supported: passwords are hashed by PBKDF2/,
  ],
  ["DIR/pw alice secret", undefined, 2, /^Takes a file and a user name; the password is asked for/],
  ["DIR/pw", undefined, 2, /^Needs a file and a user name/],
  ["--stdin DIR/pw a:b", "x\n", 2, /^A user name must not hold a colon/],
  ["--stdin DIR/pw #a", "x\n", 2, /^A user name must not begin with #/],
  ["--what DIR/pw alice", undefined, 2, /--what/],
  ["-c -D DIR/pw alice", undefined, 2, /^-c and -D exclude each other/],
  ["--iterations 0 DIR/pw alice", undefined, 2, /^--iterations: Must be a whole number from 1 to/],
  [
    "--scram --iterations 1000 DIR/pw alice",
    undefined,
    2,
    /^--iterations: Must be a whole number from 4096/,
  ],
  ["--stdin DIR/none alice", "x\n", 1, /^none: Does not exist; -c creates it/],
  ["-c --stdin DIR/pw alice", "x\n", 1, /^pw: Exists already; leave -c out/],
  ["-D DIR/pw alice", undefined, 1, /^pw: There is no user alice/],
  ["--stdin DIR/pw alice", "\n", 1, /^The password is empty; nothing is changed/],
  ["--stdin DIR/pw alice", "", 1, /^The password is empty; nothing is changed/],
  ["DIR/pw alice", undefined, 1, /^pw: There is no terminal to ask at; use --stdin/],
  ["--stdin DIR/bad alice", "x\n", 1, /^bad:1: bob: Is not a hash/],
];

cliTest("passwd refuses what it should not do, says why, and changes nothing", async (place) => {
  place.write("pw", "# nobody\n");
  place.write("bad", "bob:x\n");
  for (const [args, input, status, error] of refused) {
    const run = await place.call(["passwd", ...args.split(" ")], input);
    assert.match(run.error, error, args);
    assert.equal(run.status, status, args);
  }
  assert.equal(place.read("pw"), "# nobody\n");
  assert.equal(place.read("bad"), "bob:x\n");
});

/** Runs `passwd` at a terminal, and types the answers. */
async function typeAt(place: Place, answers: readonly string[]): Promise<string> {
  const command = `${Deno.execPath()} run --no-prompt --no-check -A ${MAIN} passwd ${
    QUICK.join(" ")
  } -c pw alice`;
  const child = new Deno.Command("script", {
    args: ["-q", "-e", "-c", command, "/dev/null"],
    cwd: place.path,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  let shown = "";
  let typed = 0;
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    shown += part;
    const questions = shown.split(/Password: |Again: /).length - 1;
    while (typed < questions) await writer.write(new TextEncoder().encode(answers[typed++]!));
  }
  await writer.close().catch(() => {});
  await child.status;
  return shown;
}

const hasScript = hasPrograms("passwd at a terminal", "script");

Deno.test({
  name: "At a terminal passwd asks twice, shows nothing of what is typed, and knows backspace",
  ignore: !hasScript,
  async fn() {
    await using place = new Place();
    const shown = await typeAt(place, ["secrxx\x7f\x7fet\r", "secret\r"]);
    assert(!/secr|et\b/.test(shown), shown);
    assert(await recognizes(place.read("pw"), "alice", "secret"));
  },
});

Deno.test({
  name: "At a terminal passwd makes nothing of two different passwords, nor after Ctrl-C",
  ignore: !hasScript,
  async fn() {
    await using place = new Place();
    assert.match(
      await typeAt(place, ["one\r", "two\r"]),
      /The two passwords differ; nothing is changed/,
    );
    assert.match(await typeAt(place, ["one\x03"]), /Interrupted; nothing is changed/);
    assert.deepEqual([...Deno.readDirSync(place.path)], []);
  },
});

const CONF = "acl_file DIR/acl\n";
const ACL = "topic read a/#\nuser bob\ntopic deny a/secret\ntopic a/#\npattern write dev/%c\n";
const explained: [args: string, status: number, out: string][] = [
  ["--read a/b", 0, "yes: An anonymous client may read a/b\nacl:1: topic read a/#\n"],
  [
    "--publish a/b",
    1,
    "no: An anonymous client may not publish to a/b\nno line of acl lets it write there\n",
  ],
  ["--user bob --publish a/b", 0, "yes: User bob may publish to a/b\nacl:4: topic a/#\n"],
  [
    "--user bob --read a/secret",
    1,
    "no: User bob may not read a/secret\nacl:3: topic deny a/secret\n",
  ],
  ["--user bob --subscribe a/+", 0, "yes: User bob may subscribe to a/+\nacl:4: topic a/#\n"],
  [
    "--user bob --subscribe a/secret",
    1,
    "no: User bob may not subscribe to a/secret\nacl:3: topic deny a/secret\n",
  ],
  [
    "--user eve --subscribe $share/g/a/#",
    1,
    "no: User eve may not subscribe to $share/g/a/#\nno line of acl lets it read there\n",
  ],
  [
    "--user eve --client c7 --publish dev/c7",
    0,
    "yes: User eve as client c7 may publish to dev/c7\nacl:5: pattern write dev/%c\n",
  ],
];

cliTest(
  "explain-acl says yes or no, by its exit status too, and which line decides",
  async (place) => {
    place.write("m.conf", CONF);
    place.write("acl", ACL);
    for (const [args, status, out] of explained) {
      const run = await place.call(["explain-acl", "-c", "DIR/m.conf", ...args.split(" ")]);
      assert.deepEqual(run, { status, out, error: "" }, args);
    }
  },
);

cliTest(
  "explain-acl with per_listener_settings, acl_subscribe, no file and another file",
  async (place) => {
    place.write("acl", ACL);
    place.write("other", "topic b\n");
    place.write(
      "two.conf",
      "per_listener_settings true\nlistener 1\nacl_file DIR/acl\nlistener 2\nacl_file DIR/other\n",
    );
    place.write("open.conf", "listener 1\n");
    place.write("mosquitto.conf", `${CONF}acl_subscribe mosquitto\n`);
    const cases: [args: string, status: number, text: RegExp][] = [
      ["-c DIR/two.conf --read b", 3, /The listeners differ: name one by --listener: 1, 2/],
      ["-c DIR/two.conf --listener 2 --read b", 0, /other:1: topic b/],
      ["-c DIR/two.conf --listener 3 --read b", 3, /There is no listener 3; there is 1, 2/],
      ["-c DIR/open.conf --read b", 0, /there is no acl_file/],
      [
        "-c DIR/mosquitto.conf --subscribe x",
        0,
        /acl_subscribe is mosquitto, which grants everything/,
      ],
      ["--acl DIR/other --read b", 0, /other:1: topic b/],
      ["--acl DIR/none --read b", 3, /^none: /],
      ["--read b", 2, /Needs -c FILE or --acl FILE/],
      ["--acl DIR/other", 2, /Needs one of --publish TOPIC/],
      ["--acl DIR/other --read b --publish b", 2, /Needs one of --publish TOPIC/],
      ["--acl DIR/other --read b/#", 2, /--read: Must be a Topic Name, is "b\/#"/],
    ];
    for (const [args, status, text] of cases) {
      const run = await place.call(["explain-acl", ...args.split(" ")]);
      assert.match(run.out + run.error, text, args);
      assert.equal(run.status, status, args);
    }
  },
);

cliTest(
  "explain-acl asks the roles of dynamic security, and check reads its file",
  async (place) => {
    const allow = (acltype: string, topic: string) => ({ acltype, topic, allow: true });
    const file = {
      defaultACLAccess: { publishClientReceive: true },
      clients: [{ username: "bob", roles: [{ rolename: "own" }] }],
      roles: [{
        rolename: "own",
        acls: [allow("publishClientSend", "%u/#"), allow("subscribePattern", "a/#")],
      }],
    };
    const lines =
      "plugin mosquitto_dynamic_security.so\nplugin_opt_config_file DIR/d.json\npersistence false\n";
    place.write("m.conf", lines);
    place.write("both.conf", `${lines}acl_file DIR/acl\n`);
    place.write("acl", "user eve\ntopic x\n");
    place.write("d.json", JSON.stringify(file));
    const cases: [args: string, status: number, reason: string][] = [
      ["--user bob --publish bob/1", 0, "role own: publishClientSend %u/# allow, priority 0"],
      [
        "--user bob --subscribe $share/g/a/+",
        0,
        "role own: subscribePattern a/# allow, priority 0",
      ],
      ["--user bob --read b", 0, "no rule; defaultACLAccess publishClientReceive is true"],
      ["--user bob --read $CONTROL/x", 1, "no rule, and no default lets anybody in there"],
      ["--user eve --read x", 1, "no rule; the client is not in the file"],
    ];
    for (const [args, status, reason] of cases) {
      const run = await place.call(["explain-acl", "-c", "DIR/m.conf", ...args.split(" ")]);
      assert.deepEqual([run.status, run.out.split("\n")[1]], [status, `d.json: ${reason}`], args);
    }
    const other = await place.call([
      "explain-acl",
      "-c",
      "DIR/both.conf",
      ..."--user eve --read x".split(" "),
    ]);
    assert.deepEqual([other.status, other.out.split("\n")[1]], [0, "acl:2: topic x"]);

    assert.equal((await place.call(["check", "-c", "DIR/m.conf"])).status, 0);
    file.clients[0]!.roles.push({ rolename: "none" });
    place.write("d.json", JSON.stringify(file));
    const { status, error } = await place.call(["check", "-c", "DIR/m.conf"]);
    assert.deepEqual([status, error], [
      3,
      'm.conf:2: plugin_opt_config_file: d.json: clients "bob": roles: There is no "none"\n',
    ]);
  },
);

cliTest("check reads the files too", async (place) => {
  place.write("m.conf", "persistence false\npassword_file DIR/pw\nacl_file DIR/acl\n");
  place.write("acl", "topic\n");
  place.write("pw", "a:b\n");
  const { status, error } = await place.call(["check", "-c", "DIR/m.conf"]);
  assert.equal(status, 3);
  assert.deepEqual(error.split("\n").map((line) => line.split(" ")[0]), ["pw:1:", "acl:1:", ""]);
});

cliTest("A password file that everybody can read is warned of once", async (place) => {
  await place.run(["passwd", ...QUICK, "-c", "--stdin", "pw", "alice"], "x\n");
  await Deno.chmod(`${place.path}/pw`, 0o644);
  const files = `password_file ${place.path}/pw\nlistener 0 ${place.path}/socket\n`;
  const config = `bind_address 127.0.0.1\npersistence false\n${files}`;
  await using broker = await BrokerProcess.start({ config });
  assert.equal(broker.log.split("can read").length - 1, 1, broker.log);
});

/** A token by HS256, made by hand. */
function tokenBy(secret: string, user: string, more: object = {}): string {
  const claims = { sub: user, exp: Math.floor(Date.now() / 1000) + 600, ...more };
  const unsigned = [{ alg: "HS256" }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${unsigned}.${createHmac("sha256", secret).update(unsigned).digest("base64url")}`;
}

cliTest(
  "A broker with jwt_secret_file beside its password_file lets in by both; SIGHUP takes another secret, and whom the old one let in goes",
  async (place) => {
    const [first, second] = ["1".repeat(32), "2".repeat(32)];
    place.write("secret", first);
    place.write("users", `filed:${hashPassword(new TextEncoder().encode("right"), 10)}\n`);
    const files = [
      "--jwt-secret-file",
      `${place.path}/secret`,
      "--password-file",
      `${place.path}/users`,
    ];
    await using broker = await BrokerProcess.start({ flags: ["--no-persistence", ...files] });
    const come = async (userName: string, password: string) => {
      const client = await RawClient.open(broker.port);
      await client.send({
        ...connectPacket(),
        userName,
        password: new TextEncoder().encode(password),
      });
      const connack = await client.receive();
      return { client, code: connack?.type === "connack" ? connack.reasonCode : -1 };
    };
    const [byToken, byFile] = [
      await come("x", tokenBy(first, "alice")),
      await come("filed", "right"),
    ];
    const refused = [await come("x", tokenBy(second, "alice")), await come("alice", "x")];
    assert.deepEqual([byToken, byFile, ...refused].map(({ code }) => code), [0, 0, 0x86, 0x86]);
    assert.match(broker.log, /Token refused.*its signature is wrong/);
    place.write("secret", second);
    broker.signal("SIGHUP");
    const goodbye = await byToken.client.receive();
    assert.equal(goodbye?.type === "disconnect" && goodbye.reasonCode, 0x87);
    await byFile.client.ping();
    const again = [
      await come("x", tokenBy(first, "alice")),
      await come("x", tokenBy(second, "alice")),
    ];
    assert.deepEqual(again.map(({ code }) => code), [0x86, 0]);
    for (const { client } of [byToken, byFile, ...refused, ...again]) client.close();
  },
);

cliTest(
  "With per_listener_settings a token lets in at its own listener alone, and a secret that changes there ends nobody elsewhere",
  async (place) => {
    const [first, second] = ["1".repeat(32), "2".repeat(32)];
    place.write("first", first);
    place.write("second", first);
    const socket = `${place.path}/socket`;
    const config = [
      "per_listener_settings true",
      "persistence false",
      "port 0",
      "bind_address 127.0.0.1",
      `jwt_secret_file ${place.path}/first`,
      `listener 0 ${socket}`,
      `jwt_secret_file ${place.path}/second`,
      "jwt_audience sensors",
      `listener 0 ${socket}2`,
      "allow_anonymous true",
    ].join("\n");
    await using broker = await BrokerProcess.start({ config, isPortOwn: true });
    const doors = {
      first: () => RawClient.open(broker.port),
      second: async () => RawClient.over(await Deno.connect({ transport: "unix", path: socket })),
      third: async () =>
        RawClient.over(await Deno.connect({ transport: "unix", path: `${socket}2` })),
    };
    const clients: RawClient[] = [];
    const come = async (door: keyof typeof doors, clientId: string, token: string) => {
      const client = await doors[door]();
      clients.push(client);
      const password = new TextEncoder().encode(token);
      await client.send({ ...connectPacket({ clientId }), userName: "x", password });
      const connack = await client.receive();
      return { client, code: connack?.type === "connack" ? connack.reasonCode : -1 };
    };
    const plain = tokenBy(first, "alice");
    const ofSensor = tokenBy(first, "alice", { aud: "sensors" });
    const [one, two] = [await come("first", "one", plain), await come("second", "two", ofSensor)];
    assert.deepEqual([one.code, two.code], [0, 0]);
    assert.equal((await come("second", "three", plain)).code, 0x86);
    // Names that are proved at one listener are not taken as they are given at another.
    assert.equal((await come("third", "four", "nonsense")).code, 0x86);
    const anonymous = await doors.third();
    clients.push(anonymous);
    await anonymous.introduce({ clientId: "anonymous" });
    place.write("second", second);
    broker.signal("SIGHUP");
    const goodbye = await two.client.receive();
    assert.equal(goodbye?.type === "disconnect" && goodbye.reasonCode, 0x87);
    await one.client.ping();
    assert.equal((await come("first", "five", plain)).code, 0);
    assert.equal((await come("second", "six", ofSensor)).code, 0x86);
    const renewed = tokenBy(second, "alice", { aud: "sensors" });
    assert.equal((await come("second", "seven", renewed)).code, 0);
    for (const client of clients) client.close();
  },
);
