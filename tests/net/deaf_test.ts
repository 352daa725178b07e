import { strict as assert } from "node:assert";
import { encodePacket } from "../../lib/codec/mod.ts";
import { hasOpenssl } from "../../tasks/certs.ts";
import { House } from "../hostile/doors.ts";
import { Visit } from "../hostile/visit.ts";
import { encodePackets } from "../support/conversation.ts";
import { connectPacket, publishPacket, RawClient, subscribePacket } from "../support/raw_client.ts";

const MB = 1024 * 1024;
/** Far more than the system takes for a connection whose other end never reads. */
const FLOOD_BYTES = 40 * MB;
const PACKET_BYTES = 16 * 1024;
const BURST = 20;
/** Deaf clients at each door. */
const EACH = 3;
const MAX_QUEUED_BYTES = 8 * MB;
/** For one of them: twice what may be queued, in a buffer that doubles, the smaller one before it, and what TLS leaves lying. */
const HELD_LIMIT_BYTES = 30 * MB;
/** What remains of that at the end, for one of them: free, but still `malloc`'s. */
const REST_LIMIT_BYTES = 15 * MB;

const IS_POSSIBLE = Deno.build.os === "linux" && await hasOpenssl();
// deno-lint-ignore no-console -- whoever reads the results is to know
if (!IS_POSSIBLE) console.log("Skipped: deaf clients over TLS need Linux and openssl");

Deno.test({
  name:
    "who is deaf over TLS, with and without WebSocket, is evicted; memory is bounded and given back, and nobody notices",
  ignore: !IS_POSSIBLE,
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    await using house = await House.open({
      connectTimeoutSeconds: 5,
      sendTimeoutSeconds: 1,
      maxQueuedBytes: MAX_QUEUED_BYTES,
    });
    const { broker } = house;
    using reader = await RawClient.connect(broker.port);
    await reader.subscribe("flood");
    using publisher = await RawClient.connect(broker.port);
    const memory = async () => await broker.residentBytes() ?? NaN;

    // So that everything is loaded and grown that others need as well.
    const first = await enterDeaf(house, "first");
    for (const name of first.keys()) await broker.untilLog(new RegExp(`${name} `));
    for (const visit of first.values()) visit.leave();
    await flood(publisher, reader, memory);
    const before = { bytes: await memory(), descriptors: broker.descriptorCount() };

    const visits = await enterDeaf(house, "deaf");
    const heldBytes = (await flood(publisher, reader, memory) - before.bytes) / visits.size;
    assert.ok(heldBytes > MAX_QUEUED_BYTES, `Nobody was deaf: ${heldBytes} bytes`);
    assert.ok(heldBytes < HELD_LIMIT_BYTES, `${heldBytes} bytes were held for each`);
    for (const name of visits.keys()) {
      await broker.untilLog(new RegExp(`does not read.* client=${name} `));
    }
    // Their own ends are still open.
    await until(() => broker.descriptorCount() <= before.descriptors);
    let restBytes = Infinity;
    await until(async () => {
      restBytes = (await memory() - before.bytes) / visits.size;
      return restBytes < REST_LIMIT_BYTES;
    }, () => `${restBytes} bytes remain of each`);
    await reader.ping();
    for (const visit of visits.values()) visit.leave();
  },
});

/** Some who never read, at each secure door, subscribed to what the flood is sent to; by their Client Identifiers. */
async function enterDeaf({ doors }: House, name: string): Promise<Map<string, Visit>> {
  const visits = new Map<string, Visit>();
  for (const door of doors.filter(({ isSecure }) => isSecure)) {
    for (let i = 0; i < EACH; i++) {
      const visit = await Visit.open(door, new Promise(() => {}));
      await visit.enter();
      visit.deafen();
      const clientId = `${name}-${door.name}-${i}`;
      const packets = [connectPacket({ clientId }), subscribePacket("flood")];
      await visit.write(visit.frame(encodePackets(packets, 5)));
      visits.set(clientId, visit);
    }
  }
  return visits;
}

/** The reader has taken each burst before the next: it is never slow. Returns the most memory seen. */
async function flood(
  publisher: RawClient,
  reader: RawClient,
  memory: () => Promise<number>,
): Promise<number> {
  const packet = encodePacket(publishPacket("flood", new Uint8Array(PACKET_BYTES)), 5);
  let peakBytes = 0;
  for (let sentBytes = 0; sentBytes < FLOOD_BYTES; sentBytes += BURST * PACKET_BYTES) {
    for (let i = 0; i < BURST; i++) await publisher.write(packet);
    for (let i = 0; i < BURST; i++) assert.equal((await reader.receive())?.type, "publish");
    peakBytes = Math.max(peakBytes, await memory());
  }
  return peakBytes;
}

async function until(
  holds: () => boolean | Promise<boolean>,
  why = () => `Not so: ${holds}`,
): Promise<void> {
  for (let waitedMs = 0; !await holds(); waitedMs += 50) {
    assert.ok(waitedMs < 4000, why());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
