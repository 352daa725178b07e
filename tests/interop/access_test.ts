import { strict as assert } from "node:assert";
import { BrokerProcess } from "../support/broker_process.ts";
import { isLeftOut } from "../support/long.ts";
import { hasPrograms } from "../support/programs.ts";
import { MosquittoSub, publish, subscribeToEnd } from "../support/mosquitto.ts";
import { type Stand, STANDS } from "../support/stands.ts";
import type { Brokers } from "../support/two_nodes.ts";

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

/** Files of the real mosquitto_passwd and an ACL, and brokers that use them. */
async function withBrokers(
  start: Stand["start"],
  allowAnonymous: boolean,
  use: (brokers: Brokers, directory: string) => Promise<void>,
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
    await using brokers = await start({ config, flags: ["--no-persistence"] });
    await use(brokers, directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** A test at one broker, and at two nodes: those who publish come to the one, those who subscribe to the other. */
function interopTest(name: string, fn: (start: Stand["start"]) => Promise<void>): void {
  for (const { suffix, start, isCluster } of STANDS) {
    const whole = name + suffix;
    Deno.test({
      name: whole,
      fn: () => fn(start),
      ignore: !HAS_PROGRAMS || isCluster && isLeftOut(whole),
      sanitizeOps: true,
      sanitizeResources: true,
    });
  }
}

/** Writes a file as whole as a broker reads it that looks at any moment. */
async function replaceFile(path: string, text: string): Promise<void> {
  await Deno.writeTextFile(`${path}.new`, text);
  await Deno.rename(`${path}.new`, path);
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

const ALICE = ["-u", "alice", "-P", "secret"];
const BOB = ["-u", "bob", "-P", "builder"];

interopTest(
  "mosquitto_pub is let in, refused and told why, as password_file and acl_file say",
  async (start) => {
    await withBrokers(start, false, async ({ here, there }) => {
      const all = [...ALICE, "-t", "home/#", "-v"];
      await using watcher = await MosquittoSub.start(there.port, all);
      for (const [args, code, output] of publishes) {
        const run = await publish(here.port, [...args.split(" "), "-m", args]);
        assert.match(run.output, output, args);
        // mosquitto_pub ends with the return code, or with 1 of older versions.
        assert(code === 0 ? run.code === 0 : run.code !== 0, `${args}: ${run.code}`);
      }
      await publish(here.port, [...ALICE, "-t", "home/end", "-m", "x"]);
      // Over two nodes there is no order between QoS 0 and the rest.
      assert.deepEqual((await watcher.take(3)).toSorted(), [
        "home/end x",
        "home/x -u alice -P secret -t home/x",
        "home/x -u alice -P secret -t home/x -V 5 -q 1",
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

interopTest("mosquitto_sub is refused in SUBACK where nothing could ever come", async (start) => {
  await withBrokers(start, true, async ({ there }) => {
    for (const [args, isGranted] of subscriptions) {
      for (const version of ["311", "5"]) {
        const flags = [...args.split(" "), "-V", version, "-E", "-W", "3"];
        const { output } = await subscribeToEnd(there.port, flags);
        assert.equal(
          /All subscription requests were denied/.test(output),
          !isGranted,
          `${args} -V ${version}: ${output}`,
        );
      }
    }
  });
});

interopTest("Retained messages and wills keep to the rules as well", async (start) => {
  await withBrokers(start, true, async ({ here, there }) => {
    const retained = [...ALICE, "-r", "-q", "1"];
    await publish(here.port, [...retained, "-t", "home/hall/temperature", "-m", "21"]);
    await publish(here.port, [...retained, "-t", "home/hall/secret", "-m", "no"]);
    const { output } = await subscribeToEnd(there.port, [...BOB, "-t", "home/#", "-W", "1", "-v"]);
    assert.equal(output.split("\n")[0], "home/hall/temperature 21");
    assert(!output.includes("secret"));

    const wills = [...ALICE, "-t", "home/will/#", "-v", "-R"];
    await using watcher = await MosquittoSub.start(there.port, wills);
    const will = async (who: readonly string[], topic: string) => {
      const client = await MosquittoSub.start(here.port, [
        ...who,
        ...["-t", "home/hall/temperature", "--will-topic", topic, "--will-payload", who[1]!],
      ]);
      await client.kill();
    };
    await will(BOB, "home/will/bob");
    await will(ALICE, "home/will/alice");
    assert.deepEqual(await watcher.take(1), ["home/will/alice alice"]);
  });
});

interopTest(
  "Who is taken out of the files loses his rights at once; a bad file is told by its line",
  async (start) => {
    await withBrokers(start, true, async ({ here, there }, directory) => {
      const filter = ["-t", "home/+/temperature", "-v"];
      await using bob = await MosquittoSub.start(there.port, [...BOB, ...filter]);
      await using last = await MosquittoSub.start(there.port, [...ALICE, "-t", "home/last"]);
      let count = 0;
      const tell = async (payload: string) => {
        for (const topic of ["home/hall/temperature", "home/last"]) {
          const args = [...ALICE, "-q", "1", "-t", topic, "-m", payload];
          assert.equal((await publish(here.port, args)).code, 0);
        }
        // By then the rules of now have been asked about the first of them.
        await last.take(++count);
      };
      const setAcl = (line: string) =>
        replaceFile(`${directory}/acl`, ACL.replace("read home/+/temperature", line));
      const signal = () => [here, there].forEach((broker) => broker.signal("SIGHUP"));
      const untilRead = (times: number) =>
        there.untilLog((log) => log.split("Users and rules are read again").length > times, 10_000);
      await tell("1");
      await bob.take(1);

      await setAcl("red home/x");
      signal();
      await there.untilLog(
        /acl:6: topic: Must have read, write, readwrite or deny before the topic/,
      );
      await tell("2");
      await bob.take(2);

      // Noticed without a signal.
      await setAcl("read garden");
      await untilRead(1);
      await tell("3");
      await replaceFile(`${directory}/acl`, ACL + "\n");
      signal();
      await untilRead(2);
      await tell("4");
      assert.deepEqual(await bob.take(3), [1, 2, 4].map((n) => `home/hall/temperature ${n}`));

      const args = ["-D", `${directory}/passwd`, "bob"];
      assert((await new Deno.Command("mosquitto_passwd", { args }).output()).success);
      signal();
      await there.untilLog(/Client disconnected .*reason="Rights were taken away"/);
      await there.untilLog(/Wrong user name or password .*userName=bob/);
      await tell("5");
    });
  },
);

Deno.test("A broker whose files are wrong does not start, and says what is wrong", async () => {
  const directory = await Deno.makeTempDir();
  await Deno.writeTextFile(`${directory}/passwd`, "alice:secret\n");
  await assert.rejects(
    BrokerProcess.start({ config: `password_file ${directory}/passwd` }),
    /passwd:1: alice: Is not a hash of the form/,
  );
  await Deno.remove(directory, { recursive: true });
});
