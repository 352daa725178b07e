import type { MetricFamily } from "./exposition.ts";

/** Topics that mosquitto-exporter leaves out. */
const IGNORED: ReadonlySet<string> = new Set([
  "version",
  "timestamp",
  "clients/active",
  "clients/inactive",
]);

/**
 * The `$SYS` values under the names that mosquitto-exporter gives them: `$SYS/broker/clients/connected` becomes `broker_clients_connected`.
 * Counters are written as gauges too, because their names lack the suffix `_total` that a counter must have; queries work the same.
 */
export function* exporterFamilies(values: ReadonlyMap<string, string>): Generator<MetricFamily> {
  for (const [topic, text] of values) {
    if (IGNORED.has(topic)) continue;
    const value = Number.parseFloat(text);
    if (Number.isNaN(value)) continue;
    yield {
      name: `broker_${topic.replaceAll("/", "_").replaceAll(" ", "_")}`,
      help: `$SYS/broker/${topic}`,
      type: "gauge",
      samples: [[{}, value]],
    };
  }
}
