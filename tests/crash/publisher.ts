import { strict as assert } from "node:assert";
import type { Packet, ProtocolVersion, Qos } from "../../lib/codec/mod.ts";
import { publishPacket, type RawClient } from "../support/raw_client.ts";
import { Actor, PacketIds } from "./actor.ts";

/** Messages under way at once. */
const WINDOW = 16;

/** Publishes the numbers from 1 on one topic, repeats what was not acknowledged, and leaves none out. */
export class Publisher extends Actor {
  /** The last number that was sent. */
  sent = 0;
  /** Numbers whose acknowledgement has come. */
  acknowledged = 0;
  /** No new numbers. */
  isEnding = false;
  readonly #ids = new PacketIds();
  /** In the order of sending; `released`: PUBREC is there. */
  readonly #underWay = new Map<number, { readonly payload: string; isReleased: boolean }>();

  constructor(
    clientId: string,
    protocolVersion: ProtocolVersion,
    readonly topicName: string,
    readonly qos: Exclude<Qos, 0>,
  ) {
    super(clientId, protocolVersion);
  }

  get isDone(): boolean {
    return this.isEnding && this.#underWay.size === 0;
  }

  protected override async resumed(client: RawClient): Promise<void> {
    for (const [packetId, { payload, isReleased }] of this.#underWay) {
      if (isReleased) await client.send({ type: "pubrel", packetId, reasonCode: 0 });
      else await this.#publish(client, packetId, payload, true);
    }
    await this.#publishMore(client);
  }

  protected override async handle(client: RawClient, packet: Packet): Promise<void> {
    switch (packet.type) {
      case "pubrec": {
        const { packetId, reasonCode } = packet;
        assert.ok(reasonCode < 0x80, `${this.clientId}: PUBREC ${reasonCode}`);
        this.#underWay.get(packetId)!.isReleased = true;
        return await client.send({ type: "pubrel", packetId, reasonCode: 0 });
      }
      case "puback":
      case "pubcomp":
        // 0x92 in a PUBCOMP: the one before did not arrive.
        assert.ok(
          packet.reasonCode < 0x80 || packet.reasonCode === 0x92,
          `${this.clientId}: refused`,
        );
        assert.ok(this.#underWay.delete(packet.packetId), `${this.clientId}: acknowledged twice`);
        this.acknowledged++;
        return await this.#publishMore(client);
    }
  }

  async #publishMore(client: RawClient): Promise<void> {
    while (!this.isEnding && this.#underWay.size < WINDOW) {
      const packetId = this.#ids.next((id) => this.#underWay.has(id));
      const payload = String(++this.sent);
      this.#underWay.set(packetId, { payload, isReleased: false });
      await this.#publish(client, packetId, payload, false);
    }
  }

  #publish(client: RawClient, packetId: number, payload: string, dup: boolean): Promise<void> {
    const packet = publishPacket(this.topicName, payload, this.qos, packetId);
    return client.send(packet.type === "publish" ? { ...packet, dup } : packet);
  }
}
