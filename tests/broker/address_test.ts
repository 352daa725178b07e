import { strict as assert } from "node:assert";
import { addressKey, DEFAULT_LISTENER_OPTIONS } from "../../lib/broker/mod.ts";
import { TestBroker } from "../support/test_broker.ts";
import { TestLink } from "../support/test_link.ts";

/** What a link says of its peer, and as whose it counts. */
const keys: [remoteAddress: string, key: string][] = [
  ["10.0.0.1:50123", "10.0.0.1"],
  ["[2001:db8:1:2:3:4:5:6]:50123", "2001:db8:1:2::/64"],
  ["2001:db8:1:2:3:4:5:6:50123", "2001:db8:1:2::/64"],
  ["[2001:DB8:1:2::9]:1", "2001:db8:1:2::/64"],
  ["[2001:db8::7]:1", "2001:db8:0:0::/64"],
  ["[2001:db8:0:0::]:1", "2001:db8:0:0::/64"],
  ["[fe80::1%eth0]:1", "fe80:0:0:0::/64"],
  ["[::1]:1", "0:0:0:0::/64"],
  ["[::ffff:10.0.0.1]:1", "10.0.0.1"],
  ["[::ffff:a00:1]:1", "10.0.0.1"],
  ["[0:0:0:0:0:ffff:a00:1]:1", "10.0.0.1"],
  ["[::fffe:a00:1]:1", "0:0:0:0::/64"],
  ["/run/mqtt.sock", "/run/mqtt.sock"],
  ["unix:/run/a:1883", "unix:/run/a:1883"],
  ["unix:", "unix:"],
  ["[1:2:3]:1", "1:2:3"],
  ["[1::2::3]:1", "1::2::3"],
];
for (const [remoteAddress, key] of keys) {
  Deno.test(`${remoteAddress} is counted as ${key}`, () => {
    assert.equal(addressKey(remoteAddress), key);
  });
}

/** Two peers, and whether they share what an address may do. */
const pairs: [one: string, other: string, areOne: boolean][] = [
  ["[2001:db8::1]:1", "[2001:db8::2]:1", true],
  ["[2001:db8::1]:1", "[2001:db8:0:1::1]:1", false],
  ["[::ffff:a00:1]:1", "10.0.0.1:2", true],
  ["[::ffff:a00:1]:1", "[::ffff:a00:2]:1", false],
];
for (const [one, other, areOne] of pairs) {
  Deno.test(`with a connection a second ${one} ${areOne ? "makes" : "makes no"} ${other} wait`, () => {
    const test = new TestBroker({ options: { maxAddressConnectionRate: 1 } });
    const isStopped = (remoteAddress: string) => {
      const link = new TestLink(test, remoteAddress);
      const connection = test.broker.accept(link, DEFAULT_LISTENER_OPTIONS, test.nowMs);
      return connection!.isStopped;
    };
    assert.equal(isStopped(one), false);
    assert.equal(isStopped(other), areOne);
  });
}
