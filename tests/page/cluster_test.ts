import { deepEqual, equal, ok } from "node:assert/strict";
import { MqttClient } from "../../lib/client/mod.ts";
import { findAxe } from "../support/axe.ts";
import { Browser, findChromium } from "../support/browser.ts";
import { BrokerProcess } from "../support/broker_process.ts";
import { type Found, testsWith } from "../support/clients.ts";
import { freePort } from "../support/free_port.ts";
import { NatsCluster } from "../support/nats_cluster.ts";
import { until, whyNoNatsServer } from "../support/nats_server.ts";
import { PageTest, pageTest, picture, SIZES } from "./support.ts";

const noServer = whyNoNatsServer();
const [chromium, axe] = await Promise.all([findChromium(), findAxe()]);

/** The browser, and the checker of accessibility where it can be had. */
const found: Found<{ chromium: string; axe: string | undefined }> = noServer !== undefined
  ? { missing: noServer }
  : "missing" in chromium
  ? chromium
  : { client: { chromium: chromium.client, axe: "client" in axe ? axe.client : undefined } };

/** A broker with a page that is a node, in a process of its own. */
function startNode(urls: string, node: string): Promise<BrokerProcess> {
  return BrokerProcess.start({
    isPortOwn: true,
    startLimitMs: 60_000,
    config: `listener ${freePort()} 127.0.0.1
allow_anonymous true
listener ${freePort()} 127.0.0.1
protocol http_api
cluster ${urls}
cluster_node ${node}
cluster_replicas 3
connection far
address 127.0.0.1:9
bridge_node b
topic out/#
`,
  });
}

async function pageOf(node: BrokerProcess): Promise<string> {
  await node.untilLog(/Dashboard: http/, 20_000);
  return /Dashboard: (http\S+)/.exec(node.log)![1]!;
}

testsWith(found)(
  "the page, the API and the metrics tell the nodes, who leads the log, and that NATS is away",
  async ({ chromium, axe }) => {
    await using nats = await NatsCluster.start();
    await using a = await startNode(nats.urls, "a");
    await using b = await startNode(nats.urls, "b");
    const connect = (port: number, clientId: string, expiry: number) =>
      MqttClient.connect({
        hostname: "127.0.0.1",
        port,
        clientId,
        properties: { sessionExpiryInterval: expiry },
      });
    const clients = [
      await connect(a.port, "one", 0),
      await connect(a.port, "two", 600),
      await connect(b.port, "three", 600),
    ];
    await clients[0]!.publish("x", "1", { qos: 1, retain: true });
    const url = await pageOf(a);
    // deno-lint-ignore no-explicit-any -- the document of the API says what it is
    let cluster: any;
    await until("both have read all, and it is known who leads", async () => {
      cluster = (await (await fetch(`${url}/api/v1/cluster`)).json()).items[0];
      const { nodes, log } = cluster;
      const areEven = nodes.every(({ node, own, behind }: Record<string, unknown>) =>
        own === (node === "a" ? 1 : 2) && behind === 0
      );
      return areEven && nodes.length === 2 && nodes[0].clients === 2 && log?.lastSequence > 0;
    }, 60_000);
    const { log, server, nodes, bridges } = cluster;
    deepEqual(bridges, [{ clientId: "$bridge/far", node: "b" }]);
    const known = (await (await fetch(`${url}/api/v1/bridges`)).json()).items;
    deepEqual(known.map(({ name, state, node }: Record<string, unknown>) => [name, state, node]), [
      ["far", "elsewhere", "b"],
    ]);
    ok(/^n[012]$/.test(log.leader), log.leader);
    ok(nats.servers.some((one) => server.includes(String(one.port))), server);
    deepEqual(nodes.map(({ node }: { node: string }) => node), ["a", "b"]);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    ok(/^fluxmqtt_cluster_log_leader\{server="n[012]"\} 1$/m.test(metrics), metrics);
    ok(/^fluxmqtt_cluster_node_behind_records\{node="b"\} \d+$/m.test(metrics), metrics);

    await using browser = await Browser.start(chromium);
    const page = await browser.open(`${url}/#/`, SIZES.wide);
    await page.untilText("Messages in");
    await page.click("Cluster");
    await page.untilText("this node");
    await page.until(
      `[...document.querySelectorAll("dd")].some(({ innerText }) => innerText === "${log.leader}")`,
    );
    const rows = await page.evaluate(
      `[...document.querySelectorAll("tbody tr")].map((row) =>
        [...row.children].map((cell) => cell.innerText))`,
    );
    deepEqual(rows.map((row: string[]) => [row[0], ...row.slice(4)]), [
      ["a this node", "2", "4", "1"],
      ["b", "1", "3", "2"],
    ]);
    const facts = await page.evaluate(
      `[...document.querySelectorAll("[aria-label=Bridges] dl > div")].map(({ innerText }) => innerText)`,
    );
    deepEqual(facts.map((text: string) => text.split(/\s*\n\s*/)), [["far", "at b"]]);
    await picture(page, "wide-cluster");
    await page.resize(SIZES.narrow.width, SIZES.narrow.height);
    await picture(page, "narrow-cluster");
    const width = await page.evaluate("document.documentElement.scrollWidth");
    equal(
      await page.evaluate(
        `[...document.querySelectorAll(".scroll")].filter((e) => e.scrollWidth > e.clientWidth).length`,
      ),
      0,
    );
    ok(width <= SIZES.narrow.width, `The page is ${width} wide`);
    if (axe !== undefined) {
      await page.evaluate(`(() => { ${axe} })()`);
      deepEqual(
        await page.evaluate(
          "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + nodes.map(({ html }) => html)))",
        ),
        [],
      );
    }
    const other = await browser.open(`${await pageOf(b)}/#/clients`, SIZES.wide);
    await other.untilText("at node a");
    deepEqual(
      await other.evaluate(
        `[...document.querySelectorAll(".dot[role=img]")].map((dot) =>
          dot.parentElement.innerText + " " + dot.ariaLabel)`,
      ),
      ["$bridge/far away", "three connected", "two at node a"],
    );
    await picture(other, "wide-clients-of-others");
    await other.click("two");
    await other.untilText("Its lines in the log");
    await other.untilText("at node a");
    await picture(other, "wide-client-of-another");
    for (const server of nats.servers) await server.kill();
    await page.untilText("The NATS servers are not reached");
    await page.resize(SIZES.wide.width, SIZES.wide.height);
    await picture(page, "wide-cluster-away");
    const ready = await fetch(`${url}/health/ready`);
    equal(ready.status, 503);
    equal((await ready.json()).detail, "The cluster cannot be reached");
    await page.evaluate(`location.hash = "#/"`);
    await page.untilText("The cluster's NATS servers are not reached");
    deepEqual(page.errors, []);
    for (const client of clients) client.abort();
  },
  true,
);

pageTest("the page of a broker without a cluster has no view of one", async (chromium) => {
  await using test = await PageTest.start(chromium);
  const page = await test.open();
  await page.untilText("Messages in");
  equal(await page.evaluate("document.querySelector('nav').innerText.includes('Cluster')"), false);
  await page.evaluate(`location.hash = "#/cluster"`);
  await page.untilText("The broker is not a node of a cluster");
});
