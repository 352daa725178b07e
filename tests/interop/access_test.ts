import { strict as assert } from "node:assert";
import { BrokerProcess } from "../support/broker_process.ts";
import { hasPrograms } from "../support/programs.ts";
import { MosquittoSub, publish, subscribeToEnd } from "../support/mosquitto.ts";

const HAS_PROGRAMS = hasPrograms(
  "password and ACL files with mosquitto's programs",
  ...["mosquitto_passwd", "mosquitto_pub", "mosquitto_sub", "stdbuf"],
);
const ACL = `topic read public/#
user alice
topic home/#
topic deny home/safe
user bob
topic read home/+/temperature
pattern write dev/%c/%u
`;

/** Files of the real mosquitto_passwd and an ACL, and a broker that uses them. */
async function withBroker(
  allowAnonymous: boolean,
  use: (broker: BrokerProcess, directory: string) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    const passwords = `${directory}/passwd`;
    await Deno.writeTextFile(passwords, "");
    for (
      const [user, password, ...flags] of [
        ["alice", "secret"],
        ["bob", "builder", "-H", "sha512"],
      ]
    ) {
      const args = [...flags, "-b", passwords, user!, password!];
      assert((await new Deno.Command("mosquitto_passwd", { args }).output()).success);
    }
    await Deno.writeTextFile(`${directory}/acl`, ACL);
    const config = [
      `allow_anonymous ${allowAnonymous}`,
      `password_file ${passwords}`,
      `acl_file ${directory}/acl`,
      "max_failure_delay 0",
    ].join("\n");
    await using broker = await BrokerProcess.start({ config, flags: ["--no-persistence"] });
    await use(broker, directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

function interopTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, ignore: !HAS_PROGRAMS, sanitizeOps: true, sanitizeResources: true });
}

const REFUSED_311 = /bad user name or password/;
const NOT_AUTHORIZED_311 = /not authorised/;

const publishes: [args: string, code: number, output: RegExp][] = [
  ["-u alice -P secret -t home/x", 0, /^$/],
  ["-u alice -P secret -t home/x -V 5 -q 1", 0, /^$/],
  ["-u alice -P secret -t home/safe -V 5 -q 1", 0, /Publish 1 failed: Not authorized/],
  ["-u alice -P secret -t home/safe -V 5 -q 2", 0, /Publish 1 failed: Not authorized/],
  ["-u alice -P secret -t home/safe -q 1", 0, /^$/],
  ["-u bob -P builder -t dev/c1/bob -i c1 -V 5 -q 1", 0, /^$/],
  ["-u bob -P builder -t dev/c2/bob -i c1 -V 5 -q 1", 0, /failed: Not authorized/],
  ["-u alice -P Secret -t home/x", 5, REFUSED_311],
  ["-u alice -t home/x", 5, REFUSED_311],
  ["-u carol -P secret -t home/x", 5, REFUSED_311],
  ["-u carol -P secret -t home/x -V 5", 134, /Bad User Name or Password/i],
  ["-t home/x", 5, NOT_AUTHORIZED_311],
  ["-t home/x -V 5", 135, /Not authorized/i],
];

interopTest(
  "mosquitto_pub is let in, refused and told why, as password_file and acl_file say",
  async () => {
    await withBroker(false, async (broker) => {
      await using watcher = await MosquittoSub.start(broker.port, [
        "-u",
        "alice",
        "-P",
        "secret",
        "-t",
        "home/#",
        "-v",
      ]);
      for (const [args, code, output] of publishes) {
        const run = await publish(broker.port, [...args.split(" "), "-m", args]);
        assert.match(run.output, output, args);
        // mosquitto_pub ends with the return code, or with 1 of older versions.
        assert(code === 0 ? run.code === 0 : run.code !== 0, `${args}: ${run.code}`);
      }
      await publish(broker.port, ["-u", "alice", "-P", "secret", "-t", "home/end", "-m", "x"]);
      assert.deepEqual(await watcher.take(3), [
        "home/x -u alice -P secret -t home/x",
        "home/x -u alice -P secret -t home/x -V 5 -q 1",
        "home/end x",
      ]);
    });
  },
);

const subscriptions: [args: string, isGranted: boolean][] = [
  ["-t public/a", true],
  ["-t home/x", false],
  ["-u alice -P secret -t home/safe", false],
  ["-u alice -P secret -t #", true],
  ["-u bob -P builder -t home/#", true],
  ["-u bob -P builder -t garden/#", false],
  ["-u bob -P builder -t dev/c1/bob -i c1", false],
  ["-u bob -P builder -t $SYS/#", false],
];

interopTest("mosquitto_sub is refused in SUBACK where nothing could ever come", async () => {
  await withBroker(true, async (broker) => {
    for (const [args, isGranted] of subscriptions) {
      for (const version of ["311", "5"]) {
        const flags = [...args.split(" "), "-V", version, "-E", "-W", "3"];
        const { output } = await subscribeToEnd(broker.port, flags);
        assert.equal(
          /All subscription requests were denied/.test(output),
          !isGranted,
          `${args} -V ${version}: ${output}`,
        );
      }
    }
  });
});

interopTest("Retained messages and wills keep to the rules as well", async () => {
  await withBroker(true, async (broker) => {
    const alice = ["-u", "alice", "-P", "secret"];
    await publish(broker.port, [
      ...alice,
      "-r",
      "-q",
      "1",
      "-t",
      "home/hall/temperature",
      "-m",
      "21",
    ]);
    await publish(broker.port, [...alice, "-r", "-q", "1", "-t", "home/hall/secret", "-m", "no"]);
    const bob = ["-u", "bob", "-P", "builder"];
    const { output } = await subscribeToEnd(broker.port, [...bob, "-t", "home/#", "-W", "1", "-v"]);
    assert.equal(output.split("\n")[0], "home/hall/temperature 21");
    assert(!output.includes("secret"));

    await using watcher = await MosquittoSub.start(broker.port, [
      ...alice,
      "-t",
      "home/will/#",
      "-v",
      "-R",
    ]);
    const will = async (who: readonly string[], topic: string) => {
      const client = await MosquittoSub.start(broker.port, [
        ...who,
        ...["-t", "home/hall/temperature", "--will-topic", topic, "--will-payload", who[1]!],
      ]);
      await client.kill();
    };
    await will(bob, "home/will/bob");
    await will(alice, "home/will/alice");
    assert.deepEqual(await watcher.take(1), ["home/will/alice alice"]);
  });
});

interopTest(
  "Who is taken out of the files loses his rights at once; a bad file is told by its line",
  async () => {
    await withBroker(true, async (broker, directory) => {
      const alice = ["-u", "alice", "-P", "secret"];
      await using bob = await MosquittoSub.start(broker.port, [
        ...["-u", "bob", "-P", "builder", "-t", "home/+/temperature", "-v"],
      ]);
      const tell = (payload: string) =>
        publish(broker.port, [...alice, "-t", "home/hall/temperature", "-m", payload]);
      await tell("1");
      await bob.take(1);

      await Deno.writeTextFile(
        `${directory}/acl`,
        ACL.replace("read home/+/temperature", "red home/x"),
      );
      broker.signal("SIGHUP");
      await broker.untilLog(
        /acl:6: topic: Must have read, write, readwrite or deny before the topic/,
      );
      await tell("2");
      await bob.take(2);

      // Noticed without a signal.
      await Deno.writeTextFile(
        `${directory}/acl`,
        ACL.replace("read home/+/temperature", "read garden"),
      );
      await broker.untilLog(/Users and rules are read again/, 10_000);
      await tell("3");
      await Deno.writeTextFile(`${directory}/acl`, ACL + "\n");
      broker.signal("SIGHUP");
      await broker.untilLog((log) => log.split("Users and rules are read again").length >= 3);
      await tell("4");
      assert.deepEqual(await bob.take(3), [1, 2, 4].map((n) => `home/hall/temperature ${n}`));

      const args = ["-D", `${directory}/passwd`, "bob"];
      assert((await new Deno.Command("mosquitto_passwd", { args }).output()).success);
      broker.signal("SIGHUP");
      await broker.untilLog(/Client disconnected .*reason="Rights were taken away"/);
      await broker.untilLog(/Wrong user name or password .*userName=bob/);
      assert.equal((await tell("5")).code, 0);
    });
  },
);

interopTest("A broker whose files are wrong does not start, and says what is wrong", async () => {
  const directory = await Deno.makeTempDir();
  await Deno.writeTextFile(`${directory}/passwd`, "alice:secret\n");
  await assert.rejects(
    BrokerProcess.start({ config: `password_file ${directory}/passwd` }),
    /passwd:1: alice: Is not a hash of the form/,
  );
  await Deno.remove(directory, { recursive: true });
});
