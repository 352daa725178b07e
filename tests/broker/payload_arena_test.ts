import { deepEqual, equal } from "node:assert/strict";
import { type ArenaMessage, PayloadArena } from "../../lib/broker/ground/payload_arena.ts";
import type { Message } from "../../lib/broker/mod.ts";
import { Random } from "../support/random.ts";

function message(topicName: string, payload: Uint8Array): Message {
  return {
    topicName,
    payload,
    qos: 0,
    retain: true,
    properties: undefined,
    expiresAtMs: Infinity,
    publisherId: "",
  };
}

/** An arena, and what is kept in it. */
function make(): { arena: PayloadArena; kept: Map<string, ArenaMessage> } {
  return { arena: new PayloadArena(), kept: new Map() };
}

Deno.test("keep() copies the payload out of the buffer it was read into", () => {
  const { arena } = make();
  for (const length of [0, 1, 100, 1024, 1025, 100_000]) {
    const buffer = new Uint8Array(length).fill(7);
    const kept = arena.keep(message("a", buffer));
    buffer.fill(0);
    deepEqual(kept.payload, new Uint8Array(length).fill(7), `${length} bytes`);
  }
});

Deno.test("payloads stay what they are, and slabs below four times what is kept, whatever comes and goes", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new Random(seed);
    const { arena, kept } = make();
    let keptBytes = 0;
    for (let i = 0; i < 20_000; i++) {
      const topicName = String(random.int(3000));
      const before = kept.get(topicName);
      // The first hundred topics hardly ever change: they are what would hold on to slabs.
      if (before !== undefined && Number(topicName) < 100) continue;
      if (before !== undefined && random.bool()) {
        kept.delete(topicName);
      } else {
        const payload = new Uint8Array(1 + random.int(200)).fill(i & 255);
        const added = arena.keep(message(topicName, payload));
        kept.set(topicName, added);
        keptBytes += added.payload.length;
      }
      if (before !== undefined) {
        keptBytes -= before.payload.length;
        arena.release(before);
      }
    }
    for (const { payload, topicName } of kept.values()) {
      equal(payload.every((byte) => byte === payload[0]), true, `seed ${seed}: ${topicName}`);
    }
    const slabBytes = 16 * 1024;
    // Beside the open one; a slab's unused end is less than the largest payload.
    const most = 4 * keptBytes + slabBytes;
    equal(arena.allocatedBytes <= most, true, `seed ${seed}: ${arena.allocatedBytes} of ${most}`);
    for (const [topicName, last] of kept) {
      kept.delete(topicName);
      arena.release(last);
    }
    equal(
      arena.allocatedBytes <= slabBytes,
      true,
      `seed ${seed}: ${arena.allocatedBytes} are left`,
    );
  }
});

Deno.test("who still holds a message that was let go reads what it was", () => {
  const { arena, kept } = make();
  const held: ArenaMessage[] = [];
  for (let i = 0; i < 1000; i++) {
    const added = arena.keep(message("a", new Uint8Array(100).fill(i & 255)));
    const before = kept.get("a");
    kept.set("a", added);
    if (before !== undefined) arena.release(before);
    held.push(added);
  }
  for (const [i, { payload }] of held.entries()) {
    deepEqual(payload, new Uint8Array(100).fill(i & 255));
  }
});

Deno.test("a slab that has become sparse while it was the open one is given up when the next is opened", () => {
  const { arena } = make();
  const slabBytes = 16 * 1024;
  const kilobyte = new Uint8Array(1024);
  // Each slab but the last keeps one message of sixteen: what is left of them has room in one.
  for (let slab = 0; slab < 16; slab++) {
    const added = Array.from({ length: 16 }, () => arena.keep(message("a", kilobyte)));
    for (const one of added.slice(1)) arena.release(one);
  }
  equal(arena.allocatedBytes <= 4 * 16 * 1024 + slabBytes, true, `${arena.allocatedBytes}`);
});
