import type { RecordHead } from "./record.ts";

/** What is to be done with a record. */
export type Verdict =
  /** It is the next one of its node. */
  | "next"
  /** It was applied before: its node has sent it again. */
  | "repeat"
  /** An earlier one is missing: its node sends both again. */
  | "early";

/** The last record that was applied of each node: `[node, epoch, number]`. */
export type MarkList = readonly (readonly [node: string, epoch: number, number: number])[];

/**
 * Decides about each record of the log by what came before it, and so the same on every node: a node's records count in their order and
 * once, however often it had to send them.
 */
export class Marks {
  readonly #marks = new Map<string, { epoch: number; number: number }>();
  /** What came before is not known: then the first record of a node is taken as it is. */
  #isBlind: boolean;

  /** `isBlind`: records were missed before. */
  constructor(list: MarkList, isBlind: boolean) {
    this.#isBlind = isBlind;
    for (const [node, epoch, number] of list) this.#marks.set(node, { epoch, number });
  }

  /** All of them. */
  get list(): MarkList {
    return [...this.#marks].map(([node, { epoch, number }]) => [node, epoch, number]);
  }

  /** The epoch of that node's last record; 0: none is known. */
  epochOf(node: string): number {
    return this.#marks.get(node)?.epoch ?? 0;
  }

  /** The last record of that node, as others name it. */
  headOf(node: string): RecordHead {
    return { node, epoch: 0, number: 0, ...this.#marks.get(node) };
  }

  /** Whether records were missed: a node that has taken all of them must judge as every other one does that has. */
  get isBlind(): boolean {
    return this.#isBlind;
  }

  /** Records are missing: what came before is not known any more. */
  blind(): void {
    this.#isBlind = true;
    this.#marks.clear();
  }

  /** Judges the next record of the log, and notes it where it is the next one of its node. */
  judge({ node, epoch, number }: RecordHead): Verdict {
    const mark = this.#marks.get(node);
    const isNew = mark === undefined || epoch > mark.epoch;
    if (!isNew && (epoch < mark.epoch || number <= mark.number)) return "repeat";
    const expected = isNew ? 1 : mark.number + 1;
    if (number !== expected && !(mark === undefined && this.#isBlind)) return "early";
    this.#marks.set(node, { epoch, number });
    return "next";
  }
}
