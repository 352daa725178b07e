import { deepEqual, equal } from "node:assert/strict";
import { homeText, parseHome, type StoredHome } from "../../lib/cluster/stored_home.ts";

/** What stores have: also those that were written before. */
const stored: readonly (readonly [text: string, is: StoredHome])[] = [
  ["n1", { home: "n1", done: "" }],
  ["n1@7", { home: "n1", gained: { at: 7, losers: [] }, done: "" }],
  ["n1@7,n2,n3", { home: "n1", gained: { at: 7, losers: ["n2", "n3"] }, done: "" }],
  ["n1@@2048,4096", { home: "n1", done: "2048,4096" }],
  ["n1@7,n2@2048", { home: "n1", gained: { at: 7, losers: ["n2"] }, done: "2048" }],
];

for (const [text, is] of stored) {
  Deno.test(`"${text}" is stored with a session, and read again`, () => {
    deepEqual(parseHome(text), is);
    equal(homeText(is), text);
  });
}
