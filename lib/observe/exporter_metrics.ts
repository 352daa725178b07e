import type { MetricFamily } from "./exposition.ts";

/** What mosquitto-exporter leaves out. */
const IGNORED: ReadonlySet<string> = new Set([
  "version",
  "timestamp",
  "clients/active",
  "clients/inactive",
]);

/**
 * The `$SYS` values under the names that mosquitto-exporter gives them: `broker_clients_connected` of `$SYS/broker/clients/connected`. All are
 * gauges here, its counters too: their names do not end as those of counters do, and queries are the same.
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
