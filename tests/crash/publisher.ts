import { strict as assert } from "node:assert";
import type { Packet, ProtocolVersion, Qos } from "../../lib/codec/mod.ts";
import { publishPacket, type RawClient } from "../support/raw_client.ts";
import { Actor, PacketIds } from "./actor.ts";

/** Messages under way at once. */
const WINDOW = 16;
/** How long a refused message waits. */
const TRY_AGAIN_MS = 20;

/** Publishes the numbers from 1 on one topic, repeats what was not acknowledged, and leaves none out. */
export class Publisher extends Actor {
  /** The last number that was sent. */
  sent = 0;
  /** Numbers whose acknowledgement has come. */
  acknowledged = 0;
  /** No new numbers. */
  isEnding = false;
  readonly #ids = new PacketIds();
  /** The present connection, if it has refused a message. */
  #client: RawClient | undefined;
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
    this.#client = undefined;
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
        if (this.isRefusal(reasonCode)) return this.#tryAgain(client, packetId);
        assert.ok(reasonCode < 0x80, `${this.clientId}: PUBREC ${reasonCode}`);
        this.#underWay.get(packetId)!.isReleased = true;
        // A QoS 1 message is the broker's, whatever becomes of the publisher's session; a QoS 2 message is known by it.
        this.promised();
        return await client.send({ type: "pubrel", packetId, reasonCode: 0 });
      }
      case "puback":
      case "pubcomp":
        if (packet.type === "puback" && this.isRefusal(packet.reasonCode)) {
          return this.#tryAgain(client, packet.packetId);
        }
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

  /** Sends a refused message again, a little later; a new connection does so at once. */
  #tryAgain(client: RawClient, packetId: number): void {
    const refused = this.#underWay.get(packetId)!;
    this.#client = client;
    setTimeout(() => {
      if (this.#client !== client || this.#underWay.get(packetId) !== refused) return;
      this.#publish(client, packetId, refused.payload, false).catch(() => {});
    }, TRY_AGAIN_MS);
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
