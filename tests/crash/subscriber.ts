import { strict as assert } from "node:assert";
import type { Packet, ProtocolVersion, Publish, Qos } from "../../lib/codec/mod.ts";
import { type RawClient, subscribePacket } from "../support/raw_client.ts";
import { Actor } from "./actor.ts";

/** Subscribes once, for ever, and holds what it gets against the numbers that must come. */
export class Subscriber extends Actor {
  /** Messages received, repeats not counted. */
  received = 0;
  /** QoS 1 messages received again. */
  repeats = 0;
  #isSubscribed = false;
  /** By topic: the number that came last as a new one. */
  readonly #last = new Map<string, number>();
  /** QoS 2 messages that wait for their PUBREL. */
  readonly #held = new Set<number>();

  constructor(
    clientId: string,
    protocolVersion: ProtocolVersion,
    readonly topicFilter: string,
    readonly qos: Qos,
  ) {
    super(clientId, protocolVersion);
  }

  /** Whether the SUBACK has come: what is acknowledged from now on must arrive. */
  get isSubscribed(): boolean {
    return this.#isSubscribed;
  }

  lastOf(topicName: string): number {
    return this.#last.get(topicName) ?? 0;
  }

  protected override async resumed(client: RawClient): Promise<void> {
    if (!this.#isSubscribed) await client.send(subscribePacket(this.topicFilter, this.qos));
  }

  protected override async handle(client: RawClient, packet: Packet): Promise<void> {
    switch (packet.type) {
      case "suback":
        assert.ok(packet.reasonCodes[0]! < 0x80, `${this.clientId}: not subscribed`);
        this.#isSubscribed = true;
        return;
      case "publish":
        return await this.#publish(client, packet);
      case "pubrel":
        this.#held.delete(packet.packetId);
        return await client.send({ type: "pubcomp", packetId: packet.packetId, reasonCode: 0 });
    }
  }

  async #publish(client: RawClient, { qos, packetId, topicName, payload }: Publish): Promise<void> {
    assert.equal(qos, this.qos);
    const number = Number(new TextDecoder().decode(payload));
    if (qos === 2) {
      if (!this.#held.has(packetId)) this.#receive(topicName, number);
      this.#held.add(packetId);
      return await client.send({ type: "pubrec", packetId, reasonCode: 0 });
    }
    this.#receive(topicName, number);
    await client.send({ type: "puback", packetId, reasonCode: 0 });
  }

  /** The publisher leaves out none and begins anew with what it has not heard of: so neither order nor a gap is excused. */
  #receive(topicName: string, number: number): void {
    const last = this.lastOf(topicName);
    const what = `${this.clientId}: ${number} after ${last} on ${topicName}`;
    if (number <= last) {
      assert.notEqual(this.qos, 2, `${what}: twice`);
      this.repeats++;
      return;
    }
    assert.equal(number, last + 1, `${what}: lost or out of order`);
    this.#last.set(topicName, number);
    this.received++;
  }
}
