import { strict as assert } from "node:assert";
import type { Packet } from "../../lib/codec/mod.ts";
import type { Random } from "../support/random.ts";
import { publishPacket, RawClient, subscribePacket } from "../support/raw_client.ts";
import { Actor, InDoubt, PacketIds } from "./actor.ts";

const TOPICS = 12;
const WINDOW = 8;
/** Appended to every third value: such a payload leaves the broker's memory, and is read from the disk. */
const FILLING = ".".repeat(1500);
/** How long what is read from the disk may take to come after a subscription: so many pings, and the pause between them. */
const PINGS = 100;
const PING_PAUSE_MS = 50;
/** In place of a message: there is none. */
const NONE = "";

/** Changes and deletes retained messages, and knows which each topic may have. */
export class Retainer extends Actor {
  /** Changes that were acknowledged. */
  acknowledged = 0;
  /** Deletions among the changes that somebody waits for. */
  deletions = 0;
  readonly #random: Random;
  readonly #topics = new Map<string, InDoubt<string>>();
  readonly #ids = new PacketIds();
  readonly #underWay = new Map<number, { readonly topicName: string; readonly value: string }>();
  #count = 0;

  constructor(clientId: string, random: Random) {
    super(clientId, 5);
    this.#random = random;
    for (let i = 0; i < TOPICS; i++) this.#topics.set(`retained/${i}`, new InDoubt(NONE));
  }

  /** Holds the broker's retained messages against the books, with a client that has just come. */
  async check(port: number): Promise<void> {
    using client = await RawClient.connect(port);
    await client.send(subscribePacket("retained/#"));
    const found = new Map<string, string>();
    for (let pings = 1;; pings++) {
      await findUntilPing(client, found);
      const wrong = [...this.#topics].find(([topicName, value]) =>
        !value.allows(found.get(topicName) ?? NONE)
      );
      if (wrong === undefined) return;
      const [topicName, value] = wrong;
      const actual = found.get(topicName) ?? NONE;
      const isMissing = actual === NONE && pings < PINGS;
      assert.ok(isMissing, `${topicName} is "${actual}" and must be "${value}"`);
      await new Promise((resolve) => setTimeout(resolve, PING_PAUSE_MS));
    }
  }

  protected override async resumed(client: RawClient): Promise<void> {
    for (const [packetId, { topicName, value }] of this.#underWay) {
      await this.#publish(client, packetId, topicName, value);
    }
    await this.#publishMore(client);
  }

  protected override async handle(client: RawClient, packet: Packet): Promise<void> {
    if (packet.type !== "puback") return;
    const { topicName, value } = this.#underWay.get(packet.packetId)!;
    this.#underWay.delete(packet.packetId);
    // A refused change may be undone or not before the next one.
    if (this.isRefusal(packet.reasonCode)) return await this.#publishMore(client);
    this.#topics.get(topicName)!.acknowledged(value);
    this.acknowledged++;
    await this.#publishMore(client);
  }

  async #publishMore(client: RawClient): Promise<void> {
    while (this.#underWay.size < WINDOW) {
      const packetId = this.#ids.next((id) => this.#underWay.has(id));
      const topicName = `retained/${this.#random.int(TOPICS)}`;
      // A second deletion of the same topic could not be told from the first.
      const isDeletion = this.#random.int(3) === 0 && !this.#topics.get(topicName)!.allows(NONE);
      const filling = this.#count % 3 === 0 ? FILLING : "";
      const value = isDeletion ? NONE : `${++this.#count}${filling}`;
      this.#topics.get(topicName)!.sent(value);
      // Nobody acknowledges it: it is there, or not, until a later change is acknowledged.
      if (this.#random.int(3) === 0) {
        await this.#publish(client, 0, topicName, value);
        continue;
      }
      if (isDeletion) this.deletions++;
      this.#underWay.set(packetId, { topicName, value });
      await this.#publish(client, packetId, topicName, value);
    }
  }

  #publish(client: RawClient, packetId: number, topicName: string, value: string): Promise<void> {
    const packet = publishPacket(topicName, value, packetId === 0 ? 0 : 1, packetId);
    return client.send(packet.type === "publish" ? { ...packet, retain: true } : packet);
  }
}

/** Adds what comes until the answer to a ping, by topic. */
async function findUntilPing(client: RawClient, found: Map<string, string>): Promise<void> {
  await client.send({ type: "pingreq" });
  for (;;) {
    const packet = await client.receive();
    assert.ok(packet !== undefined, "The connection ended before PINGRESP");
    if (packet.type === "pingresp") return;
    if (packet.type !== "publish") continue;
    found.set(packet.topicName, new TextDecoder().decode(packet.payload));
  }
}
