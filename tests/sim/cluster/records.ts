import type { Qos } from "../../../lib/codec/mod.ts";

/** Something that a client publishes, or leaves as a will. */
export interface SentRecord {
  readonly text: string;
  readonly publisherId: string;
  readonly topicName: string;
  readonly qos: Qos;
  readonly retain: boolean;
  /** It may have ended on its way. */
  readonly mayExpire: boolean;
  readonly isWill: boolean;
  /** When it went to the wire for the first time, and when its publisher knew that the cluster has it. */
  sentAtMs: number;
  ackedAtMs: number;
  /** A node has said that it does not take it, or its session has ended on its way: nobody knows what became of it. */
  isDoubtful: boolean;
  /** A node may have refused it where the client did not hear that: it comes when the client sends it again, behind what was taken meanwhile. */
  mayBeRefused: boolean;
  /** Order of sending; of one session only. */
  readonly order: number;
  /** The session in which it was sent. */
  sessionOf: number;
}

/** A subscription as its client knows it. */
export interface SubRecord {
  readonly topicFilter: string;
  readonly qos: Qos;
  grantedAtMs: number;
  endAskedAtMs: number;
}

/** A session from its beginning to its end, as its client knows it. */
export interface SessionRecord {
  readonly subs: SubRecord[];
  /** How often each text came for the first time: without those that are told to be repeats at QoS 1. */
  readonly got: Map<string, number>;
  /** Texts in the order in which they first came. */
  readonly order: string[];
  isOver: boolean;
}

/** Where a will stands, as its client knows it. */
export interface WillRecord {
  readonly record: SentRecord;
  readonly delayMs: number;
  readonly node: string;
  /** Its connection has ended in order: the node has closed it. */
  cancelledAtMs: number;
  /** Its connection was lost; `Infinity`: not yet. */
  lostAtMs: number;
  /** The client came back. */
  backAtMs: number;
  /** A CONNECT that it sent before may be answered behind the loss: then it has a connection again. */
  mayBeBack: boolean;
  /** Of a session that outlives the connection. */
  readonly isShared: boolean;
}
