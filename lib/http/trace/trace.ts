/**
 * A trace shows what happens to one client or one topic, with one line for each step, while somebody watches.
 *
 * It is an `Observer` of the core that exists only while it runs. Time, lines, clients and payload bytes are limited; what is left out is
 * counted. A line concerns one client: what it sent, what it was sent, what waits for it and what it does not get, with the access rule
 * that decided. The payload is left out if the user who watches may not read the topic.
 *
 * @module
 */
import type {
  AccessAction,
  AccessPort,
  Client,
  ClientIdentity,
  Connection,
  Delivery,
  DropReason,
  Message,
  Observer,
  Outgoing,
} from "../../broker/mod.ts";
import { type Packet, type Publish, reasonCodeName } from "../../codec/mod.ts";
import { packetText, publishText, versionText } from "./packet_text.ts";
import { type PayloadFormat, payloadView } from "./payload_text.ts";
import type { Subject } from "./subject.ts";

/** The kinds of lines. */
export type TraceEvent =
  | "in"
  | "out"
  | "routed"
  | "subscribed"
  | "queued"
  | "dropped"
  | "withheld"
  | "connected"
  | "disconnected"
  | "session_ended";

/** One line of a trace. */
export interface TraceLine {
  /** Milliseconds since 1970, with a fraction. */
  readonly atMs: number;
  readonly event: TraceEvent;
  /** The client concerned; `""` for a program. */
  readonly clientId: string;
  readonly text: string;
  /** The access rule that decided, if there is one. */
  readonly rule?: string;
  /** The payload in this format; incomplete if `isCut`. */
  readonly payload?: string;
  readonly format?: "text" | "json" | "hex";
  readonly isCut?: true;
}

/** What is traced, and its limits. */
export interface TraceInit {
  readonly subject: Subject;
  readonly access: AccessPort;
  /** Finds clients with a matching subscription that may not read the topic. */
  readonly withheldFrom: (topicName: string) => readonly Client[];
  /** Whether the user who watches may read the topic. */
  readonly mayRead: (topicName: string) => boolean;
  readonly payload: PayloadFormat;
  readonly maxPayloadBytes: number;
  readonly maxClients: number;
  readonly now: () => number;
  readonly tell: (line: TraceLine) => void;
}

/** Reports what happens to its subject. */
export class Trace implements Observer {
  readonly #init: TraceInit;
  readonly #clients = new Set<string>();
  /** Lines left out because they concern too many clients. */
  omitted = 0;

  constructor(init: TraceInit) {
    this.#init = init;
  }

  /** {@linkcode Observer.received} */
  received(connection: Connection, packet: Packet): void {
    const { subject } = this.#init;
    const clientId = packet.type === "connect" ? packet.clientId : nameOf(connection);
    if (packet.type === "publish") return this.#receivedPublish(connection, clientId, packet);
    if (!subject.hasClient(clientId) && !subject.hasExchange(clientId, packet, "in")) return;
    this.#tell("in", clientId, packetText(packet));
  }

  #receivedPublish(connection: Connection, clientId: string, packet: Publish): void {
    const { subject } = this.#init;
    const topicName = connection.listener.mountPoint + aliased(connection, packet);
    if (!subject.hasClient(clientId) && !subject.hasTopic(topicName)) return;
    subject.begin(clientId, packet.packetId, "in");
    this.#tell("in", clientId, publishText(packet, topicName), {
      rule: this.#rule(connection.identity, "publish", topicName),
      ...this.#payload(topicName, packet.payload),
    });
  }

  /** {@linkcode Observer.sent} */
  sent(connection: Connection, packet: Packet): void {
    const { subject } = this.#init;
    const clientId = nameOf(connection);
    if (!subject.hasClient(clientId) && !subject.hasExchange(clientId, packet, "out")) return;
    this.#tell("out", clientId, packetText(packet));
  }

  /** {@linkcode Observer.delivered} */
  delivered(connection: Connection, outgoing: Outgoing, packetId: number, dup: boolean): void {
    const { message, qos, retain } = outgoing;
    const { topicName, publisherId, payload } = message;
    const clientId = nameOf(connection);
    if (!this.#isOf(clientId, message)) return;
    this.#init.subject.begin(clientId, packetId, "out");
    const text = publishText({ qos, packetId, retain, dup, payload }, topicName);
    this.#tell("out", clientId, `${text}, from ${publisherId || "the broker"}`, {
      rule: this.#rule(connection.identity, "read", topicName),
      ...this.#payload(topicName, payload),
    });
  }

  /** {@linkcode Observer.queued} */
  queued({ session, connection }: Client, { message, qos }: Delivery): void {
    if (!this.#isOf(session.clientId, message)) return;
    const why = connection === null ? "it is away" : "it has not acknowledged or taken enough";
    const text = `${message.topicName}: QoS ${qos}, ${session.queue.length} wait, ${why}`;
    this.#tell("queued", session.clientId, text);
  }

  /** {@linkcode Observer.dropped} */
  dropped(
    client: Client | null,
    reason: DropReason,
    message: Pick<Message, "topicName" | "publisherId">,
  ): void {
    const clientId = client?.session.clientId ?? "";
    if (!this.#isOf(clientId, message)) return;
    this.#tell("dropped", clientId, `${message.topicName}: ${reason}`);
  }

  /** {@linkcode Observer.published} */
  published(publisher: Client | null, message: Message, receivers: number): void {
    const clientId = publisher?.session.clientId ?? "";
    const { topicName } = message;
    if (this.#isOf(clientId, message)) {
      const count = receivers === 1 ? "1 receiver" : `${receivers} receivers`;
      const kept = message.retain ? ", retained" : "";
      this.#tell("routed", clientId, `${topicName}: ${count}${kept}`);
    }
    if (this.#init.access.checksTopics) this.#tellWithheld(clientId, topicName);
  }

  /** Reports subscribers that may not read the topic: nothing else tells of them, because they get nothing. */
  #tellWithheld(publisherId: string, topicName: string): void {
    const { subject, withheldFrom } = this.#init;
    const isWhole = subject.hasClient(publisherId) || subject.hasTopic(topicName);
    if (!isWhole && !subject.isClient) return;
    for (const { session: { clientId }, identity } of withheldFrom(topicName)) {
      if (!isWhole && !subject.hasClient(clientId)) continue;
      const rule = this.#rule(identity, "read", topicName);
      this.#tell("withheld", clientId, `${topicName}: it may not read it`, { rule });
    }
  }

  /** {@linkcode Observer.subscribed} */
  subscribed(
    connection: Connection,
    { topicFilter }: { readonly topicFilter: string },
    reasonCode: number,
    whole: string,
  ): void {
    const clientId = nameOf(connection);
    const { subject } = this.#init;
    if (!subject.hasClient(clientId) && !subject.hasFilter(whole)) return;
    const text = reasonCode < 0x80
      ? `Subscribed to ${topicFilter}: granted QoS ${reasonCode}`
      : `Not subscribed to ${topicFilter}: ${reasonCodeName(reasonCode)}`;
    const rule = this.#rule(connection.identity, "subscribe", whole);
    this.#tell("subscribed", clientId, text, { rule });
  }

  /** {@linkcode Observer.connected} */
  connected(connection: Connection): void {
    const clientId = nameOf(connection);
    if (!this.#init.subject.hasClient(clientId)) return;
    const { userName, remoteAddress, listener, protocolVersion } = connection.identity!;
    const user = userName === undefined ? "anonymous" : `user ${userName}`;
    const text = `${user} from ${remoteAddress}, listener ${listener}, MQTT ${
      versionText(protocolVersion)
    }`;
    this.#tell("connected", clientId, text);
  }

  /** {@linkcode Observer.disconnected} */
  disconnected(connection: Connection, reason: { readonly message: string } | undefined): void {
    const clientId = nameOf(connection);
    if (!this.#init.subject.hasClient(clientId)) return;
    const left = connection.will === undefined ? "it has left" : "its connection is lost";
    this.#tell("disconnected", clientId, reason?.message ?? left);
  }

  /** {@linkcode Observer.sessionEnded} */
  sessionEnded({ session: { clientId } }: Client): void {
    if (this.#init.subject.hasClient(clientId)) {
      this.#tell("session_ended", clientId, "Its session is over");
    }
  }

  /** Whether a line belongs to the trace. The deliveries of a traced client's own messages do. */
  #isOf(clientId: string, message: Pick<Message, "topicName" | "publisherId">): boolean {
    const { subject } = this.#init;
    return subject.hasClient(clientId) || subject.hasClient(message.publisherId) ||
      subject.hasTopic(message.topicName);
  }

  #rule(
    identity: ClientIdentity | null,
    action: AccessAction,
    topic: string,
  ): string | undefined {
    if (identity === null) return undefined;
    return this.#init.access.explain?.(identity, action, topic);
  }

  #payload(topicName: string, payload: Uint8Array): Partial<TraceLine> {
    const { mayRead, payload: format, maxPayloadBytes } = this.#init;
    const view = mayRead(topicName) ? payloadView(payload, format, maxPayloadBytes) : undefined;
    if (view === undefined) return {};
    const { text, isCut } = view;
    return { payload: text, format: view.format, ...isCut ? { isCut } : {} };
  }

  #tell(
    event: TraceEvent,
    clientId: string,
    text: string,
    more: { readonly [Key in keyof TraceLine]?: TraceLine[Key] | undefined } = {},
  ): void {
    const { maxClients, now, tell } = this.#init;
    if (!this.#clients.has(clientId)) {
      if (this.#clients.size >= maxClients) return void this.omitted++;
      this.#clients.add(clientId);
    }
    const { rule, ...rest } = more;
    const line = {
      atMs: now(),
      event,
      clientId,
      text,
      ...rule === undefined ? {} : { rule },
      ...rest,
    };
    tell(line as TraceLine);
  }
}

/** The Client Identifier, or the claimed one before CONNACK. */
function nameOf({ identity, claim }: Connection): string {
  return identity?.clientId ?? claim?.clientId ?? "";
}

/** The topic of a PUBLISH, looked up by its Topic Alias if necessary. */
function aliased({ incomingAliases }: Connection, { topicName, properties }: Publish): string {
  if (topicName !== "" || properties?.topicAlias === undefined) return topicName;
  return incomingAliases?.get(properties.topicAlias) ?? "";
}
