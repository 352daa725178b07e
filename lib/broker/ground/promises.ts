/**
 * Which packets wait for the store's commit: one table for all packets that promise something.
 *
 * An acknowledgement says that something is stored, so it may leave only when that is true. The table has a row for each case;
 * the first row that fits decides. `wrote`: handling the packet has written to the store. `held`: an earlier acknowledgement
 * of this connection waits, and must not be overtaken [MQTT-4.6.0-2]. `persistent`: the session outlives its connection, so that
 * a repeat on a new connection may repeat something that is not committed yet. `repeat`: what the packet asks for has been
 * done before.
 */

/** The packets in the table: packets that the broker sends. */
export type PromisingPacket =
  | "connack"
  | "puback"
  | "pubrec"
  | "pubrel"
  | "pubcomp"
  | "suback"
  | "unsuback"
  | "publish";

/**
 * - `now`: the packet leaves when the turn ends.
 * - `waits`: it leaves when the writes of the turn are committed.
 * - `refused`: the store cannot write what the packet would promise. Nothing is done, and the client is told: 0x97.
 * - `closed`: the same for a client whose version cannot be told: the broker closes its connection, and the client sends again.
 */
export type Leave = "now" | "waits" | "refused" | "closed";

/** The facts that the table decides by. */
export interface PromiseFacts {
  readonly isStoreFailing: boolean;
  readonly isPersistent: boolean;
  readonly hasWritten: boolean;
  readonly hasHeld: boolean;
  readonly isRepeat: boolean;
  /** Whether the client's version can be told of a refusal: 5.0. */
  readonly canRefuse: boolean;
}

/** A row: a fact that is not named may be either. */
export interface PromiseRow extends Partial<PromiseFacts> {
  readonly packet: PromisingPacket;
  readonly leave: Leave;
  /** What the packet promises, or why it promises nothing; with the source of the rule. */
  readonly because: string;
}

/** The table. Without a store nothing is promised beyond the process, and every packet leaves at once. */
export const PROMISES: readonly PromiseRow[] = [
  {
    packet: "connack",
    isStoreFailing: true,
    hasWritten: true,
    leave: "refused",
    because:
      "its Session Present 0 says that the session before is gone, in the store too [MQTT-3.1.2-4]",
  },
  {
    packet: "connack",
    isStoreFailing: true,
    leave: "now",
    because: "nobody is locked out: a session that is not stored yet has promised nothing yet",
  },
  {
    packet: "connack",
    isPersistent: true,
    leave: "waits",
    because: "Session Present promises a session that is stored [MQTT-3.2.2-3]",
  },
  {
    packet: "connack",
    hasWritten: true,
    leave: "waits",
    because: "Session Present 0 promises that the session before does not come back [MQTT-3.1.2-4]",
  },
  { packet: "connack", leave: "now", because: "nothing was stored, and nothing is" },

  // A client sends an unacknowledged message again, so a message that cannot be stored is refused before it is routed.
  ...acknowledgesPublish("puback", "the message is stored for those who get it [MQTT-4.3.2-4]"),
  ...acknowledgesPublish("pubrec", "message and Packet Identifier are stored [MQTT-4.3.3-8]"),

  {
    packet: "pubrel",
    isPersistent: true,
    leave: "waits",
    because:
      "after it the message must never be published again, so that is stored first [MQTT-4.3.3-4]",
  },
  { packet: "pubrel", leave: "now", because: "the session ends with its connection" },

  {
    packet: "pubcomp",
    isPersistent: true,
    leave: "waits",
    because: "the Packet Identifier is free in the store too, a repeat's as well [MQTT-4.3.3-11]",
  },
  {
    packet: "pubcomp",
    hasHeld: true,
    leave: "waits",
    because: "acknowledgements keep their order [MQTT-4.6.0-2]",
  },
  { packet: "pubcomp", leave: "now", because: "the session ends with its connection" },

  {
    packet: "suback",
    isStoreFailing: true,
    isPersistent: true,
    leave: "refused",
    because: "a subscription that outlives the connection has to be stored",
  },
  ...changesSubscriptions("suback", "the subscription is stored"),
  ...changesSubscriptions("unsuback", "the subscription is gone in the store too"),

  {
    packet: "publish",
    isPersistent: true,
    leave: "waits",
    because:
      "of QoS 2: one that left before its Packet Identifier was stored could be published twice",
  },
  { packet: "publish", leave: "now", because: "the session ends with its connection" },
];

function acknowledgesPublish(packet: "puback" | "pubrec", because: string): PromiseRow[] {
  return [
    { packet, isStoreFailing: true, isRepeat: false, canRefuse: true, leave: "refused", because },
    { packet, isStoreFailing: true, isRepeat: false, canRefuse: false, leave: "closed", because },
    {
      packet,
      isPersistent: true,
      isRepeat: true,
      leave: "waits",
      because: "what it repeats may not be committed yet",
    },
    { packet, hasWritten: true, leave: "waits", because },
    {
      packet,
      hasHeld: true,
      leave: "waits",
      because: "acknowledgements keep their order [MQTT-4.6.0-2]",
    },
    { packet, leave: "now", because: "nothing was stored for it" },
  ];
}

function changesSubscriptions(packet: "suback" | "unsuback", because: string): PromiseRow[] {
  return [
    {
      packet,
      isPersistent: true,
      leave: "waits",
      because: `${because}; a repeat may repeat what is not committed`,
    },
    { packet, hasWritten: true, leave: "waits", because },
    {
      packet,
      hasHeld: true,
      leave: "waits",
      because: "acknowledgements keep their order [MQTT-4.6.0-2]",
    },
    { packet, leave: "now", because: "the session ends with its connection" },
  ];
}

const PACKETS: readonly PromisingPacket[] = [
  "connack",
  "puback",
  "pubrec",
  "pubrel",
  "pubcomp",
  "suback",
  "unsuback",
  "publish",
];
const FACTS = [
  "isStoreFailing",
  "isPersistent",
  "hasWritten",
  "hasHeld",
  "isRepeat",
  "canRefuse",
] as const satisfies readonly (keyof PromiseFacts)[];

/** The answers for every combination of facts, computed from the rows once, so that a PUBACK costs only an array access. */
const LEAVES: Readonly<Record<PromisingPacket, readonly Leave[]>> = Object.fromEntries(
  PACKETS.map((
    packet,
  ) => [packet, Array.from({ length: 1 << FACTS.length }, (_, bits) => firstFit(packet, bits))]),
) as Record<PromisingPacket, Leave[]>;

function firstFit(packet: PromisingPacket, bits: number): Leave {
  const row = PROMISES.find((row) =>
    row.packet === packet &&
    FACTS.every((fact, i) => row[fact] === undefined || row[fact] === ((bits >> i & 1) === 1))
  );
  return row!.leave;
}

/** Whether and when the packet leaves. */
export function leaveOf(packet: PromisingPacket, facts: PromiseFacts): Leave {
  return LEAVES[packet][
    (facts.isStoreFailing ? 1 : 0) | (facts.isPersistent ? 2 : 0) | (facts.hasWritten ? 4 : 0) |
    (facts.hasHeld ? 8 : 0) | (facts.isRepeat ? 16 : 0) | (facts.canRefuse ? 32 : 0)
  ]!;
}
