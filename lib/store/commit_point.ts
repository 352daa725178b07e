/**
 * What a commit waits for that somebody awaits: what was written since the awaited commit before it. It is done as soon as nothing of it
 * gathers and no batch that has something of it is unwritten. Where every receiver acknowledges in time, that is before any write.
 */
export class CommitPoint {
  /** Of its deliveries so many gather: each leaves when it is acknowledged, or is written with a batch. */
  gathered = 0;
  /** The number of the last batch with something of it that has to be written; 0: there is none. */
  lastBatch = 0;
  /** Its place among all points: a later one has a greater number. */
  readonly order: number;

  constructor(order = 1) {
    this.order = order;
  }
}
