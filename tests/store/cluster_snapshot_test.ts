import { deepEqual, equal } from "node:assert/strict";
import { ownerWithHome, type Store, type StoredState } from "../../lib/broker/mod.ts";
import { readSnapshot, snapshotPath, type SqliteStore, takeSnapshot } from "../../lib/store/mod.ts";
import {
  aMessage,
  aWill,
  committed,
  delivery,
  readAll,
  Retainer,
  subscription,
} from "./contract_support.ts";
import { copyFiles, open, storeTest } from "./sqlite_support.ts";

const OWNER = '["anonymous","",""]';

/** A message of the log, or of this node alone. */
function message(text: string, logId?: number) {
  const payload = new TextEncoder().encode(text);
  return aMessage({ payload, ...logId === undefined ? {} : { logId } });
}

/** What a test looks at. */
function contentOf({ sessions, retained, position, shared }: StoredState) {
  const content = [...sessions].map((session) => {
    const { clientId, deliveries, subscriptions, received, queue, will } = session;
    return [clientId, {
      deliveries: deliveries.map(({ delivery: { message, qos }, packetId, state }) =>
        `${new TextDecoder().decode(message.payload)} ${qos} ${packetId} ${state} ${message.logId}`
      ),
      filters: subscriptions.map(({ topicFilter }) => topicFilter).sort(),
      received,
      waiting: queue?.messages,
      will: will?.will.topicName,
    }] as const;
  });
  return {
    position,
    sessions: Object.fromEntries(content.sort()),
    retained: [...retained].map(({ topicName }) => topicName).sort(),
    shared: [...shared ?? []].map(({ node, share, at, message: { payload } }) =>
      `${node} ${share} ${new TextDecoder().decode(payload)} ${at}`
    ),
  };
}

/** A session of a node, with something of each kind. */
function putShared(store: Store, clientId: string, home: string, first: number): void {
  store.putSession(clientId, 3600, Infinity, ownerWithHome(OWNER, home));
  store.putSubscription(clientId, subscription("a/b"));
  store.putReceived(clientId, 9);
  store.putWill(clientId, { will: aWill(), dueAtMs: Infinity });
  store.putDelivery(clientId, delivery(first, 2, message("flight", 1024)));
  store.putInFlight(clientId, first, 3, "published");
  store.putDelivery(clientId, delivery(first + 1, 2, message("released", 1025)));
  store.putInFlight(clientId, first + 1, 4, "released");
  store.putDelivery(clientId, delivery(first + 2, 1, message("waits", 1026)));
}

const SHARED = {
  deliveries: [
    "flight 2 3 published 1024",
    "waits 1 0 published 1026",
    "released 2 4 released 1025",
  ],
  filters: ["a/b"],
  received: [9],
  waiting: undefined,
  will: aWill().topicName,
};

/** A copy of the store, as the cluster gets it. */
async function backUp(store: SqliteStore, path: string): Promise<string> {
  const { readable, content } = await store.backUp();
  await Deno.writeFile(path, readable);
  return content.position!;
}

storeTest(
  "a snapshot brings what all nodes know, and nothing of what its node alone does",
  async (directory) => {
    const path = snapshotPath(directory);
    {
      const { store, close } = open(`${directory}/from`);
      putShared(store, "one", "a", 10);
      store.putDelivery("one", delivery(20, 1, message("of this node alone")));
      store.putDelivery("one", {
        ...delivery(21, 1, message("share", 1027)),
        share: "$share/g/a/b",
      });
      const ofShare = { share: "$share/g/a/b" };
      store.putDelivery("one", { ...delivery(23, 2, message("held", 1029)), ...ofShare });
      store.putInFlight("one", 23, 6, "published");
      store.putDelivery("one", { ...delivery(24, 2, message("held", 1030)), ...ofShare });
      store.putInFlight("one", 24, 7, "released");
      store.putDelivery("one", delivery(25, 2, message("retained")));
      store.putInFlight("one", 25, 8, "published");
      store.putDelivery("one", { ...delivery(26, 1, message("held", 1031)), ...ofShare });
      store.putInFlight("one", 26, 9, "published");
      // The log has not come to that.
      store.putDelivery("one", { ...delivery(27, 2, message("due", 1032)), ...ofShare });
      store.putInFlight("one", 27, 10, "published");
      store.putShared({
        share: "$share/g/a/b",
        node: "b",
        at: 4096,
        message: message("due", 1032),
      });
      store.putSession("own", 3600, Infinity, OWNER);
      store.putDelivery("own", delivery(22, 1, message("own", 1028)));
      new Retainer(store).put({ topicName: "r/new" });
      store.putPosition("there");
      await committed(store);
      equal(await backUp(store, path), "there");
      await close();
    }
    await Deno.copyFile(path, `${directory}/again`);
    // What is on its way to a member of a shared subscription nobody else gets; and a client holds the Packet Identifiers of what its node alone
    // has.
    const held = [7, 8].map((packetId) => ` 2 ${packetId} released undefined`);
    const [flight, waits, released] = SHARED.deliveries;
    const deliveries = [flight, waits, "held 2 6 published 1029", released, ...held];
    const one = { ...SHARED, deliveries };
    const expected = {
      position: "there",
      sessions: { one },
      retained: ["r/new"],
      shared: ["b $share/g/a/b due 4096"],
    };
    deepEqual(contentOf(readSnapshot(`${directory}/again`)), expected);
    await open(`${directory}/to`).close();
    deepEqual(takeSnapshot(path, `${directory}/to`), { sessions: 1, messages: 5, retained: 1 });
    const { state, close } = open(`${directory}/to`);
    deepEqual(contentOf(state), expected);
    await close();
  },
);

storeTest(
  "what a node alone knows stays beside a snapshot, and the rest is replaced",
  async (directory) => {
    const path = snapshotPath(directory);
    {
      const { store, close } = open(`${directory}/from`);
      putShared(store, "one", "a", 10);
      putShared(store, "came", "a", 20);
      for (let i = 0; i < 300; i++) {
        store.putDelivery("one", delivery(100 + i, 1, message(`${i}`, 2000 + i)), true);
      }
      store.putPosition("there");
      await committed(store);
      await backUp(store, path);
      await close();
    }
    {
      const { store, close } = open(`${directory}/to`);
      putShared(store, "one", "b", 10);
      putShared(store, "ended", "a", 20);
      store.putSession("bridge", 3600, Infinity, OWNER);
      store.putDelivery("bridge", delivery(30, 1, message("bridged")));
      store.putSession("came", 3600, Infinity, OWNER);
      store.putDelivery("came", delivery(31, 1, message("gone")));
      new Retainer(store).put({ topicName: "r/old" });
      store.putPosition("old");
      await committed(store);
      await close();
    }
    takeSnapshot(path, `${directory}/to`);
    const { store, state, close } = open(`${directory}/to`);
    const { one, ...others } = contentOf(state).sessions;
    deepEqual(others, {
      bridge: {
        deliveries: ["bridged 1 0 published undefined"],
        filters: [],
        received: [],
        waiting: undefined,
        will: undefined,
      },
      came: SHARED,
    });
    equal(one!.waiting, 301);
    deepEqual([state.position, [...state.retained].length], ["there", 0]);
    const waiting = await readAll(store, "one");
    deepEqual(
      waiting.map(({ message: { payload } }) => new TextDecoder().decode(payload)),
      ["waits", ...Array.from({ length: 300 }, (_, i) => `${i}`)],
    );
    // New ones come behind those that there are, also in the file.
    const next = state.nextSequence!;
    equal(waiting.every(({ sequence }) => sequence < next), true);
    store.putDelivery("came", delivery(next, 1, message("new", 9000)));
    await committed(store);
    await close();
  },
);

storeTest(
  "a process that is killed while it takes a snapshot has the old store or the new one",
  async (directory) => {
    const COUNT = 10_000;
    const path = `${directory}/snapshot`;
    {
      const { store, close } = open(`${directory}/from`);
      for (const clientId of ["one", "two"]) {
        store.putSession(clientId, 3600, Infinity, ownerWithHome(OWNER, "a"));
      }
      for (let i = 1; i <= COUNT; i++) {
        store.putDelivery(
          i % 2 > 0 ? "one" : "two",
          delivery(i, 1, message(`${i}`, 1024 + i)),
          true,
        );
      }
      store.putPosition("new");
      await committed(store);
      await backUp(store, path);
      await close();
    }
    {
      const { store, close } = open(`${directory}/to`);
      putShared(store, "old", "a", 10);
      store.putPosition("old");
      await committed(store);
      await close();
    }
    const seen = new Set<string>();
    // The time that it takes is not known: the waits grow until it is over in time.
    for (let waitMs = 2; !seen.has("new"); waitMs *= 4) {
      await copyFiles(`${directory}/to`, `${directory}/copy`);
      await Deno.copyFile(path, `${directory}/taken`);
      const child = new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "-A",
          "--no-check",
          new URL("snapshot_child.ts", import.meta.url).pathname,
          `${directory}/taken`,
          `${directory}/copy`,
        ],
        stdout: "piped",
        stderr: "inherit",
      }).spawn();
      const reader = child.stdout.getReader();
      await reader.read();
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      try {
        child.kill("SIGKILL");
      } catch {
        // It is over.
      }
      while (!(await reader.read()).done);
      await child.status;
      const { state, close } = open(`${directory}/copy`);
      const { position, sessions } = contentOf(state);
      if (position === "old") deepEqual(Object.keys(sessions), ["old"]);
      else {
        equal(position, "new");
        deepEqual([sessions["one"]!.waiting, sessions["two"]!.waiting], [COUNT / 2, COUNT / 2]);
      }
      seen.add(position!);
      await close();
      await Deno.remove(`${directory}/copy`, { recursive: true });
      await Deno.remove(`${directory}/taken`);
    }
    deepEqual([...seen], ["old", "new"]);
  },
);
