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
  /** By topic, where messages may be refused and come later than others: all numbers. */
  readonly #numbers = new Map<string, Set<number>>();
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

  /** Whether all numbers up to this one have come. */
  hasAll(topicName: string, last: number): boolean {
    return this.mayBeRefused
      ? (this.#numbers.get(topicName)?.size ?? 0) === last
      : this.#lastOf(topicName) === last;
  }

  #lastOf(topicName: string): number {
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
        this.promised();
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
    if (this.mayBeRefused) return this.#receiveAnyOrder(topicName, number);
    const last = this.#lastOf(topicName);
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

  /** A refused message comes after those that the broker took meanwhile: a gap is excused until the end, and a second copy at QoS 2 never. */
  #receiveAnyOrder(topicName: string, number: number): void {
    const numbers = this.#numbers.get(topicName) ?? new Set();
    this.#numbers.set(topicName, numbers);
    if (numbers.has(number)) {
      assert.notEqual(this.qos, 2, `${this.clientId}: ${number} on ${topicName}: twice`);
      this.repeats++;
      return;
    }
    numbers.add(number);
    this.received++;
  }
}
