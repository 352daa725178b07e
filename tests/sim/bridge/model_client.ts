import {
  decodePacket,
  encodePacket,
  frameLength,
  type Packet,
  type Publish,
} from "../../../lib/codec/mod.ts";
import type { Random } from "../../support/random.ts";
import type { Node, NodeLink } from "./node.ts";
import { Wire } from "./pipe.ts";

/** A message on its way to the broker. */
interface Sending {
  readonly packetId: number;
  readonly publish: Publish;
  state: "published" | "released";
  /** It was sent on an earlier connection; and on this one. */
  isRepeat: boolean;
  isSent: boolean;
}

/** A client by the book, with a memory that no crash takes: it publishes, subscribes, and says what came. */
export class ModelClient {
  /** Payloads that came, in order. */
  readonly got: string[] = [];
  /** The same. */
  readonly has: Set<string> = new Set();
  /** Payloads that the broker has taken for good, in the order in which they were sent. */
  readonly acknowledged: Set<string> = new Set();
  /** What it asked to publish, in order. */
  readonly sent: string[] = [];
  isSubscribed = false;
  readonly #node: Node;
  readonly #random: Random;
  readonly #clientId: string;
  readonly #topicFilter: string | undefined;
  readonly #sending = new Map<number, Sending>();
  readonly #held = new Set<number>();
  #link: NodeLink | undefined;
  #wire: Wire | undefined;
  #input: Uint8Array = new Uint8Array(0);
  #isIn = false;
  #nextId = 0;
  #window = 65_535;

  constructor(node: Node, random: Random, clientId: string, topicFilter?: string) {
    this.#node = node;
    this.#random = random;
    this.#clientId = clientId;
    this.#topicFilter = topicFilter;
    this.connect();
  }

  get isDone(): boolean {
    return this.#sending.size === 0 && (this.#topicFilter === undefined || this.isSubscribed);
  }

  publish(topicName: string, text: string, qos: 1 | 2): void {
    do this.#nextId = this.#nextId % 65_535 + 1; while (this.#sending.has(this.#nextId));
    const packetId = this.#nextId;
    const payload = new TextEncoder().encode(text);
    const publish: Publish = {
      type: "publish",
      topicName,
      payload,
      qos,
      retain: false,
      dup: false,
      packetId,
      properties: undefined,
    };
    this.sent.push(text);
    this.#sending.set(packetId, {
      packetId,
      publish,
      state: "published",
      isRepeat: false,
      isSent: false,
    });
    if (this.#isIn) this.#sendMore();
  }

  /** As far as the broker's Receive Maximum allows. */
  #sendMore(): void {
    let underWay = 0;
    for (const { isSent } of this.#sending.values()) if (isSent) underWay++;
    for (const sending of this.#sending.values()) {
      if (underWay >= this.#window) return;
      if (sending.isSent) continue;
      underWay++;
      sending.isSent = true;
      if (sending.state === "released") {
        this.#send({ type: "pubrel", packetId: sending.packetId, reasonCode: 0 });
      } else this.#send({ ...sending.publish, dup: sending.isRepeat });
      sending.isRepeat = true;
    }
  }

  connect(): void {
    const { clock } = this.#node;
    if (!this.#node.isUp) return void clock.after(100, () => this.connect());
    this.#input = new Uint8Array(0);
    this.#isIn = false;
    const wire: Wire = new Wire(clock, this.#random, 5, [{
      onBytes: (bytes) => wire === this.#wire && this.#receive(bytes),
      onEnd: () => wire === this.#wire && this.#lost(),
    }, {
      onBytes: (bytes) => link?.receive(bytes),
      onEnd: () => link?.lost(),
    }]);
    this.#wire = wire;
    const link = this.#node.accept({
      send: (bytes) => wire.send(1, bytes),
      close: () => wire.close(1),
    });
    this.#link = link;
    this.#send({
      type: "connect",
      protocolVersion: 5,
      cleanStart: false,
      keepAliveSeconds: 0,
      clientId: this.#clientId,
      properties: { sessionExpiryInterval: 0xffff_ffff },
    });
  }

  /** Its broker is gone. */
  crashed(): void {
    this.#wire = undefined;
    this.#lost();
  }

  #lost(): void {
    this.#isIn = false;
    this.#wire = undefined;
    this.#link = undefined;
    this.#node.clock.after(20 + this.#random.int(100), () => {
      if (this.#link === undefined) this.connect();
    });
  }

  #send(packet: Packet): void {
    this.#wire?.send(0, encodePacket(packet, 5));
  }

  #receive(bytes: Uint8Array): void {
    const whole = new Uint8Array(this.#input.length + bytes.length);
    whole.set(this.#input);
    whole.set(bytes, this.#input.length);
    let at = 0;
    for (;;) {
      const length = frameLength(whole, at, whole.length, Infinity);
      if (length === 0 || at + length > whole.length) break;
      this.#handle(decodePacket(whole, at, at + length, 5));
      at += length;
    }
    this.#input = whole.slice(at);
  }

  #handle(packet: Packet): void {
    switch (packet.type) {
      case "connack":
        this.#window = packet.properties?.receiveMaximum ?? 65_535;
        return this.#begin();
      case "suback":
        this.isSubscribed = true;
        return;
      case "publish":
        return this.#take(packet);
      case "pubrel":
        this.#held.delete(packet.packetId);
        return this.#send({ type: "pubcomp", packetId: packet.packetId, reasonCode: 0 });
      case "pubrec": {
        const sending = this.#sending.get(packet.packetId);
        if (sending !== undefined) sending.state = "released";
        return this.#send({ type: "pubrel", packetId: packet.packetId, reasonCode: 0 });
      }
      case "puback":
      case "pubcomp": {
        const sending = this.#sending.get(packet.packetId);
        if (sending === undefined) return;
        this.#sending.delete(packet.packetId);
        this.acknowledged.add(new TextDecoder().decode(sending.publish.payload));
        this.#sendMore();
      }
    }
  }

  #begin(): void {
    this.#isIn = true;
    if (this.#topicFilter !== undefined && !this.isSubscribed) {
      this.#send({
        type: "subscribe",
        packetId: 65_535,
        subscriptions: [{
          topicFilter: this.#topicFilter,
          qos: 2,
          noLocal: false,
          retainAsPublished: false,
          retainHandling: 0,
        }],
      });
    }
    for (const sending of this.#sending.values()) sending.isSent = false;
    this.#sendMore();
  }

  #take({ qos, packetId, payload }: Publish): void {
    if (qos === 1) this.#send({ type: "puback", packetId, reasonCode: 0 });
    if (qos === 2) this.#send({ type: "pubrec", packetId, reasonCode: 0 });
    if (qos === 2 && this.#held.has(packetId)) return;
    if (qos === 2) this.#held.add(packetId);
    const text = new TextDecoder().decode(payload);
    this.got.push(text);
    this.has.add(text);
  }
}
