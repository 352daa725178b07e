import { strict as assert } from "node:assert";
import { Distribution } from "../../lib/broker/mod.ts";
import { MqttClient } from "../../lib/client/mod.ts";
import { type Found, testsWith } from "../support/clients.ts";
import { HttpBroker } from "./support.ts";
import { freePort } from "../support/free_port.ts";

/** Prometheus itself: Debian's package has it. */
async function findPrometheus(): Promise<Found<string>> {
  try {
    await new Deno.Command("prometheus", { args: ["--version"], stdout: "null", stderr: "null" })
      .output();
    return { client: "prometheus" };
  } catch {
    return { missing: "prometheus (Debian's package) is not installed" };
  }
}
const scrapeTest = testsWith(await findPrometheus());

/** How long it may take to start and to scrape once. */
const LIMIT_MS = 30_000;

/** Prometheus with one target, until it is disposed of. */
class Prometheus {
  readonly #child: Deno.ChildProcess;
  readonly #folder: string;
  readonly #port: number;

  static async start(program: string, target: string): Promise<Prometheus> {
    const folder = await Deno.makeTempDir({ prefix: "flux-prometheus-" });
    const config = [
      "global: { scrape_interval: 1s }",
      "scrape_configs:",
      `- { job_name: flux, static_configs: [{ targets: ["${target}"] }] }`,
      "",
    ];
    await Deno.writeTextFile(`${folder}/prometheus.yml`, config.join("\n"));
    const port = freePort();
    const child = new Deno.Command(program, {
      args: [
        `--config.file=${folder}/prometheus.yml`,
        `--storage.tsdb.path=${folder}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    return new Prometheus(child, folder, port);
  }

  private constructor(child: Deno.ChildProcess, folder: string, port: number) {
    this.#child = child;
    this.#folder = folder;
    this.#port = port;
  }

  /** The value of a query, as soon as there is one. */
  async valueOf(query: string): Promise<number> {
    const deadline = Date.now() + LIMIT_MS;
    const url = `http://127.0.0.1:${this.#port}/api/v1/query?query=${encodeURIComponent(query)}`;
    while (Date.now() < deadline) {
      try {
        const { data } = await (await fetch(url)).json();
        if (data.result.length > 0) return Number(data.result[0].value[1]);
      } catch {
        // It is not up yet.
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`Nothing is known of ${query}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#child.status;
    await Deno.remove(this.#folder, { recursive: true });
  }
}

scrapeTest(
  "Prometheus scrapes the metrics, those of mosquitto-exporter and of prefixes too",
  async (program) => {
    await using broker = await HttpBroker.start({
      metrics: { topicPrefixes: ["home"], hasExporterNames: true },
    });
    const client = await MqttClient.connect({ hostname: "127.0.0.1", port: broker.mqttPort });
    await client.publish("home/door", new Uint8Array(3), { qos: 1 });
    await client.publish("homes", new Uint8Array(3), { qos: 1 });
    await using prometheus = await Prometheus.start(program, `127.0.0.1:${broker.port}`);
    assert.equal(await prometheus.valueOf("fluxmqtt_clients_connected"), 1);
    assert.equal(
      await prometheus.valueOf('fluxmqtt_publish_packets_total{direction="received",qos="1"}'),
      2,
    );
    assert.equal(
      await prometheus.valueOf('fluxmqtt_topic_messages_total{prefix="home",direction="received"}'),
      1,
    );
    assert.equal(await prometheus.valueOf("broker_clients_connected"), 1);
    assert.equal(await prometheus.valueOf("broker_publish_messages_received"), 2);
    assert.equal(await prometheus.valueOf("up"), 1);
    await client.disconnect();
  },
);

Deno.test("The Grafana dashboard is JSON, and each of its queries names metrics that there are", async () => {
  await using broker = await HttpBroker.start({
    store: { commitSeconds: new Distribution([1], 1) },
    listeners: [],
  });
  const text = await (await broker.fetch("/metrics")).text();
  const known = new Set(
    text.split("\n").filter((line) => line !== "" && !line.startsWith("# HELP"))
      .map((line) => line.startsWith("# TYPE") ? line.split(" ")[2]! : line.split(/[ {]/)[0]!),
  );
  // Only where a listener has a certificate.
  known.add("fluxmqtt_certificate_expiry_timestamp_seconds");
  const path = new URL("../../tasks/release/grafana-dashboard.json", import.meta.url);
  const { panels, templating } = JSON.parse(await Deno.readTextFile(path));
  const queries: string[] = [
    ...panels.flatMap(({ targets }: { targets: { expr: string }[] }) =>
      targets.map(({ expr }) => expr)
    ),
    ...templating.list.flatMap(({ query }: { query: string | { query: string } }) =>
      typeof query === "string" ? [] : [query.query]
    ),
  ];
  assert.ok(queries.length > 25);
  for (const query of queries) {
    const named = query.match(/\b(?:fluxmqtt|process)_\w+/g) ?? [];
    assert.ok(named.length > 0, query);
    for (const name of named) assert.ok(known.has(name), `${query} names ${name}`);
  }
});
