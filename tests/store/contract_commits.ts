import { deepEqual, equal, ok } from "node:assert/strict";
import {
  aWill,
  committed,
  delivery,
  filledSession,
  fillSession,
  Retainer,
  sessionsAfterCommit,
  stateOf,
  subscription,
  type Test,
} from "./contract_support.ts";

/** Commits: what counts, and in what order. */
export function testCommits(test: Test): void {
  test("what is not committed is not remembered", async ({ store, reopen }) => {
    fillSession(store, "a");
    const retainer = new Retainer(store);
    retainer.put({ topicName: "kept" });
    await committed(store);
    store.deleteSession("a");
    store.putSession("b", 60, Infinity);
    retainer.put({ topicName: "lost" });
    retainer.delete("kept");
    const { sessions, retained } = stateOf(await reopen());
    deepEqual(sessions, [filledSession("a")]);
    deepEqual(retained.map(({ topicName }) => topicName), ["kept"]);
  });

  test("commits are done in their order, empty ones too", async ({ store }) => {
    const done: number[] = [];
    const all = Array.from({ length: 20 }, (_, i) => {
      if (i % 3 === 0) store.putSession(`client ${i}`, 60, Infinity);
      return new Promise<void>((resolve) => store.commit(() => (done.push(i), resolve())));
    });
    await Promise.all(all);
    deepEqual(done, [...Array(20).keys()]);
  });

  test("what is written before a commit is done can be committed when it is", async (opened) => {
    const { store } = opened;
    store.putSession("a", 1, Infinity);
    await new Promise<void>((resolve) => {
      store.commit(() => {
        store.putSession("c", 3, Infinity);
        store.commit(resolve);
      });
      store.putSession("b", 2, Infinity);
    });
    const sessions = await sessionsAfterCommit(opened);
    deepEqual(sessions.map(({ clientId }) => clientId), ["a", "b", "c"]);
  });

  test("writes are counted", ({ store }) => {
    let { writes } = store;
    const grows = (what: string) => {
      ok(store.writes > writes, what);
      writes = store.writes;
    };
    store.putSession("a", 1, Infinity);
    grows("putSession");
    store.putDelivery("a", delivery(1));
    grows("putDelivery");
    store.putInFlight("a", 1, 1, "published");
    grows("putInFlight");
    store.deleteDelivery("a", delivery(1));
    grows("deleteDelivery");
    store.putReceived("a", 1);
    grows("putReceived");
    store.putSubscription("a", subscription("t"));
    grows("putSubscription");
    const retainer = new Retainer(store);
    retainer.put();
    grows("putRetained");
    retainer.delete("a/b");
    grows("deleteRetained");
    retainer.delete("a/b");
    grows("deleteRetained of what is not there, any more");
    store.putWill("a", { will: aWill(), dueAtMs: 1 });
    grows("putWill");
    store.deleteSession("a");
    grows("deleteSession");
    return committed(store);
  });

  test("a store that works is not failing", ({ store }) => {
    equal(store.isFailing, false);
    return committed(store);
  });
}
