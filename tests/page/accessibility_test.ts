import { strict as assert } from "node:assert";
import { findAxe } from "../support/axe.ts";
import { findChromium } from "../support/browser.ts";
import { testsWith } from "../support/clients.ts";
import { PageTest } from "./support.ts";

const [chromium, axe] = await Promise.all([findChromium(), findAxe()]);
const axeTest = testsWith(
  "missing" in chromium
    ? chromium
    : "missing" in axe
    ? axe
    : { client: { chromium: chromium.client, axe: axe.client } },
);

const VIEWS: readonly [view: string, shows: string][] = [
  ["", "Messages in"],
  ["clients", "pump-7"],
  ["clients/pump-7", "cmd/pump-7"],
  ["topics", "home"],
  ["messages", "Nothing is followed"],
  ["log", "Message dropped"],
  ["configuration", "max_qos"],
  ["trace?topic=home/status", "Running"],
  ["access", "which line of the ACL decides"],
];

for (const size of ["wide", "dark", "narrow"] as const) {
  axeTest(`axe finds nothing wrong with any view, ${size}`, async ({ chromium, axe }, t) => {
    await using test = await PageTest.start(chromium);
    await test.fill();
    const page = await test.open("", size);
    for (const [view, shows] of VIEWS) {
      await t.step(view || "overview", async () => {
        await page.evaluate(`location.hash = "#/${view}"`);
        await page.untilText(shows);
        if (view === "topics") {
          await page.click("home");
          await page.click("status");
          await page.untilText("retained");
        }
        await page.evaluate(`window.axe === undefined && (() => { ${axe} })()`);
        const { passes, found } = await page.evaluate(
          `axe.run().then(({ passes, violations }) => ({
            passes: passes.length,
            found: violations.map(({ id, help, nodes }) => id + ": " + help + "\\n" +
              nodes.map(({ html, failureSummary }) => html.slice(0, 200) + " " + failureSummary).join("\\n")),
          }))`,
        );
        assert(passes > 10, `Only ${passes} rules were held against the page`);
        assert.deepEqual(found, []);
      });
    }
  }, true);
}

for (const size of ["narrow"] as const) {
  axeTest(
    `axe finds nothing wrong with the guide, which keeps to its width, ${size}`,
    async ({ chromium, axe }) => {
      await using test = await PageTest.start(chromium);
      const page = await test.open("", size);
      for (const name of ["", "conformance"]) {
        await page.go(`${test.broker.url}/guide/${name}`);
        await page.evaluate(`window.axe === undefined && (() => { ${axe} })()`);
        const found = await page.evaluate(
          "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + nodes.map(({ html }) => html)))",
        );
        assert.deepEqual(found, [], name);
        const wide = await page.evaluate(
          `[...document.body.querySelectorAll(":not(.wide *, pre *)")]
        .filter((element) => element.getBoundingClientRect().right > innerWidth)
        .map(({ outerHTML }) => outerHTML.slice(0, 80))`,
        );
        assert.deepEqual(wide, [], name);
      }
      assert.deepEqual(page.errors, []);
    },
  );
}
