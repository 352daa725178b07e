import {
  type Connack,
  type Connect,
  MqttError,
  type Properties,
  type Puback,
  type Pubcomp,
  type Publish,
  type Pubrec,
  type Pubrel,
  ReasonCode,
  type Suback,
  type SubscriptionRequest,
  type Unsuback,
} from "../../codec/mod.ts";
import {
  ClientConnection,
  type ConnectionLimits,
  type SessionPacket,
} from "./client_connection.ts";
import { ClientError } from "./client_error.ts";
import { type InFlightStore, MemoryInFlightStore } from "./in_flight_store.ts";
import { Incoming } from "./incoming.ts";
import { Outgoing } from "./outgoing.ts";

/** A message to send. */
export type OutgoingMessage = Pick<
  Publish,
  "topicName" | "payload" | "qos" | "retain" | "properties"
>;

/** What ended an exchange of QoS 1 or 2. */
export type Settlement = Puback | Pubrec | Pubcomp;

/** Who uses a session. */
export interface SessionHandler {
  /** The broker has let us in; `isResumed`: it goes on with the session it had. What has to go out again is on its way. */
  onConnected(connack: Connack, isResumed: boolean): void;
  /** A message, once where its QoS is 2. Its payload is a view, valid during the call. */
  onMessage(message: Publish): void;
  /** A message of ours is done: acknowledged to the end, or refused where the Reason Code is 0x80 or more. */
  onSettled(packetId: number, by: Settlement): void;
  /** The answer to SUBSCRIBE or UNSUBSCRIBE. */
  onAnswer(answer: Suback | Unsuback): void;
  /** `canPublish` is true again. */
  onReady(): void;
  /** The connection has ended, and with it what was asked; `undefined`: by our own DISCONNECT. The session may go on with another connection. */
  onEnd(error: ClientError | undefined): void;
  /** There is something to write: see {@linkcode ClientConnection.takeOutput}. */
  onOutput(): void;
}

/** How a session is kept. */
export interface ClientSessionInit {
  /** Default: memory. */
  readonly inFlight?: InFlightStore;
  /** The application says when it has a message, by `acknowledge`. Default: false, which acknowledges before it is handed over. */
  readonly manualAcknowledgement?: boolean;
}

/**
 * A client's session, without I/O: what it is owed and what it owes outlives each of its connections, which `open` begins.
 *
 * On a session that the broker still has, PUBREL and PUBLISH with DUP go out again in their old order, within the broker's Receive Maximum,
 * before anything new. [MQTT-4.4.0-1] Where it has lost the session, PUBLISH without PUBREC or PUBACK go out as new messages: rather twice
 * than never; those with PUBREC it had.
 */
export class ClientSession {
  /** The last connection; `undefined` before the first. */
  connection: ClientConnection | undefined;
  readonly #handler: SessionHandler;
  readonly #outgoing: Outgoing;
  readonly #incoming: Incoming;
  readonly #manualAcknowledgement: boolean;
  /** Of our last CONNECT; before 5.0 there is none. */
  #receiveMaximum = Infinity;

  /** Begins with what the store remembers; there is no connection yet. */
  constructor(init: ClientSessionInit, handler: SessionHandler) {
    const store = init.inFlight ?? new MemoryInFlightStore();
    this.#handler = handler;
    this.#manualAcknowledgement = init.manualAcknowledgement ?? false;
    this.#outgoing = new Outgoing(store);
    this.#incoming = new Incoming(store);
  }

  /** Whether a message of QoS 1 or 2 may be published now: there is a connection, and the broker takes one more. */
  get canPublish(): boolean {
    const { connection } = this;
    return connection !== undefined && connection.isConnected && !this.#outgoing.isResending &&
      connection.sendQuota > 0 && this.#outgoing.hasPacketId;
  }

  /** Messages of QoS 1 and 2 on their way to the broker. */
  get inFlightCount(): number {
    return this.#outgoing.size;
  }

  /** Messages that came and that the application has not acknowledged. */
  get unacknowledgedCount(): number {
    return this.#incoming.pendingCount;
  }

  /** Begins a connection; the one before must have ended. Throws `EncodeError`. */
  open(connect: Connect, limits: ConnectionLimits, nowMs: number): ClientConnection {
    if (this.connection?.isEnded === false) throw new Error("Cannot open: a connection is open");
    this.#receiveMaximum = connect.properties?.receiveMaximum ?? Infinity;
    const connection = new ClientConnection(connect, limits, {
      onConnected: (connack) => this.#begin(connect, connack),
      onPacket: (packet) => this.#handle(packet),
      onEnd: (error) => this.#handler.onEnd(error),
      onOutput: () => this.#handler.onOutput(),
    }, nowMs);
    this.connection = connection;
    return connection;
  }

  /**
   * Sends a message; returns its Packet Identifier, 0 at QoS 0. The payload of QoS 1 and 2 belongs to the session until `onSettled`. Needs
   * `canPublish` where QoS is not 0. Throws a `ClientError` of kind `limit` or `closed`, and `EncodeError`.
   */
  publish(message: OutgoingMessage): number {
    const connection = this.#connected();
    requireWithin(message, connection.connack!.properties);
    const { topicName, payload, qos, retain, properties } = message;
    const base = { type: "publish", topicName, payload, qos, retain, dup: false } as const;
    if (qos === 0) {
      connection.send({ ...base, packetId: 0, properties });
      return 0;
    }
    if (!this.canPublish) throw new ClientError("limit", "The broker takes no more messages now");
    const packetId = this.#outgoing.freePacketId();
    const publish: Publish = { ...base, packetId, properties };
    connection.send(publish);
    this.#outgoing.add(publish);
    return packetId;
  }

  /** Sends SUBSCRIBE; returns its Packet Identifier. Throws as `publish` does. */
  subscribe(subscriptions: readonly SubscriptionRequest[], properties?: Properties): number {
    return this.#ask((packetId) => ({
      type: "subscribe",
      packetId,
      subscriptions,
      ...properties === undefined ? {} : { properties },
    }));
  }

  /** Sends UNSUBSCRIBE; returns its Packet Identifier. Throws as `publish` does. */
  unsubscribe(topicFilters: readonly string[], properties?: Properties): number {
    return this.#ask((packetId) => ({
      type: "unsubscribe",
      packetId,
      topicFilters,
      ...properties === undefined ? {} : { properties },
    }));
  }

  /**
   * The application has the message: the very object that `onMessage` had. Before 5.0 there is no way to refuse one. `false`: the broker does
   * not wait for it, as it has forgotten the session, or the message was acknowledged before.
   */
  acknowledge(message: Publish, reasonCode: ReasonCode = ReasonCode.Success): boolean {
    if (!this.#incoming.acknowledge(message, reasonCode)) return false;
    this.#flush();
    return true;
  }

  #ask(
    packetOf: (packetId: number) => Parameters<ClientConnection["send"]>[0],
  ): number {
    const connection = this.#connected();
    if (!this.#outgoing.hasPacketId) {
      throw new ClientError("limit", "There is no Packet Identifier left");
    }
    const packetId = this.#outgoing.freePacketId();
    connection.send(packetOf(packetId));
    this.#outgoing.ask(packetId);
    return packetId;
  }

  #connected(): ClientConnection {
    const { connection } = this;
    if (connection?.isConnected === true) return connection;
    throw new ClientError("closed", "The connection has ended");
  }

  #begin(connect: Connect, connack: Connack): void {
    // 3.1 does not say whether there was a session: there it is as the client asked.
    const isResumed = connect.protocolVersion === 3 ? !connect.cleanStart : connack.sessionPresent;
    this.#incoming.begin(isResumed); // [MQTT-3.2.2-5]
    const finished: number[] = [];
    const released = this.#outgoing.begin(isResumed, (packetId) => finished.push(packetId));
    for (const packetId of released) this.#send("pubrel", packetId, ReasonCode.Success);
    this.#sendAgain();
    this.#handler.onConnected(connack, isResumed);
    for (const packetId of finished) {
      this.#handler.onSettled(packetId, { type: "pubcomp", packetId, reasonCode: 0 });
    }
    if (this.canPublish) this.#handler.onReady();
  }

  /** What of earlier connections the broker takes now. */
  #sendAgain(): void {
    const connection = this.connection!;
    while (this.#outgoing.isResending && connection.isConnected && connection.sendQuota > 0) {
      this.#outgoing.sendAgain((publish) => {
        try {
          connection.send(publish);
        } catch (error) {
          if (!(error instanceof ClientError) || error.kind !== "limit") throw error;
          // The broker takes smaller packets than before.
          const { packetId, qos } = publish;
          this.#outgoing.discard(packetId);
          const type = qos === 1 ? "puback" : "pubrec";
          this.#handler.onSettled(packetId, {
            type,
            packetId,
            reasonCode: ReasonCode.PacketTooLarge,
          });
        }
      });
    }
  }

  #handle(packet: SessionPacket): void {
    switch (packet.type) {
      case "publish":
        return this.#receive(packet);
      case "pubrel":
        return this.#send("pubcomp", packet.packetId, this.#incoming.release(packet.packetId));
      case "pubrec":
        if (packet.reasonCode >= 0x80) return this.#settle(packet);
        return this.#release(packet.packetId);
      case "puback":
      case "pubcomp":
        return this.#settle(packet);
      case "suback":
      case "unsuback":
        if (this.#outgoing.answered(packet.packetId)) this.#handler.onAnswer(packet);
    }
  }

  #receive(message: Publish): void {
    if (message.qos === 0) return this.#handler.onMessage(message);
    const isNew = this.#incoming.accept(message);
    // What the application has not acknowledged is kept: a broker that sends more than was asked for would fill the memory.
    if (this.#incoming.openCount > this.#receiveMaximum) {
      const message = `The broker sends more than ${this.#receiveMaximum} messages at once`;
      throw new MqttError(ReasonCode.ReceiveMaximumExceeded, message);
    }
    if (isNew && !this.#manualAcknowledgement) {
      this.#incoming.acknowledge(message, ReasonCode.Success);
    }
    this.#flush();
    if (isNew) this.#handler.onMessage(message);
  }

  /** [MQTT-4.3.3-4]; a broker that asks for what we do not know is told, and need not ask again. */
  #release(packetId: number): void {
    const isKnown = this.#outgoing.release(packetId);
    const reasonCode = isKnown ? ReasonCode.Success : ReasonCode.PacketIdentifierNotFound;
    this.#send("pubrel", packetId, reasonCode);
  }

  #settle(by: Settlement): void {
    if (!this.#outgoing.settle(by.packetId, by.type)) return;
    this.#sendAgain();
    this.#handler.onSettled(by.packetId, by);
    if (this.canPublish) this.#handler.onReady();
  }

  #flush(): void {
    if (this.connection?.isConnected !== true) return;
    for (const { type, packetId, reasonCode } of this.#incoming.flush()) {
      this.#send(type, packetId, reasonCode);
    }
  }

  #send(
    type: "puback" | "pubrec" | "pubrel" | "pubcomp",
    packetId: number,
    reasonCode: ReasonCode,
  ): void {
    if (this.connection?.isConnected !== true) return;
    this.connection.send({ type, packetId, reasonCode } as Settlement | Pubrel);
  }
}

/** Throws where the broker's CONNACK says that it does not take such a message. */
function requireWithin({ qos, retain }: OutgoingMessage, properties: Properties | undefined): void {
  if (qos > (properties?.maximumQos ?? 2)) { // [MQTT-3.2.2-11]
    throw new ClientError(
      "limit",
      `Cannot publish at QoS ${qos}: the broker takes ${properties?.maximumQos}`,
      ReasonCode.QoSNotSupported,
    );
  }
  if (retain && properties?.retainAvailable === false) { // [MQTT-3.2.2-14]
    throw new ClientError(
      "limit",
      "Cannot publish with RETAIN: the broker keeps no messages",
      ReasonCode.RetainNotSupported,
    );
  }
}
