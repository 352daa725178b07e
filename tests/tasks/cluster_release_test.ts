import { deepEqual, equal, match, ok } from "node:assert/strict";
import { MqttClient } from "../../lib/client/mod.ts";
import { hashPassword } from "../../lib/auth/mod.ts";
import { CLIENT_FLAGS, COMMON_FLAGS } from "../../lib/cli/client_options.ts";
import type { Flags } from "../../lib/cli/commands.ts";
import { parseArguments } from "../../lib/config/mod.ts";
import { BrokerProcess } from "../support/broker_process.ts";
import { type Found, testsWith } from "../support/clients.ts";
import { callFlux } from "../support/flux.ts";
import { freePort } from "../support/free_port.ts";
import { NatsCluster } from "../support/nats_cluster.ts";
import { natsTest, until, whyNoNatsServer } from "../support/nats_server.ts";
import { findNpm } from "../support/npm.ts";

const FOLDER = new URL("../../tasks/release/cluster/", import.meta.url);
const read = (name: string) => Deno.readTextFileSync(new URL(name, FOLDER));

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly networks: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: readonly string[];
  readonly configs: readonly { readonly source: string; readonly target: string }[];
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: object;
  readonly volumes: object;
  readonly configs: Readonly<Record<string, { readonly content: string }>>;
}

interface Yaml {
  parse(text: string, options: { readonly merge: boolean }): Compose;
}

/** The compose file, read. */
async function findCompose(): Promise<Found<Compose>> {
  const yaml = await findNpm<Yaml>("npm:yaml@2.8.1");
  if ("missing" in yaml) return yaml;
  return { client: yaml.client.parse(read("compose.yaml"), { merge: true }) };
}

const compose = await findCompose();
const composeTest = testsWith(compose);

/** Runs a program; `undefined`: it is not installed, which is said. */
async function run(
  program: string,
  args: readonly string[],
): Promise<readonly [code: number, said: string] | undefined> {
  try {
    const { code, stdout, stderr } = await new Deno.Command(program, { args: [...args] }).output();
    return [code, new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr)];
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    // deno-lint-ignore no-console -- whoever reads the results is to know
    console.log(`Not tried: ${program} is not installed`);
    return undefined;
  }
}

/** Gives `use` a directory with these files. */
async function withFiles(
  files: Readonly<Record<string, string>>,
  use: (directory: string) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "flux-release-" });
  try {
    for (const [name, text] of Object.entries(files)) {
      await Deno.mkdir(`${directory}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
      await Deno.writeTextFile(`${directory}/${name}`, text);
    }
    await use(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

composeTest(
  "the compose file names nothing that it does not have, and flags that are understood",
  ({ services, networks, volumes, configs }) => {
    deepEqual(Object.keys(services).length, 7);
    const flags: Flags = { ...CLIENT_FLAGS.health, ...COMMON_FLAGS };
    const known = Object.entries(flags).flatMap(([name, { short }]) => [`--${name}`, `-${short}`]);
    for (const [name, service] of Object.entries(services)) {
      for (const other of service.depends_on ?? []) ok(other in services, `${name}: ${other}`);
      for (const network of service.networks) ok(network in networks, `${name}: ${network}`);
      for (const { source } of service.configs) ok(source in configs, `${name}: ${source}`);
      for (const volume of service.volumes ?? []) {
        ok(volume.startsWith("./") || volume.split(":")[0]! in volumes, `${name}: ${volume}`);
      }
      if (service.image !== "flux-mqtt") continue;
      deepEqual(parseArguments(service.command!).problems, []);
      equal(service.command![1], service.configs[0]!.target);
      const [, program, command, ...rest] = service.healthcheck!.test;
      deepEqual([program, command], ["/flux-mqtt", "health"]);
      for (const flag of rest.filter((word) => word.startsWith("-"))) {
        ok(
          known.includes(flag),
          flag,
        );
      }
    }
    // Nobody but the brokers reaches the NATS servers.
    deepEqual(services["balancer"]!.networks, ["front"]);
    return Promise.resolve();
  },
);

const fluxConfigs: [name: string, text: string][] = [
  ["flux.conf", read("flux.conf")],
  ..."client" in compose
    ? [["compose.yaml", compose.client.configs["flux"]!.content] as [string, string]]
    : [],
];
for (const [name, text] of fluxConfigs) {
  Deno.test(`flux-mqtt check takes the configuration of cluster/${name}`, async () => {
    await withFiles({ passwords: "", "nats-password": "secret\n", acl: "" }, async (directory) => {
      const there = text
        .replaceAll(/\/etc\/flux-mqtt(?=\/)|(?<= )(?=\/passwords$)/gm, directory)
        .replaceAll("/var/lib/flux-mqtt", `${directory}/data`);
      await Deno.writeTextFile(`${directory}/flux.conf`, there);
      const { status, out, error } = await callFlux(["check", "-c", `${directory}/flux.conf`]);
      equal(status, 0, error);
      match(out, /^cluster_replicas +3 /m);
    });
  });
}

const natsConfigs: [name: string, text: string][] = [
  ["nats-server.conf", read("nats-server.conf")],
  ..."client" in compose
    ? [["compose.yaml", compose.client.configs["nats"]!.content] as [string, string]]
    : [],
];
for (const [name, text] of natsConfigs) {
  natsTest(`nats-server takes the configuration of cluster/${name}`, async () => {
    match(text, /^ +sync_interval: always$/m);
    const [, version = ""] = (await run("nats-server", ["--version"]))!;
    const [, minor = "0"] = /v2\.(\d+)/.exec(version) ?? [];
    // Debian's server does not know the line yet.
    const taken = Number(minor) < 10 ? text.replace(/^ +sync_interval.*$/m, "") : text;
    await withFiles({ "nats.conf": taken }, async (directory) => {
      const [code, said] = (await run("nats-server", ["-t", "-c", `${directory}/nats.conf`]))!;
      equal(code, 0, said);
    });
  });
}

Deno.test("systemd understands the unit of the NATS server, and what is added to the broker's", async () => {
  const unit = read("nats-server.service").replaceAll("/usr/local/bin/nats-server", "/bin/true");
  const own = new URL("../../lib/cli/service/flux-mqtt.service", import.meta.url);
  const broker = Deno.readTextFileSync(own).replaceAll("/usr/local/bin/flux-mqtt", "/bin/true");
  const files = {
    "nats-server.service": unit,
    "flux-mqtt.service": broker,
    "flux-mqtt.service.d/cluster.conf": read("flux-mqtt-cluster.conf"),
  };
  await withFiles(files, async (directory) => {
    for (const name of ["nats-server", "flux-mqtt"]) {
      const path = `${directory}/${name}.service`;
      const ran = await run("systemd-analyze", ["verify", "--man=no", path]);
      if (ran !== undefined) deepEqual(ran, [0, ""]);
    }
  });
});

Deno.test("all files of the cluster folder are released", () => {
  const released = Deno.readTextFileSync(new URL("../../release.ts", FOLDER));
  for (const { name } of Deno.readDirSync(FOLDER)) ok(released.includes(`"cluster/${name}"`), name);
});

const noNats = whyNoNatsServer();
const hasBalancer = await run("haproxy", ["-v"]) !== undefined;
const realTest = testsWith<Compose>(
  noNats !== undefined
    ? { missing: noNats }
    : hasBalancer
    ? compose
    : { missing: "haproxy is not installed" },
);

realTest(
  "a client behind the load balancer finds its session when the node that it was at is killed",
  async ({ configs }) => {
    const password = hashPassword(new TextEncoder().encode("secret"), 1000);
    await withFiles({ passwords: `alice:${password}\n` }, async (directory) => {
      await using nats = await NatsCluster.start();
      const places = [1, 2].map(() => ({ mqtt: freePort(), own: freePort(), http: freePort() }));
      const start = (i: number) => {
        const { mqtt, own, http } = places[i]!;
        const config = configs["flux"]!.content
          .replace(/^cluster .*$/m, `cluster ${nats.urls}\ncluster_node broker-${i}`)
          .replace("listener 1883", `listener ${mqtt} 127.0.0.1`)
          .replace("listener 1884", `listener ${own}`)
          .replace("listener 9883", `listener ${http} 127.0.0.1`)
          .replace("location /data", `location ${directory}/${i}`)
          .replace(" /passwords", ` ${directory}/passwords`);
        return BrokerProcess.start({ config, isPortOwn: true, startLimitMs: 60_000 });
      };
      await using stack = new AsyncDisposableStack();
      const brokers = await Promise.all([start(0), start(1)]);
      for (const broker of brokers) stack.use(broker);
      const front = freePort();
      let haproxy = configs["haproxy"]!.content.replace("bind :1883", `bind 127.0.0.1:${front}`)
        .replace(/^ +server broker-3.*\n/m, "");
      for (const [i, { mqtt, http }] of places.entries()) {
        const there = `127.0.0.1:${mqtt} check port ${http}`;
        haproxy = haproxy.replace(`broker-${i + 1}:1883`, there);
      }
      await Deno.writeTextFile(`${directory}/haproxy.cfg`, haproxy);
      await using balancer = new Deno.Command("haproxy", {
        args: ["-db", "-f", `${directory}/haproxy.cfg`],
        stdout: "null",
        stderr: "null",
      }).spawn();
      const got: string[] = [];
      let client: MqttClient | undefined;
      await until("the balancer lets a client in", async () => {
        client = await MqttClient.connect({
          hostname: "127.0.0.1",
          port: front,
          clientId: "c",
          cleanStart: false,
          properties: { sessionExpiryInterval: 600 },
          userName: "alice",
          password: new TextEncoder().encode("secret"),
          reconnect: { minDelayMs: 100, maxDelayMs: 500 },
          onMessage: ({ payload }) => void got.push(new TextDecoder().decode(payload)),
        }).catch(() => undefined);
        return client !== undefined;
      }, 60_000);
      await client!.subscribe({ topicFilter: "t", qos: 2 });
      await client!.publish("t", "1", { qos: 2 });
      const isAt = (i: number) => brokers[i]!.log.includes("clientId=c");
      ok(isAt(0) !== isAt(1), "it is at one node");
      const at = isAt(0) ? 0 : 1;
      await brokers[at]!.kill();
      await client!.publish("t", "2", { qos: 2 });
      await until("both have come, once and in order", () => got.length >= 2, 60_000);
      deepEqual(got, ["1", "2"]);
      ok(isAt(1 - at), "it has come to the other one");
      await client!.disconnect();
      balancer.kill("SIGTERM");
      await balancer.status;
    });
  },
  true,
);
