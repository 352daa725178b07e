import { strict as assert } from "node:assert";
import { BrokerProcess } from "../support/broker_process.ts";
import { freePort } from "../support/free_port.ts";
import { hasMosquitto, MosquittoBroker } from "../support/mosquitto_broker.ts";
import { publish } from "../support/mosquitto.ts";
import { hasPrograms } from "../support/programs.ts";
import { RawClient } from "../support/raw_client.ts";
import { STANDS } from "../support/stands.ts";

/** How long a broker may take to read its rules again. */
const RELOAD_LIMIT_MS = 10_000;

/** Rules; `n` is a topic that only these let the reader read, which tells that they hold. */
function rules(n: number, hasRight: boolean): string {
  const write = hasRight ? "readwrite" : "read";
  return `topic ${write} anonymous/#
user alice
topic ${write} user/#
user pump
topic readwrite probe/#
user reader
topic read user/#
topic read client/#
topic read anonymous/#
topic read probe/${n}
${hasRight ? "pattern readwrite client/%c" : "pattern read client/%c"}
`;
}

/** A broker under test. */
interface Tried {
  readonly port: number;
  readonly pid: number;
}

/** Brokers under test: messages are retained at the one, and read at the other; it may be the same. */
interface BothTried {
  readonly here: Tried;
  readonly there: Tried;
}

/** Retained messages of publishers whose right is by user name, by Client Identifier, or everybody's. */
async function retainAll({ port }: Tried): Promise<void> {
  const messages = [
    ["-u", "alice", "-t", "user/a"],
    ["-u", "pump", "-i", "dev", "-t", "client/dev"],
    ["-t", "anonymous/a"],
    ...[1, 2, 3].map((n) => ["-u", "pump", "-t", `probe/${n}`]),
  ];
  for (const args of messages) {
    const { code, output } = await publish(port, ["-q", "1", "-r", "-m", "x", ...args]);
    assert.equal(code, 0, output);
  }
}

/** What a new subscription of the reader brings, once the rules with `n` hold. */
async function seen({ port }: Tried, n: number): Promise<readonly string[]> {
  const endMs = performance.now() + RELOAD_LIMIT_MS;
  for (;;) {
    const topics = await subscribeOnce(port);
    if (topics.includes(`probe/${n}`)) return topics;
    assert.ok(performance.now() < endMs, `The rules with probe/${n} do not hold: ${topics}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function subscribeOnce(port: number): Promise<readonly string[]> {
  using reader = await RawClient.open(port, 4);
  await reader.send({
    type: "connect",
    protocolVersion: 4,
    clientId: `reader-${crypto.randomUUID().slice(0, 8)}`,
    userName: "reader",
    cleanStart: true,
    keepAliveSeconds: 0,
  });
  assert.equal((await reader.receive())?.type, "connack");
  return (await reader.retained("#")).map(({ topicName }) => topicName).sort();
}

/** Takes the rights away, and gives them back. */
async function play(
  { here, there }: BothTried,
  aclFile: string,
): Promise<readonly (readonly string[])[]> {
  await retainAll(here);
  const all = [await seen(there, 1)];
  for (const [n, hasRight] of [[2, false], [3, true]] as const) {
    Deno.writeTextFileSync(aclFile, rules(n, hasRight));
    for (const { pid } of [here, there]) Deno.kill(pid, "SIGHUP");
    all.push(await seen(there, n));
  }
  return all;
}

const ALL = ["anonymous/a", "client/dev", "user/a"];

/** Plays it with this line and rules in a file; what is seen is what it must be. */
async function tryLine(
  line: string,
  without: readonly string[],
  start: (config: string) => Promise<BothTried & AsyncDisposable>,
): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "flux-retain-" });
  try {
    const aclFile = `${directory}/acl`;
    Deno.writeTextFileSync(aclFile, rules(1, true));
    await using brokers = await start(`allow_anonymous true\nacl_file ${aclFile}\n${line}\n`);
    const expected = [[...ALL, "probe/1"], [...without, "probe/2"], [...ALL, "probe/3"]]
      .map((topics) => topics.sort());
    assert.deepEqual(await play(brokers, aclFile), expected);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function startMosquitto(config: string): Promise<BothTried & AsyncDisposable> {
  const broker = await MosquittoBroker.start(config);
  const end = () => broker[Symbol.asyncDispose]();
  return { here: broker, there: broker, [Symbol.asyncDispose]: end };
}

const cases: readonly [line: string, without: readonly string[]][] = [
  ["check_retain_source true", []],
  ["check_retain_source false", ALL],
];
for (const [line, without] of cases) {
  const what = `a retained message whose publisher lost its right, with "${line}"`;
  Deno.test({
    name: `${what}: mosquitto`,
    ignore: !hasMosquitto,
    fn: () => tryLine(line, without, startMosquitto),
  });
  for (const { suffix, start } of STANDS) {
    Deno.test({
      name: `${what}: ours${suffix}`,
      ignore: !hasMosquitto,
      // The listeners of two machines have addresses, and names, of their own.
      fn: () =>
        tryLine(line, without, (config) =>
          start(() => ({
            config: `listener ${freePort()} 127.0.0.1\n${config}persistence false\n`,
            isPortOwn: true,
          }))),
    });
  }
}

async function restart(): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "flux-retain-" });
  try {
    const aclFile = `${directory}/acl`;
    Deno.writeTextFileSync(aclFile, rules(1, true));
    const config =
      `allow_anonymous true\nacl_file ${aclFile}\npersistence_location ${directory}/data\n`;
    {
      await using before = await BrokerProcess.start({ config });
      await retainAll(before);
    }
    Deno.writeTextFileSync(aclFile, rules(2, false));
    await using after = await BrokerProcess.start({ config });
    assert.deepEqual(await seen(after, 2), ["probe/2"]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test({
  name: "who has published a retained message is known after a restart",
  ignore: !hasPrograms("who has published a retained message", "mosquitto_pub"),
  fn: restart,
});
