import { strict as assert } from "node:assert";
import { decodeFrame, HEADER_SIZE } from "../../lib/bus/frame.ts";
import { DEFAULT_STREAM_OPTIONS, type StreamOptions } from "../../lib/bus/options.ts";
import { newCounters } from "../../lib/bus/stats.ts";
import { Stream } from "../../lib/bus/stream.ts";
import { Random } from "../support/random.ts";

const options: StreamOptions = {
  ...DEFAULT_STREAM_OPTIONS,
  maxFrameBytes: 64,
  maxUnconfirmedFrames: 8,
  maxUnconfirmedBytes: 512,
  maxPendingBytes: 2048,
  maxHeldBytes: 256,
  ackEveryFrames: 4,
  probeDelayMs: 25,
  maxProbeDelayMs: 200,
};

interface Post {
  readonly to: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly atMs: number;
}

/** How a channel treats frames: chances in percent. */
interface Link {
  readonly lost: number;
  readonly repeated: number;
  /** Milliseconds that a frame may take: more than 0 and some overtake others. */
  readonly jitterMs: number;
}

/** Two streams, 0 and 1, on a simulated clock and a channel that a seed breaks. */
class Pair {
  nowMs = 0;
  /** No frame arrives. */
  isCut = false;
  readonly counters = [newCounters(), newCounters()] as const;
  readonly received: [number[], number[]] = [[], []];
  readonly streams: readonly [Stream, Stream];
  readonly #random: Random;
  readonly #link: Link;
  #underWay: Post[] = [];

  constructor(seed: number, link: Link, streamOptions = options) {
    this.#random = new Random(seed);
    this.#link = link;
    this.streams = [this.#newStream(0, streamOptions), this.#newStream(1, streamOptions)];
    this.streams[0].open(2, 0);
    this.streams[1].open(1, 0);
  }

  /** Writes a record; returns whether it was taken. */
  send(side: 0 | 1, value: number, sizeBytes = 4): boolean {
    const stream = this.streams[side];
    const writer = stream.begin();
    writer.u32(value);
    writer.u32(sizeBytes);
    writer.raw(new Uint8Array(sizeBytes));
    const isTaken = stream.commit(1) === "accepted";
    this.#checkLimits();
    return isTaken;
  }

  /** One millisecond: flush, what arrives, what is due. Returns whether both think the other is there. */
  step(): boolean {
    this.nowMs++;
    for (const stream of this.streams) stream.flush(this.nowMs);
    const due = this.#underWay.filter(({ atMs }) => atMs <= this.nowMs);
    this.#underWay = this.#underWay.filter(({ atMs }) => atMs > this.nowMs);
    for (const { to, bytes } of this.isCut ? [] : due) {
      this.streams[to]!.receive(decodeFrame(bytes)!, this.nowMs);
    }
    this.#checkLimits();
    return this.streams.every((stream) =>
      stream.deadlineMs > this.nowMs || stream.tick(this.nowMs)
    );
  }

  #newStream(side: number, streamOptions: StreamOptions): Stream {
    return new Stream(side + 1, streamOptions, {
      post: (bytes) => this.#post(1 - side, bytes),
      deliver: (frame) => readValues(frame, this.received[side]!),
      counters: this.counters[side]!,
    });
  }

  #post(to: number, bytes: Uint8Array): void {
    const { lost, repeated, jitterMs } = this.#link;
    const copies = this.#random.int(100) < lost ? 0 : this.#random.int(100) < repeated ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      const atMs = this.nowMs + 1 + this.#random.int(jitterMs + 1);
      this.#underWay.push({ to, bytes: new Uint8Array(bytes), atMs });
    }
  }

  #checkLimits(): void {
    for (const stream of this.streams) {
      assert(stream.pendingBytes <= options.maxPendingBytes, `${stream.pendingBytes} pending`);
      assert(stream.unconfirmedFrames <= options.maxUnconfirmedFrames);
      assert(stream.unconfirmedBytes <= options.maxUnconfirmedBytes);
      assert(stream.heldBytes <= options.maxHeldBytes);
    }
  }
}

function readValues(frame: Uint8Array, values: number[]): void {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  for (let at = HEADER_SIZE; at < frame.length; at += 8 + view.getUint32(at + 4)) {
    values.push(view.getUint32(at));
  }
}

const perfect: Link = { lost: 0, repeated: 0, jitterMs: 0 };

const links: [name: string, link: Link][] = [
  ["a perfect channel", perfect],
  ["a channel that loses a tenth", { lost: 10, repeated: 0, jitterMs: 0 }],
  ["a channel that loses half", { lost: 50, repeated: 0, jitterMs: 0 }],
  ["a channel that repeats a third", { lost: 0, repeated: 33, jitterMs: 3 }],
  ["a channel that reorders", { lost: 0, repeated: 0, jitterMs: 20 }],
  ["a channel that does all of it", { lost: 30, repeated: 20, jitterMs: 30 }],
];

for (const [name, link] of links) {
  Deno.test(`Stream delivers both ways in order and once over ${name}`, () => {
    for (let seed = 1; seed <= 8; seed++) {
      const pair = new Pair(seed, link);
      const random = new Random(seed + 1000);
      const sent = [0, 0];
      const count = 200;
      const isDone = () => pair.received.every((values) => values.length === count);
      while (!isDone()) {
        for (const side of [0, 1] as const) {
          for (let burst = random.int(6); burst > 0 && sent[side]! < count; burst--) {
            if (pair.send(side, sent[side]!, random.int(100))) sent[side]!++;
          }
        }
        assert(pair.step(), `seed ${seed}: a peer was given up`);
        assert(pair.nowMs < 60_000, `seed ${seed}: it stands still`);
      }
      const expected = Array.from({ length: count }, (_, index) => index);
      assert.deepEqual(pair.received, [expected, expected], `seed ${seed}`);
      for (let i = 0; i < 2000; i++) pair.step();
      assert.deepEqual(pair.streams.map((s) => s.pendingBytes), [0, 0], `seed ${seed}`);
    }
  });
}

Deno.test("Stream resends nothing over a perfect channel", () => {
  const pair = new Pair(1, perfect);
  for (let i = 0; i < 100; i++) {
    pair.send(0, i);
    pair.step();
  }
  assert.equal(pair.counters[0].framesPosted, 100);
  assert.equal(pair.counters[0].framesResent, 0);
  assert.equal(pair.counters[0].probesPosted, 0);
});

Deno.test("Stream packs the records of a turn into one frame", () => {
  const pair = new Pair(1, perfect);
  for (let i = 0; i < 5; i++) pair.send(0, i);
  pair.step();
  assert.equal(pair.counters[0].framesPosted, 1);
});

Deno.test("Stream asks for a lost tail although the other side talks all the time", () => {
  const pair = new Pair(1, perfect);
  pair.isCut = true;
  pair.send(0, 7);
  for (let i = 0; i < 3; i++) pair.step();
  pair.isCut = false;
  for (let i = 0; i < 200; i++) {
    pair.send(1, i);
    pair.step();
  }
  assert.deepEqual(pair.received[1], [7]);
});

Deno.test("Stream takes no record beyond maxPendingBytes, and takes it when there is room again", () => {
  const pair = new Pair(1, perfect);
  let taken = 0;
  while (pair.send(0, taken, 20)) taken++;
  for (let i = 0; i < 200; i++) pair.step();
  assert(pair.send(0, taken, 20));
  for (let i = 0; i < 50; i++) pair.step();
  assert.deepEqual(pair.received[1], Array.from({ length: taken + 1 }, (_, index) => index));
});

Deno.test("Stream says of a record that no frame can hold that it is too large", () => {
  const stream = new Pair(1, perfect).streams[0];
  stream.begin().raw(new Uint8Array(options.maxUnconfirmedBytes - HEADER_SIZE + 1));
  assert.equal(stream.commit(1), "too_large");
  stream.begin().raw(new Uint8Array(options.maxUnconfirmedBytes - HEADER_SIZE));
  assert.equal(stream.commit(1), "accepted");
});

Deno.test("Stream gives a silent peer up after peerTimeoutMs, and knows how many messages that costs", () => {
  const pair = new Pair(1, perfect);
  pair.isCut = true;
  for (let i = 0; i < 3; i++) pair.send(0, i);
  while (pair.step()) assert(pair.nowMs < 60_000);
  assert(pair.nowMs >= options.peerTimeoutMs);
  assert(pair.nowMs <= options.peerTimeoutMs + 2 * options.maxProbeDelayMs);
  assert.equal(pair.streams[0].pendingMessages, 3);
});

Deno.test("Stream does not give up a peer after its own thread stood still", () => {
  const pair = new Pair(1, perfect);
  pair.send(0, 1);
  pair.step();
  pair.nowMs += 10 * options.peerTimeoutMs;
  for (let i = 0; i < 100; i++) assert(pair.step());
  assert.deepEqual(pair.received[1], [1]);
});

Deno.test("Stream gathers records before it is open", () => {
  const frames: Uint8Array[] = [];
  const stream = new Stream(1, options, {
    post: (bytes) => frames.push(bytes),
    deliver: () => {},
    counters: newCounters(),
  });
  stream.begin().u32(1);
  stream.commit(1);
  stream.flush(0);
  assert.equal(frames.length, 0);
  stream.open(2, 1);
  assert.equal(frames.length, 1);
});
