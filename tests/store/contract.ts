import { deepEqual } from "node:assert/strict";
import { Random } from "../support/random.ts";
import { testCommits } from "./contract_commits.ts";
import { testDeliveries } from "./contract_deliveries.ts";
import { testMessages } from "./contract_messages.ts";
import { testQueues } from "./contract_queues.ts";
import { playRandomly } from "./contract_random.ts";
import { testSessions } from "./contract_sessions.ts";
import { type OpenStore, stateOf } from "./contract_support.ts";
import { isLeftOut } from "../support/long.ts";

export type { OpenStore };

/**
 * Registers the tests that every store passes: what the core may take for granted. `readsQueues`: whether it has `readQueue`.
 */
export function storeContract(
  name: string,
  open: () => Promise<OpenStore>,
  { readsQueues = true }: { readonly readsQueues?: boolean } = {},
): void {
  const test = (what: string, run: (opened: OpenStore) => Promise<void>, isLong = false) =>
    Deno.test({
      name: `${name}: ${what}`,
      ignore: isLong && isLeftOut(`${name}: ${what}`),
      sanitizeOps: true,
      sanitizeResources: true,
      async fn() {
        const opened = await open();
        try {
          await run(opened);
        } finally {
          await opened.close();
        }
      },
    });

  test("a new store remembers nothing", async (opened) => {
    deepEqual(stateOf(await opened.reopen()), { sessions: [], retained: [] });
  });

  testSessions(test);
  testDeliveries(test);
  if (readsQueues) testQueues(test);
  testMessages(test);
  testCommits(test);
  for (let seed = 1; seed <= 8; seed++) {
    const what = `random writes, commits and crashes leave what a model has, seed ${seed}`;
    test(what, (opened) => playRandomly(opened, new Random(seed)), seed > 1);
  }
}
