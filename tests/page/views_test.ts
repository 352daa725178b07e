import { strict as assert } from "node:assert";
import { PageTest, pageTest, picture, SIZES } from "./support.ts";

/** Each view, and what it shows when it has data. */
const views: [view: string, shows: string[]][] = [
  ["", ["Messages in", "Loop delay p99", "Version 1.2.3"]],
  ["clients", ["pump-7", "archive", "meter-3"]],
  ["clients/pump-7", ["connected", "plant/#", "cmd/pump-7"]],
  ["topics", ["home", "Live"]],
  ["messages", ["Nothing is followed", "Publish"]],
  ["log", ["Message dropped clientId=archive"]],
  ["configuration", ["max_qos", "m.conf:3", "http_api"]],
  ["access", ["which line of the ACL decides"]],
];

for (const size of Object.keys(SIZES) as (keyof typeof SIZES)[]) {
  pageTest(
    `every view has its data, ${size}: no error, no request to elsewhere, nothing beyond the edge`,
    async (chromium) => {
      await using test = await PageTest.start(chromium);
      await test.fill();
      const page = await test.open("", size);
      // A picture of a huge screen takes long to draw: two views show whether they spread well.
      for (const [view, shows] of size === "huge" ? views.slice(0, 2) : views) {
        await page.evaluate(`location.hash = "#/${view}"`);
        for (const text of shows) await page.untilText(text);
        const width = await page.evaluate("document.documentElement.scrollWidth");
        assert.ok(width <= SIZES[size].width, `${view} is ${width} wide`);
        await picture(page, `${size}-${view.replace("/", "-") || "overview"}`);
      }
      assert.deepEqual(page.errors, []);
      const host = new URL(test.broker.url).host;
      for (const url of page.requests) {
        const { host: asked, protocol } = new URL(url);
        if (protocol !== "data:" && protocol !== "about:") assert.equal(asked, host, url);
      }
    },
    size !== "wide",
  );
}

pageTest("views without anything say so", async (chromium) => {
  await using test = await PageTest.start(chromium);
  const page = await test.open("clients");
  await page.untilText("No client has connected yet");
  await page.evaluate(`location.hash = "#/log"`);
  await page.untilText("The log has no line yet");
  await page.evaluate(`location.hash = "#/clients/nobody"`);
  await page.untilText("There is no such session any more");
  await page.evaluate(`location.hash = "#/topics"`);
  await page.untilText("No topic is selected");
}, true);

pageTest("the page says that it shows old data when the broker is gone", async (chromium) => {
  await using test = await PageTest.start(chromium);
  const page = await test.open();
  await page.untilText("Live");
  await test.broker.http.close();
  await page.untilText("The broker does not answer: what is shown is of");
}, true);

pageTest("the tree of topics is gone through with the keys alone", async (chromium) => {
  await using test = await PageTest.start(chromium);
  await test.fill();
  const page = await test.open("topics");
  await page.untilText("home");
  await page.evaluate("document.querySelector('[role=tree]').focus()");
  await page.press("Enter");
  await page.press("ArrowRight");
  await page.untilText("room-0");
  await page.press("ArrowDown");
  await page.press("ArrowRight");
  await page.untilText("temperature");
  await page.press("ArrowDown");
  await page.until("document.querySelector('h2.topic')?.textContent === 'home/room-0/temperature'");
  await page.untilText("retained");
});

pageTest("ten thousand clients scroll with a few dozen rows in the document", async (chromium) => {
  await using test = await PageTest.start(chromium);
  test.broker.server.restore({
    sessions: Array.from({ length: 10_000 }, (_, i) => ({
      clientId: `c-${String(i).padStart(5, "0")}`,
      expirySeconds: Infinity,
      expiresAtMs: Infinity,
      subscriptions: [],
      deliveries: [],
      received: [],
      will: undefined,
    })),
    retained: [],
  });
  const page = await test.open("clients");
  await page.untilText("c-00000");
  for (let i = 0; i < 200; i++) {
    const isThere = await page.evaluate(`(() => {
      const scroll = document.querySelector(".scroll");
      scroll.scrollTop = scroll.scrollHeight;
      return document.body.innerText.includes("c-09999");
    })()`);
    if (isThere) break;
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
  await page.untilText("c-09999");
  assert.ok(await page.evaluate("document.querySelectorAll('tbody tr').length") < 150);
}, true);
