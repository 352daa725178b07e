import { strict as assert } from "node:assert";
import { PAGES } from "../../lib/guide/mod.ts";
import { callFlux } from "../support/flux.ts";

Deno.test("flux-mqtt help lists every page of the guide, and help TOPIC shows it", async () => {
  const { out } = await callFlux(["help"]);
  for (const { name } of PAGES) assert.match(out, new RegExp(`^  ${name} `, "m"));
  const page = await callFlux(["help", "durability"]);
  assert.deepEqual([page.status, page.error], [0, ""]);
  assert.match(page.out, /^DURABILITY\n\nWhat an acknowledgement promises/);
});

const topics: [topic: string, shows: RegExp][] = [
  ["max_qos", /^ {2}--max-qos NUMBER .*\[2\]/],
  ["retain-available", /^ {2}--\[no-\]retain-available /],
  ["include_dir", /^ {2}include_dir /],
  ["sub", /^ {2}-E, --exit-after-subscribe/m],
  ["check", /^ {2}check .*\n.*\nIts flags are the broker's options/],
];
for (const [topic, shows] of topics) {
  Deno.test(`flux-mqtt help ${topic} tells what it is`, async () => {
    const { status, out, error } = await callFlux(["help", topic]);
    assert.deepEqual([status, error], [0, ""]);
    assert.match(out, shows);
  });
}

const misuses: [args: string[], message: RegExp][] = [
  [["securty"], /^securty: Is no page of the guide, .*; did you mean security\?$/m],
  [["max_qoss"], /did you mean max_qos\?$/m],
  [["security", "durability"], /^durability: Is not understood; help takes one topic$/m],
];
for (const [args, message] of misuses) {
  Deno.test(`flux-mqtt help ${args.join(" ")} is refused: status 2`, async () => {
    const { status, out, error } = await callFlux(["help", ...args]);
    assert.deepEqual([status, out], [2, ""]);
    assert.match(error, message);
  });
}
