import { strict as assert } from "node:assert";
import { until } from "../support/bridge_ends.ts";
import { filter, PageTest, pageTest, picture, SIZES } from "./support.ts";

pageTest(
  "the page traces a client: by its button, step by step, until it is stopped",
  async (chromium) => {
    await using test = await PageTest.start(chromium);
    const pump = await test.fill();
    const page = await test.open("clients/pump-7");
    await page.untilText("cmd/pump-7");
    await page.click("Trace");
    await page.untilText("Running");
    await page.untilText("Nothing has happened yet");
    await pump.subscribe([filter("plant/new", 1)]);
    const payload = new TextEncoder().encode('{"level": 41, "unit": "cm"}');
    await pump.publish("plant/new", payload, { qos: 1 });
    await page.untilText(": granted QoS 1");
    await page.untilText('{"level":41,"unit":"cm"}');
    await page.untilText("archive");
    await picture(page, "trace-client");
    await page.resize(SIZES.narrow.width, SIZES.narrow.height);
    const width = await page.evaluate("document.documentElement.scrollWidth");
    assert.ok(width <= SIZES.narrow.width, `${width} wide`);
    await picture(page, "trace-client-narrow");
    const { core } = test.broker.server.broker;
    // The client's page looks on for a while: it is the trace that has to go.
    const { observers } = core;
    assert.notEqual(observers, null);
    await page.click("Stop");
    await page.untilText("Stopped");
    await until(() => core.observers !== observers);
    assert.deepEqual(page.errors, []);
  },
  true,
);

pageTest("the page traces a topic, from its panel on", async (chromium) => {
  await using test = await PageTest.start(chromium);
  const pump = await test.fill();
  const page = await test.open("topics");
  await page.click("home");
  await page.click("status");
  await page.click("Trace");
  await page.untilText("Running");
  await pump.publish("home/status", new Uint8Array([1, 0xff]), { qos: 0 });
  await page.untilText("PUBLISH home/status: QoS 0, 2 bytes");
  await page.untilText("01ff");
  await picture(page, "trace-topic");
  assert.deepEqual(page.errors, []);
});
