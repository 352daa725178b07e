import { strict as assert } from "node:assert";
import { TestBroker } from "../support/test_broker.ts";
import { Turns } from "../../lib/net/turns.ts";

/** Work that keeps the event loop from turning. */
function spin(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

/** A connection to ourselves, whose other end is in another thread and writes a byte when it is told. */
async function connectWriter() {
  const written = new Int32Array(new SharedArrayBuffer(4));
  const code = `self.onmessage = async ({ data: [port, written] }) => {
    const stream = await Deno.connect({ hostname: "127.0.0.1", port });
    self.onmessage = async () => {
      await stream.write(new Uint8Array(1));
      Atomics.add(written, 0, 1);
    };
    self.postMessage("ready");
  };`;
  const worker = new Worker(`data:text/javascript,${encodeURIComponent(code)}`, { type: "module" });
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const ready = new Promise((resolve) => worker.onmessage = resolve);
  worker.postMessage([listener.addr.port, written]);
  const stream = await listener.accept();
  await ready;
  return { worker, stream, written };
}

Deno.test("who goes on after the pause finds that the others were looked at, also behind a turn that took long", async () => {
  const { worker, stream, written } = await connectWriter();
  const turns = new Turns();
  turns.attach(new TestBroker().broker);
  try {
    for (let i = 0; i < 20; i++) {
      let isSeen = false;
      const reading = stream.read(new Uint8Array(8)).then(() => isSeen = true);
      await new Promise((resolve) => setTimeout(resolve, 2));
      worker.postMessage("write");
      while (Atomics.load(written, 0) <= i); // This thread does nothing else until the byte is there.
      spin(1);
      const wasSeen = await new Promise<boolean>((resolve) => {
        const busy = { resume: () => resolve(isSeen) };
        const goOn = () => {
          turns.begin();
          if (turns.mayGoOn(busy)) queueMicrotask(goOn);
          else spin(5); // The rest of the turn: the pause's first timer is due behind it.
        };
        goOn();
      });
      assert.ok(wasSeen, `In round ${i} the socket was not looked at`);
      await reading;
    }
  } finally {
    turns.stop();
    worker.terminate();
    stream.close();
  }
});

Deno.test("thousands that wait for the pause go on a few at a time, in their order, a listener first", async () => {
  const turns = new Turns();
  turns.attach(new TestBroker().broker);
  const COUNT = 1000;
  const resumed: number[] = [];
  /** How many were resumed before the event loop turned. */
  const together: number[] = [];
  const done = Promise.withResolvers<void>();
  const resume = (number: number) => {
    resumed.push(number);
    if (together.length === 0 || turned) together.push(0);
    turned = false;
    together[together.length - 1]!++;
    // Promises are settled before the loop turns, timers only then.
    setTimeout(() => turned = true, 0);
    if (resumed.length === COUNT + 1) done.resolve();
  };
  let turned = false;
  try {
    turns.begin();
    while (turns.mayGoOn({ resume: () => {} })) {
      await null; // Ends the turn, so that the next one reads the time.
      turns.begin();
    }
    for (let i = 0; i < COUNT; i++) assert.ok(!turns.mayGoOn({ resume: () => resume(i) }));
    assert.ok(!turns.mayGoOn({ resume: () => resume(-1) }, true));
    await done.promise;
    assert.deepEqual(resumed, Array.from({ length: COUNT + 1 }, (_, i) => i - 1));
    assert.ok(Math.max(...together) <= 32, `${Math.max(...together)} went on at once`);
  } finally {
    turns.stop();
  }
});
