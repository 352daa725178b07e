import { strict as assert } from "node:assert";
import { PAGES } from "../../lib/guide/mod.ts";
import { HttpBroker } from "./support.ts";

async function get(broker: HttpBroker, path: string) {
  const response = await fetch(broker.url + path, { redirect: "manual" });
  return { response, text: await response.text() };
}

Deno.test("the guide is at /guide/ of an http listener: a list, and each page", async () => {
  await using broker = await HttpBroker.start();
  const index = await get(broker, "/guide/");
  assert.equal(index.response.status, 200);
  for (const { name } of PAGES) {
    assert(index.text.includes(`<a href="${name}">`), name);
    const { response, text } = await get(broker, `/guide/${name}`);
    assert.equal(response.status, 200, name);
    assert.match(response.headers.get("content-security-policy") ?? "", /default-src 'none'/);
    assert.doesNotMatch(text, /<script|(src|href)="(https?:)?\/\//, name);
  }
});

Deno.test("/guide leads to /guide/, and what is no page is not found", async () => {
  await using broker = await HttpBroker.start();
  const { response } = await get(broker, "/guide");
  assert.deepEqual([response.status, response.headers.get("location")], [308, "/guide/"]);
  for (const path of ["/guide/nowhere", "/guide/security.md", "/guide/../main.ts", "/guidebook"]) {
    assert.equal((await get(broker, path)).response.status, 404, path);
  }
});
