import type { LogPort, Message, Publisher, SessionChange, ShareChange } from "../broker/mod.ts";
import type { LogCommits } from "./commits.ts";
import type { Subjects } from "./engine.ts";
import { MAX_ENTRIES, type RecordHead } from "./record.ts";
import { OpenClaims } from "./open_claims.ts";
import { RecordSender } from "./record_sender.ts";
import { headBytesOf, RecordWriter } from "./record_writer.ts";
import { Trouble } from "./trouble.ts";
import { Window } from "./window.ts";

/** Bytes of records on their way, beyond which clients are refused: 0x97. */
const MAX_WINDOW_BYTES = 32 * 1024 * 1024;
/** What the head of a record, and the protocol, need beside its messages. */
const HEAD_BYTES = 4096;
const REFUSED = "NATS does not store the cluster's records";

/** This node's pen: packs the messages of a turn into a record, and sends it until the log has it. */
export class Log implements LogCommits {
  /** {@linkcode LogCommits.writes} */
  writes = 0;
  /** The start of this process; set before the first message. */
  epoch = 0;
  #since = 0;
  readonly #nats: Subjects;
  readonly #node: string;
  readonly #nowMs: () => number;
  readonly #writer = new RecordWriter();
  readonly #window: Window;
  readonly #claims = new OpenClaims();
  #lastNumber = 0;
  readonly #tooLarge: Trouble;

  /** `subject`: the log's. */
  constructor(
    nats: Subjects,
    subject: string,
    node: string,
    nowMs: () => number,
    lines: LogPort,
  ) {
    this.#nats = nats;
    this.#node = node;
    this.#nowMs = nowMs;
    const sender = new RecordSender(nats, subject, node, new Trouble(lines, REFUSED, nowMs));
    const send = (number: number, attempt: number, record: Uint8Array) =>
      sender.send(this.epoch, number, attempt, this.#claims.toSend(number, record));
    this.#window = new Window(send, MAX_WINDOW_BYTES);
    sender.answered = (...answer) => this.#window.answered(...answer);
    this.#tooLarge = new Trouble(lines, "A client's message is refused by the cluster", nowMs);
  }

  /** {@linkcode LogCommits.isFailing} */
  get isFailing(): boolean {
    return this.#window.isFailing;
  }

  /** {@linkcode Window.isSlow} */
  get isSlow(): boolean {
    return this.#window.isSlow;
  }

  /** Records that are on their way. */
  get waiting(): number {
    return this.#window.length;
  }

  /** Adds a message to the turn's record; `false`: it is too large, or there is no room. */
  append(message: Message, packetId: number, isWill: boolean, source?: Publisher): boolean {
    const sizeBytes = message.payload.length + 3 * message.topicName.length + HEAD_BYTES;
    const limitBytes = this.#nats.maxPayloadBytes;
    if (sizeBytes > limitBytes) return this.#isTooLarge(limitBytes);
    if (this.#window.isFull || this.#isWaitingFull) return false;
    // Properties count too: what it takes is known when it is written. A record that NATS refuses would be sent again for ever.
    const maxBytes = limitBytes - HEAD_BYTES / 2;
    const { length } = this.#writer;
    this.#writer.add({ message, packetId, isWill, source });
    const addedBytes = this.#writer.length - length;
    if (this.#writer.length > maxBytes) this.#writer.undo(length);
    if (addedBytes > maxBytes) return this.#isTooLarge(limitBytes);
    if (this.#writer.length === length) {
      if (this.epoch === 0) return false;
      this.#flush();
      this.#writer.add({ message, packetId, isWill, source });
    }
    this.writes++;
    if (this.#writer.count >= MAX_ENTRIES) this.#flush();
    return true;
  }

  #isTooLarge(limitBytes: number): false {
    const kept = `${limitBytes} bytes less ${HEAD_BYTES}, by \`max_payload\` of the NATS server`;
    this.#tooLarge.tell(`A message has to fit into ${kept}`);
    return false;
  }

  /** The node does not take part yet, and what it has to say fills a record: a record needs the start's number. */
  get #isWaitingFull(): boolean {
    const { count, length } = this.#writer;
    return this.epoch === 0 &&
      (count + 1 >= MAX_ENTRIES || length > this.#nats.maxPayloadBytes / 2);
  }

  /** Adds a claim to the turn's record, where there is room. `isOver`: whether its client waits no more; absent: nobody waits. */
  claim(
    clientId: string,
    endsSession: boolean,
    keepsSession: boolean,
    isOver: (() => boolean) | undefined,
  ): boolean {
    if (this.#window.isFull || this.#isWaitingFull) return false;
    if (this.#writer.length + 3 * clientId.length + HEAD_BYTES > this.#nats.maxPayloadBytes) {
      this.#flush();
    }
    if (isOver !== undefined) this.#claims.add(this.#writer.length, isOver);
    this.#writer.addClaim({ clientId, endsSession, keepsSession });
    this.writes++;
    if (this.#writer.count >= MAX_ENTRIES) this.#flush();
    return true;
  }

  /**
   * Adds what has happened to a session of this node: also where there is hardly room, since it has happened. `isAwaited`: somebody waits until
   * the log has it. `false`: it is too large for a record.
   */
  change(change: SessionChange, isAwaited: boolean): boolean {
    if (!this.#add(() => this.#writer.addChange(change))) return false;
    if (isAwaited) this.writes++;
    return true;
  }

  /** Adds what this node says of a shared subscription. None is too large. */
  share(change: ShareChange): void {
    this.#add(() => this.#writer.addShare(change));
  }

  /** `add` returns the bytes that it takes; it is called again where it does not fit into the record any more. */
  #add(add: () => number): boolean {
    const limitBytes = this.#nats.maxPayloadBytes - HEAD_BYTES;
    const { length } = this.#writer;
    const sizeBytes = add();
    if (sizeBytes > limitBytes) {
      this.#writer.undo(length);
      return false;
    }
    if (this.#writer.length > limitBytes) {
      this.#writer.undo(length);
      this.#flush();
      add();
    }
    if (this.#writer.count >= MAX_ENTRIES) this.#flush();
    return true;
  }

  /** Says that another node is not heard; `dead` is the last that the log has of it. */
  death(dead: RecordHead): void {
    this.#writer.addDeath(dead);
    this.#flush();
  }

  /** {@linkcode LogCommits.flush} */
  flush(): number {
    // What comes before the node takes part becomes its first record.
    if (this.epoch === 0) return this.#writer.count > 0 ? this.#lastNumber + 1 : 0;
    this.#flush();
    return this.#window.length === 0 ? 0 : this.#lastNumber;
  }

  /** This node has applied the record of this place, by which sessions have come to it, or left it: what it writes from here on says so. */
  knows(sequence: number): void {
    if (sequence <= this.#since) return;
    this.#flush();
    this.#since = sequence;
  }

  /** The log has come to a record of this process, at this place. */
  applied(number: number, sequence: number): void {
    this.#window.applied(number, this.#nowMs(), sequence);
    this.#claims.applied(number);
  }

  /** Whether the servers have said of all that they have them. */
  get areStored(): boolean {
    return this.#window.areStored;
  }

  /** {@linkcode Window.sendAgain} */
  sendAgain(last: number): number {
    return this.#window.sendAgain(last, this.#nowMs());
  }

  /** A record of this process stands before an earlier one. */
  early(number: number): void {
    this.#window.early(number);
  }

  /** Sends again what may be lost: now and then, and when there is a server again (`isNew`). */
  look(isNew: boolean): void {
    if (isNew) this.#window.resendAll(this.#nowMs());
    else this.#window.look(this.#nowMs());
  }

  #flush(): void {
    if (this.#writer.count === 0 || this.epoch === 0) return;
    const number = ++this.#lastNumber;
    const bytes = this.#writer.take({
      node: this.#node,
      epoch: this.epoch,
      number,
      since: this.#since,
    });
    this.#claims.close(number, headBytesOf(this.#node));
    this.#window.add(number, bytes, this.#nowMs());
  }
}
