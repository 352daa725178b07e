import { strict as assert } from "node:assert";
import { hasPrograms } from "./programs.ts";

Deno.test(
  "hasPrograms() knows what is in the PATH",
  { ignore: Deno.build.os === "windows" },
  () => {
    assert.equal(hasPrograms("nothing", "sh"), true);
    assert.equal(hasPrograms("a test of this message", "sh", "no-such-program"), false);
  },
);
