import { exporterFamilies, type MetricFamily, SysTopics } from "../observe/mod.ts";
import type { HttpContext } from "./context.ts";
import { TopicPrefixes } from "./topic_prefixes.ts";

/** Time between two readings of the `$SYS` values, from which loads are averaged, milliseconds. */
const SYS_MS = 10_000;

/** Metrics that exist, and cost anything, only if the configuration asks for them. */
export class ExtraMetrics {
  readonly #prefixes: TopicPrefixes | undefined;
  readonly #sys: SysTopics | undefined;
  readonly #stops: (() => void)[] = [];

  /** Begins to count. */
  constructor({ broker, levels, version, metrics }: HttpContext) {
    if (metrics.topicPrefixes.length > 0) {
      this.#prefixes = new TopicPrefixes(metrics.topicPrefixes);
      this.#stops.push(broker.observe(this.#prefixes));
    }
    if (metrics.hasExporterNames) {
      const nowhere = { publish: () => {}, subscribe: () => () => {} };
      const sys = new SysTopics(nowhere, levels, version, Date.now());
      this.#sys = sys;
      const timer = setInterval(() => sys.publish(Date.now()), SYS_MS);
      this.#stops.push(() => clearInterval(timer));
    }
  }

  /** The present metrics. */
  *families(): Generator<MetricFamily> {
    if (this.#prefixes !== undefined) yield* this.#prefixes.families();
    if (this.#sys === undefined) return;
    this.#sys.publish(Date.now());
    yield* exporterFamilies(this.#sys.values);
  }

  /** Ends counting. */
  stop(): void {
    for (const stop of this.#stops) stop();
  }
}
