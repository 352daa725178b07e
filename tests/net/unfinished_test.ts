import { strict as assert } from "node:assert";
import { type AccessPort, type AuthenticationVerdict, OPEN_ACCESS } from "../../lib/broker/mod.ts";
import { encodePacket } from "../../lib/codec/mod.ts";
import {
  type Holder,
  Server,
  UnfinishedAccount,
  type UnfinishedLimits,
} from "../../lib/net/mod.ts";
import { BrokerProcess } from "../support/broker_process.ts";
import { netTest } from "../support/net_test.ts";
import { connectPacket, publishPacket, RawClient } from "../support/raw_client.ts";
import { type TransportName, transportOf, transportTest } from "../support/transports.ts";

const KB = 1024;
const MB = 1024 * KB;

class FakeHolder implements Holder {
  account: UnfinishedAccount | undefined;
  heldBytes = 0;
  sinceMs = 0;
  evictions: string[] = [];
  resumed = 0;
  evict(reason: string): void {
    this.evictions.push(reason);
  }
  resume(): void {
    this.resumed++;
  }
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

netTest(
  "the packet that began first goes on whatever it takes, the others wait for room",
  async () => {
    const account = new UnfinishedAccount(100, 60_000, 0);
    const [first, second, third] = [new FakeHolder(), new FakeHolder(), new FakeHolder()];
    assert.ok(account.hold(first, 50, 0, false));
    assert.ok(account.hold(second, 50, 0, false));
    assert.equal(account.hold(third, 10, 0, false), false);
    assert.equal(account.hold(second, 100, 50, false), false);
    assert.ok(account.hold(first, 200, 50, false));
    assert.equal(account.bytes, 250);
    account.release(first);
    await wait(5);
    assert.deepEqual([second.resumed, third.resumed], [1, 1]);
    assert.ok(account.hold(second, 100, 50, false));
    account.release(second);
    account.release(third);
    await wait(5);
    assert.equal(account.bytes, 0);
    assert.deepEqual([first, second, third].flatMap(({ evictions }) => evictions), []);
  },
);

netTest("who is slow goes where others need the room, those who began first before others", () => {
  const account = new UnfinishedAccount(100, 0, 0);
  const holders = Array.from({ length: 5 }, () => new FakeHolder());
  for (const holder of holders.slice(0, 4)) assert.ok(account.hold(holder, 25, 0, false));
  // The first has begun another packet: it is the last now.
  assert.ok(account.hold(holders[0]!, 25, 25, true));
  assert.ok(account.hold(holders[4]!, 40, 0, false));
  assert.deepEqual(holders.map(({ evictions }) => evictions.length), [0, 1, 1, 0, 0]);
  assert.equal(account.bytes, 90);
  for (const holder of holders) account.release(holder);
  assert.equal(account.bytes, 0);
  return Promise.resolve();
});

netTest("a long packet waits for the oldest, a small one takes its place at once", async () => {
  const account = new UnfinishedAccount(100, 60_000, 0, 10);
  const [oldest, younger, long, small] = [1, 2, 3, 4].map(() => new FakeHolder());
  assert.ok(account.hold(oldest!, 50, 0, false));
  assert.ok(account.hold(younger!, 50, 0, false));
  assert.equal(account.hold(long!, 50, 5, false), false);
  assert.deepEqual(oldest!.evictions, []);
  assert.ok(account.hold(small!, 10, 0, false));
  assert.equal(oldest!.evictions.length, 1);
  assert.deepEqual([younger, long, small].flatMap((holder) => holder!.evictions), []);
  await until(() => long!.resumed > 0);
  for (const holder of [younger, small, long]) account.release(holder!);
  await wait(5);
  assert.equal(account.bytes, 0);
});

netTest("who waits has room when the oldest has had its time", async () => {
  const account = new UnfinishedAccount(100, 20, 0);
  const [oldest, long] = [new FakeHolder(), new FakeHolder()];
  assert.ok(account.hold(oldest, 100, 0, false));
  await until(() => account.hold(long, 50, 0, false));
  assert.equal(oldest.evictions.length, 1);
  account.release(long);
  await wait(5);
});

/** Counts what is done in one callback of the event loop. */
class InOnePiece {
  most = 0;
  all = 0;
  #now = 0;
  count(): void {
    this.all++;
    this.most = Math.max(this.most, ++this.#now);
    queueMicrotask(() => this.#now = 0);
  }
}

netTest("many that wait and find room at once are resumed a few in each round", async () => {
  const account = new UnfinishedAccount(1000, 60_000, 0);
  const resumed = new InOnePiece();
  class Asking extends FakeHolder {
    override resume(): void {
      resumed.count();
      assert.ok(account.hold(this, 10, 0, false));
    }
  }
  const first = new FakeHolder();
  assert.ok(account.hold(first, 1000, 0, false));
  const waiting = Array.from({ length: 100 }, () => new Asking());
  for (const holder of waiting) assert.equal(account.hold(holder, 10, 0, false), false);
  account.release(first);
  await until(() => resumed.all === 100);
  assert.ok(resumed.most <= 10, `${resumed.most} were resumed in one piece`);
  for (const holder of waiting) account.release(holder);
  await wait(5);
});

netTest("many whose packets are late together are disconnected a few in each round", async () => {
  const account = new UnfinishedAccount(0, 10, 30);
  const evicted = new InOnePiece();
  class Late extends FakeHolder {
    override evict(): void {
      evicted.count();
    }
  }
  for (let i = 0; i < 100; i++) assert.ok(account.hold(new Late(), 1, 0, false));
  await until(() => evicted.all === 100);
  assert.ok(evicted.most <= 10, `${evicted.most} were disconnected in one piece`);
  assert.equal(account.bytes, 0);
  await wait(5);
});

netTest("those that wait are resumed in their order, and only while there is room", async () => {
  const account = new UnfinishedAccount(100, 60_000, 0);
  const asks: number[] = [];
  class Asking extends FakeHolder {
    readonly #number: number;
    constructor(number: number) {
      super();
      this.#number = number;
    }
    override resume(): void {
      asks.push(this.#number);
      account.hold(this, 50, 0, false);
    }
  }
  const first = new FakeHolder();
  assert.ok(account.hold(first, 100, 0, false));
  const waiting = Array.from({ length: 1000 }, (_, i) => new Asking(i));
  for (const holder of waiting) assert.equal(account.hold(holder, 50, 0, false), false);
  account.release(first);
  await until(() => account.bytes === 100);
  // The one behind the last that has room asks in vain, and all others not at all.
  assert.deepEqual(asks, [0, 1, 2]);
  account.release(waiting[0]!);
  await until(() => asks.length > 3);
  assert.deepEqual(asks, [0, 1, 2, 2, 3]);
  for (const holder of waiting.toReversed()) account.release(holder);
  assert.equal(account.bytes, 0);
  await wait(5);
});

/** A server with these limits. */
async function withServer(
  transport: TransportName,
  unfinished: Partial<UnfinishedLimits>,
  use: (port: number, server: Server) => Promise<void>,
): Promise<void> {
  const server = new Server({ unfinished, ...await transportOf(transport) });
  const port = server.listen({ port: 0 });
  try {
    await use(port, server);
    await until(() => server.connectionCount === 0);
    assert.equal(server.unfinishedBytes, 0);
  } finally {
    await server.close();
  }
}

async function until(holds: () => boolean, limitMs = 5000): Promise<void> {
  const startMs = performance.now();
  while (!holds()) {
    assert.ok(performance.now() - startMs < limitMs, `Not so after ${limitMs} ms: ${holds}`);
    await wait(5);
  }
}

const LARGE = encodePacket(publishPacket("large", new Uint8Array(1_990_000)), 5);

transportTest(
  "unfinished packets of many clients take no more than they may, and large ones of others come through",
  async (_, transport) => {
    await withServer(transport, { maxUnfinishedBytes: 4 * MB }, async (port, server) => {
      const slow = await Promise.all(Array.from({ length: 30 }, () => RawClient.connect(port)));
      for (const client of slow) client.write(LARGE.subarray(0, LARGE.length - 1)).catch(() => {});
      await until(() => server.unfinishedBytes > 4 * MB - 300 * KB);
      await wait(200);
      assert.ok(server.unfinishedBytes <= 6 * MB, `${server.unfinishedBytes} bytes are held`);
      using good = await RawClient.connect(port);
      await good.subscribe("large");
      await good.write(LARGE);
      const startMs = performance.now();
      const packet = await good.receive();
      assert.ok(packet?.type === "publish" && packet.payload.length === 1_990_000);
      assert.ok(performance.now() - startMs < 8000);
      assert.ok(server.broker.metrics.slowClientsEvicted > 0);
      for (const client of slow) client.close();
    });
  },
  true,
);

transportTest(
  "large packets of many clients at once all come through, one after the other",
  async (_, transport) => {
    await withServer(transport, { maxUnfinishedBytes: 2 * MB }, async (port, server) => {
      using good = await RawClient.connect(port);
      await good.subscribe("large");
      const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.connect(port)));
      await Promise.all(clients.map((client) => client.write(LARGE)));
      for (let i = 0; i < clients.length; i++) {
        assert.equal((await good.receive())?.type, "publish");
      }
      assert.equal(server.broker.metrics.slowClientsEvicted, 0);
      for (const client of clients) {
        client.close();
      }
    });
  },
);

transportTest(
  "a packet that takes too long ends its connection with 0x97",
  async (_, transport) => {
    await withServer(transport, { packetTimeoutSeconds: 1 }, async (port) => {
      using client = await RawClient.connect(port);
      await client.write(LARGE.subarray(0, 100_000));
      const { packets: [packet] } = await client.untilEnd();
      assert.equal(packet?.type === "disconnect" && packet.reasonCode, 0x97);
      assert.match(
        (packet?.type === "disconnect" && packet.properties?.reasonString) || "",
        /not complete in time/,
      );
    });
  },
);

/** A CONNECT of almost 100 KB. */
function longConnect() {
  const will = { topicName: "w", payload: new Uint8Array(60_000), qos: 0, retain: false } as const;
  return { ...connectPacket({ will }), userName: "u", password: new Uint8Array(39_000) };
}

transportTest(
  "CONNECTs that are not finished take no more than they may, and others come in",
  async (_, transport) => {
    await withServer(transport, { maxConnectingBytes: 1 * MB }, async (port, server) => {
      const bytes = encodePacket(longConnect(), 5);
      const slow: RawClient[] = [];
      for (let i = 0; i < 100; i++) {
        const client = await RawClient.open(port);
        slow.push(client);
        client.write(bytes.subarray(0, bytes.length - 1)).catch(() => {});
      }
      await until(() => server.broker.metrics.slowClientsEvicted > 80);
      assert.ok(server.unfinishedBytes <= 1 * MB, `${server.unfinishedBytes} bytes are held`);
      using small = await RawClient.connect(port);
      await small.ping();
      using large = await RawClient.open(port);
      await large.send(longConnect());
      assert.equal((await large.receive())?.type, "connack");
      for (const client of slow) client.close();
    });
  },
);

transportTest(
  "CONNECTs that wait for their answer count too, and who goes is told with 0x97",
  async (_, transport) => {
    const asked: ((verdict: AuthenticationVerdict) => void)[] = [];
    const access: AccessPort = {
      ...OPEN_ACCESS,
      authenticate: (_, reply) => void asked.push(reply),
    };
    const server = new Server({
      access,
      unfinished: { maxConnectingBytes: 1 * MB },
      ...await transportOf(transport),
    });
    const port = server.listen({ port: 0 });
    try {
      const clients: RawClient[] = [];
      for (let i = 0; i < 30; i++) {
        const client = await RawClient.open(port);
        clients.push(client);
        await client.send(longConnect());
        await until(() => asked.length === i + 1);
        assert.ok(server.unfinishedBytes <= 1 * MB, `${server.unfinishedBytes} bytes are held`);
      }
      const { packets: [refusal] } = await clients[0]!.untilEnd();
      assert.equal(refusal?.type === "connack" && refusal.reasonCode, 0x97);
      // The last ones are let in, and nothing of them is held any more.
      for (const reply of asked) reply({ isAllowed: true });
      const connack = await clients.at(-1)!.receive();
      assert.equal(connack?.type === "connack" && connack.reasonCode, 0);
      await until(() => server.unfinishedBytes === 0);
      for (const client of clients) client.close();
      await until(() => server.connectionCount === 0);
    } finally {
      await server.close();
    }
  },
);

transportTest("300 unfinished packets of 2 MB leave the broker small", async (_, transport) => {
  await using broker = await BrokerProcess.start({ flags: ["--no-persistence"], transport });
  using good = await RawClient.connect(broker.port);
  const before = await broker.residentBytes();
  const clients: RawClient[] = [];
  for (let i = 0; i < 300; i++) {
    const client = await RawClient.connect(broker.port);
    clients.push(client);
    client.write(LARGE.subarray(0, LARGE.length - 1)).catch(() => {});
  }
  for (let i = 0; i < 10; i++) {
    await wait(100);
    await good.ping();
  }
  const after = await broker.residentBytes();
  if (before !== undefined && after !== undefined) {
    const grown = Math.round((after - before) / MB);
    // Much of it is free, but not yet given back.
    assert.ok(grown < 350, `Memory grew by ${grown} MB`);
  }
  for (const client of clients) client.close();
  await good.ping();
}, true);
