import { deepEqual, equal, ok } from "node:assert/strict";
import type { RetainedMessage } from "../../lib/broker/mod.ts";
import { GatheredRetained } from "../../lib/store/gathered_retained.ts";
import { Random } from "../support/random.ts";
import { aMessage, Retainer } from "./contract_support.ts";

/** What is put and deleted, handed over to a file in slices, as batches are. */
class Play {
  readonly file = new Map<string, RetainedMessage>();
  /** The one that gathers. */
  gathered = new GatheredRetained();
  readonly retainer = new Retainer({
    putRetained: (message, previous) => this.gathered.put(message, previous),
    deleteRetained: (message) => message && this.gathered.delete(message),
  });

  /** Puts a message, or deletes it where there is no value. */
  change(topicName: string, value: number | undefined): void {
    if (value === undefined) this.retainer.delete(topicName);
    else this.retainer.put({ topicName, payload: Uint8Array.of(value) });
  }

  /** Another batch gathers, while slices of the one before are written. */
  *handOver(sliceRows: number): Generator<void> {
    const leaving = this.gathered;
    this.gathered = new GatheredRetained();
    while (leaving.size > 0) {
      const { deleted, put } = leaving.take(sliceRows);
      ok(deleted.length + put.length <= sliceRows);
      for (const topicName of deleted) ok(this.file.delete(topicName), `${topicName} in vain`);
      for (const message of put) this.file.set(message.topicName, message);
      yield;
    }
  }
}

Deno.test("what gathers of retained messages ends as the last of each topic, in slices and in turns", () => {
  const random = new Random(7);
  for (let round = 0; round < 300; round++) {
    const play = new Play();
    const model = new Map<string, number>();
    const topicCount = random.pick([1, 3, 10]);
    let leaving: Iterator<void> | undefined;
    for (let step = 0; step < 200; step++) {
      const topicName = `t/${random.int(topicCount)}`;
      if (random.int(20) === 0) leaving ??= play.handOver(1 + random.int(4));
      if (random.int(5) === 0 && leaving?.next().done) leaving = undefined;
      const value = random.bool() ? random.int(256) : undefined;
      play.change(topicName, value);
      if (value === undefined) model.delete(topicName);
      else model.set(topicName, value);
      ok(play.gathered.size <= 2 * topicCount);
    }
    while (leaving !== undefined && !leaving.next().done);
    for (const _ of play.handOver(3));
    const said = [...play.file].map(([topicName, { payload }]) => [topicName, payload[0]]).sort();
    deepEqual(said, [...model].sort());
  }
});

Deno.test("retained messages that come and go before anything is written leave nothing to write", () => {
  const play = new Play();
  for (let i = 0; i < 1000; i++) {
    play.change(`t/${i}`, 1);
    play.change(`t/${i}`, 2);
    play.change(`t/${i}`, undefined);
    play.change(`t/${i}`, undefined);
  }
  equal(play.gathered.size, 0);
});

Deno.test("a message that was handed over has no place in the next batch", () => {
  const [first, second] = [aMessage(), aMessage()].map((message) => ({
    ...message,
    storePlace: 0,
  }));
  const before = new GatheredRetained();
  before.put(first!, undefined);
  equal(before.take(1).put.length, 1);
  const gathered = new GatheredRetained();
  gathered.put({ ...aMessage({ topicName: "other" }), storePlace: 0 }, undefined);
  gathered.put(second!, first);
  deepEqual(gathered.take(9).put.map(({ topicName }) => topicName), ["other", "a/b"]);
});
