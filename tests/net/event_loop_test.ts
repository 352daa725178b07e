import { strict as assert } from "node:assert";
import process from "node:process";
import { Broker, DEFAULT_BROKER_OPTIONS, OPEN_ACCESS } from "../../lib/broker/mod.ts";
import { encodeAddress, showAddress } from "../../lib/net/epoll/address.ts";
import { Breath } from "../../lib/net/epoll/breath.ts";
import { ADDRESS_BYTES, Descriptors } from "../../lib/net/epoll/descriptors.ts";
import { EPOLLIN } from "../../lib/net/epoll/epoll_set.ts";
import { EventLoop } from "../../lib/net/epoll/event_loop.ts";
import { openLibc } from "../../lib/net/epoll/libc.ts";
import { nowMs, ReadBuffers, SILENT, Turns } from "../../lib/net/mod.ts";
import { netTest } from "../support/net_test.ts";
import { TRANSPORTS } from "../support/transports.ts";

/** The real loop on the real system, with nothing in it. */
function openLoop(): EventLoop {
  const turns = new Turns();
  const ports = { log: SILENT, access: OPEN_ACCESS, randomId: () => "id", wake: () => {} };
  const broker = new Broker(DEFAULT_BROKER_OPTIONS, ports, nowMs());
  turns.attach(broker);
  const libc = openLibc();
  assert.ok(typeof libc !== "string");
  return new EventLoop(new Descriptors(libc), broker, turns, new ReadBuffers());
}

async function end(loop: EventLoop): Promise<void> {
  await loop.end();
  assert.equal(loop.descriptors.openCount, 0);
  loop.descriptors.end();
}

/** Waits until something holds, and for a moment more: for what should not come. */
async function until(holds: () => boolean): Promise<void> {
  for (let waitedMs = 0; !holds() && waitedMs < 5000; waitedMs += 5) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Descriptors of a system that loses datagrams once it is told to. */
class LossyDescriptors extends Descriptors {
  isLossy = false;

  override send(fd: number, bytes: Uint8Array<ArrayBuffer>, count: number): number {
    return this.isLossy ? count : super.send(fd, bytes, count);
  }
}

if (TRANSPORTS.includes("epoll")) {
  netTest("a datagram that is lost does not stop the loop", async () => {
    const libc = openLibc();
    assert.ok(typeof libc !== "string");
    const descriptors = new LossyDescriptors(libc);
    const breath = new Breath(descriptors);
    for (let i = 0; i < 3; i++) await breath.deep();
    descriptors.isLossy = true;
    // The first of them waits for a datagram, the others need none.
    for (let i = 0; i < 3; i++) await breath.deep();
    await breath.close();
    assert.equal(descriptors.openCount, 0);
    descriptors.end();
  });

  netTest("an event of a descriptor that is closed does not reach its successor", async () => {
    const loop = openLoop();
    const { descriptors } = loop;
    const calls: string[] = [];
    const [first, second] = [descriptors.eventfd(), descriptors.eventfd()];
    let successor = -1;
    // Both are ready in the same round: whoever is called first closes the other.
    const replace = (name: string, mine: number, other: number) => ({
      onEvents: () => {
        calls.push(name);
        loop.modify(mine, 0);
        loop.close(other);
        successor = descriptors.eventfd();
        loop.add(successor, {
          onEvents: () => {
            calls.push("successor");
            loop.modify(successor, 0);
          },
        }, EPOLLIN);
      },
    });
    for (const fd of [first, second]) descriptors.signal(fd);
    loop.add(first, replace("first", first, second), EPOLLIN);
    loop.add(second, replace("second", second, first), EPOLLIN);
    await until(() => calls.length >= 1);
    assert.deepEqual(calls, ["first"]);
    assert.equal(successor, second, "The system gave another number");
    descriptors.signal(successor);
    await until(() => calls.length >= 2);
    assert.deepEqual(calls, ["first", "successor"]);
    for (const fd of [first, successor]) loop.close(fd);
    await end(loop);
  });

  netTest("while the loop never rests, Deno's timers and sockets do not wait for it", async () => {
    const loop = openLoop();
    const fd = loop.descriptors.eventfd();
    loop.descriptors.signal(fd);
    let rounds = 0;
    loop.add(fd, { onEvents: () => void rounds++ }, EPOLLIN); // Nobody takes it: it is ready for ever.
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const [client, server] = await Promise.all([
      Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
      listener.accept(),
    ]);
    const byte = new Uint8Array(1);
    const before = rounds;
    const usage = process.cpuUsage();
    for (let i = 0; i < 100; i++) {
      const reading = server.read(byte); // So that Deno has to look for it.
      await client.write(byte);
      await reading;
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    const { user, system } = process.cpuUsage(usage);
    const workedMs = (user + system) / 1000;
    assert.ok(rounds > before + 1000, `The loop rested: ${rounds - before} rounds`);
    // Some sixty rounds of Deno's own loop for each, a millisecond each, were it never idle.
    assert.ok(workedMs < 2500, `A hundred of both took ${workedMs} ms of processor`);
    for (const socket of [client, server, listener]) socket.close();
    loop.close(fd);
    await end(loop);
  });

  netTest("a failing call says what Deno's would", async () => {
    const loop = openLoop();
    const { descriptors } = loop;
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const socket = descriptors.socket(2);
    const { port } = listener.addr;
    const taken = encodeAddress("127.0.0.1", port);
    assert.throws(() => descriptors.listen(socket, taken), Deno.errors.AddrInUse);
    const strange = encodeAddress("192.0.2.77", 0);
    assert.throws(() => descriptors.listen(socket, strange), Deno.errors.AddrNotAvailable);
    assert.throws(() => descriptors.send(socket, new Uint8Array(3), 4), RangeError);
    listener.close();
    loop.close(socket);
    await end(loop);
  });
}

const addresses: [hostname: string, shown: string][] = [
  ["192.0.2.5", "192.0.2.5:1883"],
  ["::", "[::]:1883"],
  ["::1", "[::1]:1883"],
  ["2001:db8::1:0:0:5", "[2001:db8::1:0:0:5]:1883"],
  ["2001:0DB8:1:2:3:4:5:6", "[2001:db8:1:2:3:4:5:6]:1883"],
  ["fe80::", "[fe80::]:1883"],
  ["::ffff:192.0.2.5", "192.0.2.5:1883"],
  ["localhost", "127.0.0.1:1883"],
];
for (const [hostname, shown] of addresses) {
  Deno.test(`the system's address of ${hostname} is shown as ${shown}`, () => {
    const bytes = new Uint8Array(new ArrayBuffer(ADDRESS_BYTES));
    bytes.set(encodeAddress(hostname, 1883));
    assert.equal(showAddress(bytes), shown);
  });
}
