import { strict as assert } from "node:assert";
import { WatchScreen } from "../../lib/cli/watch_screen.ts";

const show = (screen: WatchScreen, topicName: string) => {
  const shown = new TextDecoder().decode(screen.show(topicName, new TextEncoder().encode("x")));
  return Number.parseInt(shown.split("\u001b[").find((part) => part.endsWith(";1H"))!);
};

Deno.test("sub -w keeps the lines of the first topics, and the others share the last one", () => {
  const screen = new WatchScreen(5);
  assert.deepEqual(["a", "b", "c"].map((topicName) => show(screen, topicName)), [1, 2, 3]);
  assert.equal(show(screen, "b"), 2);
  const others = Array.from({ length: 1000 }, (_, i) => show(screen, `other/${i}`));
  assert.deepEqual(others, others.map(() => 4));
  assert.equal(show(screen, "a"), 1);
});
