import { strict as assert } from "node:assert";
import { madeFiles, withBlock } from "../../tasks/docs.ts";

Deno.test("withBlock() replaces what stands between the markers and nothing else", () => {
  const page = "# a\n<!-- tasks:begin -->\nold\n<!-- tasks:end -->\n\nb\n";
  const once = withBlock(page, "tasks", "new\n");
  assert(once.startsWith("# a\n<!-- tasks:begin -->\n"));
  assert(once.endsWith("<!-- tasks:end -->\n\nb\n"));
  assert.match(once, /^new$/m);
  assert.doesNotMatch(once, /old/);
  assert.equal(withBlock(once, "tasks", "new\n"), once);
  assert.throws(() => withBlock("# a\n", "tasks", ""), /must have <!-- tasks:begin -->/);
});

Deno.test("the guide's tables have every option once, every task, and the differences from mosquitto", async () => {
  const files = await madeFiles();
  const pages = [...files].filter(([file]) => file.startsWith("options-"));
  const rows = pages.map(([, { shall }]) => shall).join("\n");
  assert.equal(rows.match(/^\| `max_qos` ◦ \|/gm)?.length, 1);
  assert.equal(rows.match(/^\| `durability` \|/gm)?.length, 1);
  assert.match(files.get("options-mosquitto.md")!.shall, /^\| `psk_file` `psk_hint` \|/m);
  assert.match(files.get("development.md")!.shall, /^\| `deno task ok` \|/m);
  assert.match(
    files.get("coming-from-mosquitto.md")!.shall,
    /^\| `persistence` \| true \| false \| an acknowledgement means stored \|$/m,
  );
});

Deno.test("what the guide has from the code is up to date: deno task docs", async () => {
  for (const [file, { is, shall }] of await madeFiles()) assert(is === shall, file);
});
