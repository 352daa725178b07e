import type { LogPort, Message } from "../broker/mod.ts";
import type { Subjects } from "./engine.ts";
import { MAX_ENTRIES } from "./record.ts";
import { decodeRecord } from "./record_reader.ts";
import { RecordWriter } from "./record_writer.ts";
import { subjectOfTopic } from "./topic_subject.ts";

/** What the head of a record, and the protocol, need beside its messages. */
const HEAD_BYTES = 4096;
/** A record is sent when it has so many bytes: others need not wait for more. */
const ENOUGH_BYTES = 64 * 1024;
/** Epochs of nodes that are remembered: those of processes that have ended are of no use. */
const MAX_REMEMBERED = 1000;

/**
 * QoS 0 between nodes, by NATS's own subjects. What a turn forwards of one topic in a row goes as one record, since each record costs as much as
 * many messages; so all keep their order.
 */
export class Forwarding {
  /** The start of this process. */
  epoch = 0;
  readonly #nats: Subjects;
  readonly #prefix: string;
  readonly #node: string;
  readonly #lines: LogPort;
  readonly #writer = new RecordWriter();
  #topicName = "";
  /** The number of the last message, counted from 1. */
  #last = 0;
  #isWaiting = false;
  /** The last record of each node: one comes once for each subject that matches. */
  readonly #heard = new Map<string, number>();

  /** `prefix`: of all subjects of the cluster. */
  constructor(nats: Subjects, prefix: string, node: string, lines: LogPort) {
    this.#nats = nats;
    this.#prefix = prefix;
    this.#node = node;
    this.#lines = lines;
  }

  /** {@linkcode ClusterPort.forward} */
  forward(message: Message): number | undefined {
    if (!this.#nats.isConnected) return undefined;
    if (message.topicName !== this.#topicName) {
      this.#flush();
      this.#topicName = message.topicName;
    }
    const { length } = this.#writer;
    this.#writer.add({ message, packetId: 0 });
    const limitBytes = this.#nats.maxPayloadBytes - HEAD_BYTES;
    if (this.#writer.length > limitBytes) {
      this.#writer.undo(length);
      this.#flush();
      this.#writer.add({ message, packetId: 0 });
      // It fits into no record.
      if (this.#writer.length > limitBytes) this.#writer.undo(0);
    }
    const number = ++this.#last;
    if (this.#writer.length > ENOUGH_BYTES || this.#writer.count >= MAX_ENTRIES) this.#flush();
    else if (!this.#isWaiting) this.#flushLater();
    return number;
  }

  /** Calls `deliver` with the messages of a record that has not come before. */
  hear(payload: Uint8Array, deliver: (message: Message) => void): void {
    try {
      const { node, epoch, number, entries } = decodeRecord(payload);
      const key = `${node}:${epoch}`;
      if ((this.#heard.get(key) ?? 0) >= number) return;
      if (this.#heard.size > MAX_REMEMBERED) this.#heard.clear();
      this.#heard.set(key, number);
      for (let i = 0; i < entries.length; i++) {
        const entry = entries[i]!;
        if (!("message" in entry)) continue;
        entry.message.draw = number + i;
        deliver(entry.message);
      }
    } catch (error) {
      this.#lines.warning("Cannot read what another node has sent", { error: String(error) });
    }
  }

  /** When the turn is over. */
  #flushLater(): void {
    this.#isWaiting = true;
    queueMicrotask(() => {
      this.#isWaiting = false;
      this.#flush();
    });
  }

  #flush(): void {
    const { count } = this.#writer;
    if (count === 0) return;
    const head = { node: this.#node, epoch: this.epoch, number: this.#last - count + 1, since: 0 };
    const subject = subjectOfTopic(this.#prefix, this.#topicName);
    this.#nats.publish(subject, this.#writer.take(head));
  }
}
