import { strict as assert } from "node:assert";
import type { Packet } from "../../lib/codec/mod.ts";
import type { Random } from "../support/random.ts";
import { type RawClient, subscribePacket } from "../support/raw_client.ts";
import { Actor, InDoubt, PacketIds } from "./actor.ts";

const FILTERS = Array.from({ length: 8 }, (_, i) => `switched/${i}/+`);
const WINDOW = 4;
/** An UNSUBACK's Reason Code where there was a subscription. */
const EXISTED = 0x00;

/** Subscribes and unsubscribes, and knows which subscriptions its session must have. */
export class Switcher extends Actor {
  /** Changes that were acknowledged. */
  acknowledged = 0;
  readonly #random: Random;
  readonly #subscribed = new Map(FILTERS.map((filter) => [filter, new InDoubt("no")]));
  readonly #ids = new PacketIds();
  readonly #underWay = new Map<number, { readonly filter: string; readonly state: string }>();

  constructor(clientId: string, random: Random) {
    super(clientId, 5);
    this.#random = random;
  }

  /** Takes all subscriptions back: the answer tells which there were. */
  protected override async resumed(client: RawClient): Promise<void> {
    this.#underWay.clear();
    // Until the answer is here both may be so.
    this.#all((filter) => filter.sent("no"));
    await client.send({ type: "unsubscribe", packetId: 1, topicFilters: FILTERS });
    const answer = await client.receive();
    if (answer === undefined) return;
    assert.ok(answer.type === "unsuback");
    if (answer.reasonCodes.some((reasonCode) => this.isRefusal(reasonCode))) {
      return;
    }
    answer.reasonCodes.forEach((reasonCode, i) => {
      const filter = FILTERS[i]!;
      const state = reasonCode === EXISTED ? "yes" : "no";
      const known = this.#subscribed.get(filter)!;
      assert.ok(known.allows(state), `Subscribed to ${filter}: ${state}, and must be ${known}`);
      known.is("no");
    });
    await this.#change(client);
  }

  protected override async handle(client: RawClient, packet: Packet): Promise<void> {
    if (packet.type !== "suback" && packet.type !== "unsuback") return;
    const { filter, state } = this.#underWay.get(packet.packetId)!;
    this.#underWay.delete(packet.packetId);
    if (!packet.reasonCodes.some((reasonCode) => this.isRefusal(reasonCode))) {
      this.#subscribed.get(filter)!.is(state);
      this.acknowledged++;
      this.promised();
    }
    await this.#change(client);
  }

  async #change(client: RawClient): Promise<void> {
    while (this.#underWay.size < WINDOW) {
      const packetId = this.#ids.next((id) => this.#underWay.has(id));
      const filter = this.#random.pick(FILTERS);
      // One change at a time, so that the last one acknowledged is the last one made.
      if ([...this.#underWay.values()].some((other) => other.filter === filter)) continue;
      const state = this.#random.bool() ? "yes" : "no";
      this.#subscribed.get(filter)!.sent(state);
      this.#underWay.set(packetId, { filter, state });
      const packet = state === "yes"
        ? subscribePacket(filter, 1)
        : { type: "unsubscribe", topicFilters: [filter] } as const;
      await client.send({ ...packet, packetId } as Packet);
    }
  }

  #all(change: (filter: InDoubt<string>) => void): void {
    for (const filter of this.#subscribed.values()) change(filter);
  }
}
