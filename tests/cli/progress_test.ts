import { strict as assert } from "node:assert";
import { painted } from "../../lib/cli/help.ts";
import { Progress } from "../../lib/cli/progress.ts";

Deno.test("a progress line is replaced by the next, and taken away once", () => {
  const written: string[] = [];
  {
    using progress = new Progress((text) => written.push(text));
    progress.tell("1 of 2");
    progress.tell("2 of 2");
    progress.clear();
  }
  assert.deepEqual(written, ["\r\x1b[K1 of 2", "\r\x1b[K2 of 2", "\r\x1b[K"]);
});

Deno.test("nothing is written where there is no terminal, nor taken away where nothing was told", () => {
  const written: string[] = [];
  {
    using _nothingTold = new Progress((text) => written.push(text));
    using nowhere = new Progress(undefined);
    nowhere.tell("x");
  }
  assert.deepEqual(written, []);
});

Deno.test("help has its headings in bold at a terminal, and no escape elsewhere", () => {
  const text = "flux-mqtt\n\nCommands:\n  serve  Runs: it\n";
  assert.equal(painted(text, false), text);
  assert.equal(painted(text, true), "flux-mqtt\n\n\x1b[1mCommands:\x1b[0m\n  serve  Runs: it\n");
});
