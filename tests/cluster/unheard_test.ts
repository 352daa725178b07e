import { equal } from "node:assert/strict";
import { Unheard } from "../../lib/cluster/unheard.ts";

Deno.test("a will is gone when the last word about it is heard, and not before", () => {
  const unheard = new Unheard();
  unheard.setWill("c", true);
  unheard.setWill("c", false);
  unheard.setWill("c", true);
  equal(unheard.hearWill("c"), false);
  equal(unheard.hearWill("c"), false);
  equal(unheard.hearWill("c"), true);
  equal(unheard.hearWill("c"), false);
});

Deno.test("a will that follows one that has ended stays", () => {
  const unheard = new Unheard();
  unheard.setWill("c", true);
  unheard.setWill("c", false);
  equal(unheard.hearWill("c"), false);
  equal(unheard.hearWill("c"), false);
});

Deno.test("where a session is another node's, what was told of its will and its end counts no more", () => {
  const unheard = new Unheard();
  unheard.setWill("c", true);
  equal(unheard.forgetWill("c"), true);
  equal(unheard.hearWill("c"), false);
  unheard.end("c");
  equal(unheard.hasEnded("c"), true);
  unheard.forget("c");
  equal(unheard.hasEnded("c"), false);
});
