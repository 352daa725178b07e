import type { ApplierPorts, Origin } from "./applier_ports.ts";
import { Marks } from "./marks.ts";
import type { Position } from "./position.ts";
import { firstPlaceOf, type LogRecord, type RecordHead, type RecordMessage } from "./record.ts";
import { VERSION } from "./record_form.ts";
import { decodeRecord, NewerRecordError } from "./record_reader.ts";

/** A record that is being applied. */
interface Work {
  readonly sequence: number;
  readonly record: LogRecord;
  at: number;
  /** It was judged, and counts. */
  isNext: boolean;
}

/** Applies the log's records to this node's broker, one after the other. */
export class Applier {
  /** The number of the last record that is applied. */
  sequence: number;
  /** Messages that were applied. */
  messages = 0;
  /** Bytes of the records that have come. */
  bytes = 0;
  /** Records of this process count from here on; 0: it has not begun to write. */
  epoch = 0;
  readonly marks: Marks;
  readonly #ports: ApplierPorts;
  #created: string;
  /** Of the first record so many entries were applied by the process before. */
  #begun: number;
  #work: Work[] = [];
  #stopWaiting: (() => void) | undefined;
  #isOutdated = false;

  /** `position`: as it was stored. */
  constructor(ports: ApplierPorts, position: Position) {
    this.#ports = ports;
    this.sequence = position.sequence;
    this.#created = position.created;
    this.#begun = position.entries ?? 0;
    this.marks = new Marks(position.marks, position.isBlind ?? false);
  }

  /** When the log's stream was made. */
  get created(): string {
    return this.#created;
  }

  /** The next record of the log. */
  receive(sequence: number, bytes: Uint8Array): void {
    this.bytes += bytes.length;
    if (this.#isOutdated) return;
    let record: LogRecord;
    try {
      record = decodeRecord(bytes, sequence);
    } catch (error) {
      if (error instanceof NewerRecordError) {
        this.#isOutdated = true;
        return this.#ports.outdated(sequence, error.version);
      }
      this.#ports.log.error("Cannot read a record of the cluster's log", {
        sequence,
        error: String(error),
      });
      return;
    }
    // What was begun was judged.
    this.#work.push({ sequence, record, at: this.#begun, isNext: this.#begun > 0 });
    this.#begun = 0;
    if (this.#work.length === 1) this.#go();
  }

  /** Records are gone that were still to be applied. */
  gap(from: number): void {
    this.marks.blind();
    this.#begun = 0;
    this.sequence = from - 1;
    this.#ports.missed(from);
  }

  /** Stops. */
  close(): void {
    this.#stopWaiting?.();
    this.#work = [];
  }

  #go(): void {
    while (this.#work.length > 0) {
      if (!this.#applyFirst(this.#work[0]!)) {
        this.#ports.paused(true);
        this.#stopWaiting = this.#ports.timers.after(1, () => this.#go());
        return;
      }
      this.#work.shift();
    }
    this.#ports.paused(false);
  }

  #applyFirst(work: Work): boolean {
    const { node } = this.#ports;
    const { record, sequence } = work;
    const isOwn = record.node === node && record.epoch === this.epoch;
    if (!work.isNext) {
      const verdict = this.marks.judge(record);
      if (verdict === "early" && isOwn) this.#ports.early(record.number);
      if (verdict !== "next") {
        this.sequence = sequence;
        return true;
      }
      work.isNext = true;
    }
    if (!this.#applyEntries(work, { node: record.node, isOwn, sequence, since: record.since })) {
      // A commit may come before the rest, and must not make the beginning come again.
      if (work.at > 0) this.#putPosition(sequence - 1, work.at);
      return false;
    }
    this.sequence = sequence;
    this.#putPosition(sequence, 0);
    if (isOwn) this.#ports.applied(record.number, sequence);
    return true;
  }

  /** `false`: the rest has to wait. */
  #applyEntries(work: Work, origin: Origin): boolean {
    const { sequence, record: { entries } } = work;
    for (; work.at < entries.length; work.at++) {
      const entry = entries[work.at]!;
      if ("clientId" in entry) this.#ports.claimed(entry, origin);
      else if ("change" in entry) {
        if (!this.#ports.changed(entry.change, origin)) return false;
      } else if ("dead" in entry) {
        if (!this.#applyDeath(entry.dead, origin, firstPlaceOf(sequence) + work.at)) return false;
      } else if ("share" in entry) {
        const place = firstPlaceOf(sequence) + work.at;
        if (!this.#ports.shared(entry.share, origin, place)) return false;
      } else if (!this.#applyMessage(entry, origin)) return false;
    }
    return true;
  }

  #putPosition(sequence: number, entries: number): void {
    const { fences } = this.#ports;
    const position: Position = {
      sequence,
      created: this.#created,
      marks: this.marks.list,
      rules: VERSION,
      ...this.marks.isBlind ? { isBlind: true } : {},
      ...entries === 0 ? {} : { entries },
      ...fences === undefined ? {} : { fences },
    };
    // The table is large and changes seldom: it is not written anew each time.
    const text = JSON.stringify(position);
    this.#ports.store.putPosition?.(`${text.slice(0, -1)},"shares":${this.#ports.shares}}`);
  }

  /** Of several that say so the first counts, and none where the node has written anything since. */
  #applyDeath({ node, epoch, number }: RecordHead, origin: Origin, place: number): boolean {
    const last = this.marks.headOf(node);
    return last.epoch !== epoch || last.number !== number ||
      this.#ports.died(node, origin, place);
  }

  #applyMessage(entry: RecordMessage, origin: Origin): boolean {
    const { message, packetId, isWill = false, source, again } = entry;
    if (again !== undefined) return this.#ports.sharedAgain(message, again);
    const shared = { message, packetId, isOthers: !origin.isOwn, source };
    if (!this.#ports.apply(shared, origin, isWill)) return false;
    this.messages++;
    return true;
  }
}
