import { deepEqual, equal, match } from "node:assert/strict";
import type { ClusterChangedEvent } from "../../lib/broker/mod.ts";
import { NatsServer, natsTest, TestNode, until } from "./support.ts";

/** Gathers what a node's program hears, as `change node: others`. */
function hear(): {
  heard: string[];
  events: ClusterChangedEvent[];
  on: (event: ClusterChangedEvent) => void;
} {
  const heard: string[] = [];
  const events: ClusterChangedEvent[] = [];
  const on = (event: ClusterChangedEvent) => {
    events.push(event);
    heard.push(`${event.change} ${event.node}: ${event.others.join()}`);
  };
  return { heard, events, on };
}

natsTest(
  "a program hears which nodes join and leave, and when its own is away and back",
  async () => {
    await using nats = await NatsServer.start();
    const { heard, events, on } = hear();
    const failing = () => {
      throw new Error("out of order");
    };
    await using a = await TestNode.start(nats.url, "a", undefined, {}, failing, on);
    await until("it is connected", () => heard.length === 1);
    {
      await using _b = await TestNode.start(nats.url, "b");
      await until("b has joined", () => heard.length === 2);
      await nats.kill();
      await until("a is away", () => heard.length === 3);
      // Longer than b might be silent: nobody has left only because nobody can be heard.
      await new Promise((resolve) => setTimeout(resolve, 4000));
      await nats.restart();
      await until("a is back", () => heard.length === 4);
      await until("b is heard again", () => a.cluster.level.nodes.length === 2);
      equal(heard.length, 4);
    }
    await until("b has left", () => heard.length === 5);
    deepEqual(heard, [
      "connected a: ",
      "joined b: b",
      "away a: b",
      "connected a: b",
      "left b: ",
    ]);
    deepEqual(events.map(({ cluster }) => cluster), Array(5).fill("test"));
    match(events[0]!.message, /127\.0\.0\.1/);
    match(events[2]!.message, /./);
    equal(a.server.broker.metrics.programErrors, 5);
  },
  true,
);
