import { strict as assert } from "node:assert";
import {
  decodePacket,
  encodePacket,
  frameLength,
  NameCache,
  type Packet,
  packetSize,
  propertiesSizeBytes,
  type ProtocolVersion,
} from "../../lib/codec/mod.ts";
import { propertiesSize } from "../../lib/codec/properties.ts";
import { Random } from "../support/random.ts";
import { ALL } from "./golden.ts";
import { decodeHostile } from "./hostile.ts";
import { mutate, randomPacket } from "./random_packet.ts";

const SEEDS = 400;
const PACKETS_PER_SEED = 10;

/** Runs the check for many seeds; a failure says which. */
function forSeeds(check: (random: Random, version: ProtocolVersion) => void): void {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const version = ALL[seed % ALL.length]!;
    try {
      check(new Random(seed), version);
    } catch (error) {
      throw new Error(`fails with seed ${seed}, version ${version}`, { cause: error });
    }
  }
}

Deno.test("decoding what was encoded gives the same packet", () => {
  const names = new NameCache(64);
  const seen = new Set<string>();
  forSeeds((random, version) => {
    for (let i = 0; i < PACKETS_PER_SEED; i++) {
      const packet = randomPacket(random, version);
      const bytes = encodePacket(packet, version);
      assert.equal(packetSize(packet, version), bytes.length);
      assert.equal(frameLength(bytes, 0, bytes.length, bytes.length), bytes.length);
      assert.deepEqual(decodePacket(bytes, 0, bytes.length, version), packet);
      assert.deepEqual(decodePacket(bytes, 0, bytes.length, version, names), packet);
      seen.add(`${packet.type} ${version}`);
    }
  });
  assert.equal(seen.size, 15 + 14 + 14, "some packet never came");
});

Deno.test("the size of properties is what they take in a packet", () => {
  let measured = 0;
  forSeeds((random) => {
    for (let i = 0; i < PACKETS_PER_SEED; i++) {
      const packet = randomPacket(random, 5);
      if (packet.type !== "publish" || packet.properties === undefined) continue;
      const sizeBytes = propertiesSizeBytes(packet.properties);
      const lengthBytes = propertiesSize(packet.properties, "publish") - sizeBytes;
      assert.equal(lengthBytes, sizeBytes < 128 ? 1 : sizeBytes < 16_384 ? 2 : 3);
      measured++;
    }
  });
  assert(measured > 50, `${measured} packets`);
  assert.equal(propertiesSizeBytes(undefined), 0);
  // Of what cannot be encoded it says the most that it could be.
  assert.equal(propertiesSizeBytes({ contentType: "\ud800" }), 1 + 2 + 3);
});

Deno.test("every strict prefix of a packet waits for more", () => {
  forSeeds((random, version) => {
    const bytes = encodePacket(randomPacket(random, version), version);
    for (let end = 0; end < bytes.length; end++) {
      const length = frameLength(bytes, 0, end, Infinity);
      assert(length === 0 || length === bytes.length, `length is ${length} at ${end} bytes`);
    }
  });
});

Deno.test("packets in a row come out one by one, however the row is cut", () => {
  forSeeds((random, version) => {
    const packets = Array.from({ length: PACKETS_PER_SEED }, () => randomPacket(random, version));
    const row = packets.flatMap((packet) => [...encodePacket(packet, version)]);
    const decoded: Packet[] = [];
    let waiting: number[] = [];
    while (row.length > 0) {
      waiting = [...waiting, ...row.splice(0, 1 + random.int(40))];
      const bytes = new Uint8Array(waiting);
      let at = 0;
      for (;;) {
        const length = frameLength(bytes, at, bytes.length, Infinity);
        if (length === 0 || at + length > bytes.length) break;
        decoded.push(decodePacket(bytes, at, at + length, version));
        at += length;
      }
      waiting = waiting.slice(at);
    }
    assert.deepEqual(decoded, packets);
  });
});

Deno.test("random bytes give packets or an MqttError, nothing else", () => {
  const names = new NameCache(64);
  forSeeds((random, version) => {
    for (let i = 0; i < PACKETS_PER_SEED; i++) {
      const bytes = random.bytes(random.int(60));
      if (bytes.length > 2 && random.bool()) bytes[1] = bytes.length - 2;
      decodeHostile(bytes, version, names);
    }
  });
});

Deno.test("damaged packets give packets or an MqttError, nothing else", () => {
  const names = new NameCache(64);
  const counts = { packets: 0, refusals: 0 };
  forSeeds((random, version) => {
    for (let i = 0; i < PACKETS_PER_SEED; i++) {
      const bytes = mutate(encodePacket(randomPacket(random, version), version), random);
      const { packets, wasRefused } = decodeHostile(bytes, version, names);
      counts.packets += packets;
      counts.refusals += wasRefused ? 1 : 0;
    }
  });
  assert(counts.packets > 300 && counts.refusals > 300, `too few of a kind: ${counts}`);
});
