import {
  type ClientConnection,
  ClientSession,
  type ClientSessionInit,
  type ConnectInit,
  type ConnectionLimits,
  connectPacket,
} from "../../lib/client/mod.ts";
import {
  encodePacket,
  type Packet,
  type Properties,
  type ProtocolVersion,
  type Publish,
} from "../../lib/codec/mod.ts";
import { wholePackets } from "./whole_packets.ts";

/** A client's session on a wire that the test controls, without socket and clock. */
export class SessionWire {
  readonly session: ClientSession;
  /** The events of the session, in order. */
  readonly events: string[] = [];
  readonly messages: Publish[] = [];
  nowMs = 0;
  #version: ProtocolVersion = 5;

  constructor(init: ClientSessionInit = {}) {
    const say = (text: string) => void this.events.push(text);
    this.session = new ClientSession(init, {
      onConnected: (_, isResumed) => say(isResumed ? "resumed" : "new"),
      onMessage: (message) => {
        this.messages.push(message);
        say(`message ${new TextDecoder().decode(message.payload)}`);
      },
      onSettled: (packetId, { reasonCode }) => say(`settled ${packetId} ${reasonCode}`),
      onAnswer: ({ type, packetId }) => say(`${type} ${packetId}`),
      onReady: () => say("ready"),
      onEnd: (error) => say(`end ${error?.kind ?? "well"}`),
      onOutput: () => {},
    });
  }

  get connection(): ClientConnection {
    return this.session.connection!;
  }

  /** Begins a connection; returns the CONNECT. */
  open(init: ConnectInit = {}, limits: ConnectionLimits = {}): Packet {
    this.#version = init.protocolVersion ?? 5;
    this.session.open(connectPacket(init), limits, this.nowMs);
    return this.sent()[0]!;
  }

  /** Begins a connection and answers with CONNACK; packets that the session then sends can be taken. */
  connect(properties?: Properties, sessionPresent = false, init: ConnectInit = {}): void {
    this.open(init);
    const more = properties === undefined ? {} : { properties };
    this.give({ type: "connack", sessionPresent, reasonCode: 0, ...more });
  }

  /** The broker sends. */
  give(...packets: readonly Packet[]): void {
    for (const packet of packets) {
      this.connection.receive(encodePacket(packet, this.#version), this.nowMs);
    }
  }

  /** Cuts the network. */
  cut(): void {
    this.connection.end();
  }

  /** The packets sent since the last call. */
  sent(): Packet[] {
    const bytes = this.connection.takeOutput(this.nowMs) ?? new Uint8Array();
    return wholePackets(bytes, this.#version);
  }

  /** The packets sent since the last call, in short form: `publish 1 a`, `publish 1 a dup`, `pubrel 1`. */
  said(): string[] {
    return this.sent().map(shortly);
  }

  /** Publishes a message whose payload is its topic. */
  publish(topicName: string, qos: 0 | 1 | 2): number {
    const payload = new TextEncoder().encode(topicName);
    return this.session.publish({ topicName, payload, qos, retain: false, properties: undefined });
  }
}

/** A PUBLISH of the broker with a text as its payload. */
export function incoming(packetId: number, qos: 0 | 1 | 2, text: string, dup = false): Publish {
  return {
    type: "publish",
    topicName: "t",
    payload: new TextEncoder().encode(text),
    qos,
    retain: false,
    dup,
    packetId,
    properties: undefined,
  };
}

function shortly(packet: Packet): string {
  const words: (string | number)[] = [packet.type];
  if ("packetId" in packet) words.push(packet.packetId);
  if (packet.type === "publish") words.push(packet.topicName, ...packet.dup ? ["dup"] : []);
  else if ("reasonCode" in packet && packet.reasonCode !== 0) words.push(packet.reasonCode);
  return words.join(" ");
}
