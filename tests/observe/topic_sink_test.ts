import { strict as assert } from "node:assert";
import { DEFAULT_LOG_OPTIONS, Logger, type LogPublisher } from "../../lib/observe/mod.ts";
import { TopicSink } from "../../lib/observe/topic_sink.ts";

function line(text: string): Uint8Array {
  return new TextEncoder().encode(text + "\n");
}

/** Keeps what is published. */
function recorder(): { published: string[]; publish: LogPublisher } {
  const published: string[] = [];
  const publish: LogPublisher = (topicName, payload) => {
    published.push(`${topicName} ${new TextDecoder().decode(payload)}`);
  };
  return { published, publish };
}

Deno.test("lines go to mosquitto's topics by their level, debug lines nowhere", async () => {
  const { published, publish } = recorder();
  const sink = new TopicSink(() => publish, () => 0);
  sink.write(line("a"), "info");
  sink.write(line("b"), "warning");
  sink.write(line("c"), "debug");
  sink.write(line("d"), "error");
  assert.deepEqual(published, [], "the caller may be in the middle of a turn");
  await Promise.resolve();
  assert.deepEqual(published, [
    "$SYS/broker/log/I a",
    "$SYS/broker/log/W b",
    "$SYS/broker/log/E d",
  ]);
});

Deno.test("a line about a line that cannot be published goes round a hundred times a second at most", async () => {
  let nowMs = 0;
  let count = 0;
  const sink: TopicSink = new TopicSink(() => () => {
    count++;
    sink.write(line("dropped"), "warning");
  }, () => nowMs);
  sink.write(line("begin"), "info");
  for (let i = 0; i < 1000; i++) await Promise.resolve();
  assert.equal(count, 100);
  assert.equal(sink.linesLost, 1);
  nowMs = 1000;
  sink.write(line("again"), "info");
  await Promise.resolve();
  assert.equal(count, 101);
});

Deno.test("a logger publishes with the time, from when it knows where to, over a change of its options", async () => {
  const { published, publish } = recorder();
  const options = {
    ...DEFAULT_LOG_OPTIONS,
    destinations: [{ type: "topic" }],
    timestampFormat: "at",
  } as const;
  const logger = new Logger(options);
  logger.info("too early");
  await Promise.resolve();
  assert.equal(logger.linesLost, 1);
  logger.publishTo(publish);
  logger.info("first");
  logger.configure(options);
  logger.error("second");
  await Promise.resolve();
  logger.publishTo(undefined);
  logger.info("too late");
  await Promise.resolve();
  assert.deepEqual(published, [
    "$SYS/broker/log/I at info  first",
    "$SYS/broker/log/E at error second",
  ]);
});
