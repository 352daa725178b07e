import type { Histogram } from "../broker/mod.ts";

/** Names and values of labels. Use a label only where it has few different values: each one is a series. */
export type Labels = Readonly<Record<string, string>>;

/** One value of a metric. */
export type Sample = readonly [labels: Labels, value: number];

/** A metric with all its values. A counter's name is without `_total`. */
export type MetricFamily =
  | {
    readonly name: string;
    readonly help: string;
    readonly type: "counter" | "gauge";
    readonly samples: readonly Sample[];
  }
  | {
    readonly name: string;
    readonly help: string;
    readonly type: "histogram";
    readonly histogram: Histogram;
  };

/** Prometheus' text format 0.0.4, or OpenMetrics 1.0. */
export type ExpositionFormat = "prometheus" | "openmetrics";

/** The `Content-Type` of a format. */
export const EXPOSITION_TYPES: Readonly<Record<ExpositionFormat, string>> = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** Which format a scraper asks for by its `Accept` header. */
export function formatFor(accept: string): ExpositionFormat {
  return /application\/openmetrics-text/i.test(accept) ? "openmetrics" : "prometheus";
}

/** Writes metrics in a format that a scraper reads. */
export function writeExposition(
  families: Iterable<MetricFamily>,
  format: ExpositionFormat,
): string {
  let text = "";
  for (const family of families) text += writeFamily(family, format);
  return format === "openmetrics" ? `${text}# EOF\n` : text;
}

function writeFamily(family: MetricFamily, format: ExpositionFormat): string {
  const { name, type, help } = family;
  const sampleName = type === "counter" ? `${name}_total` : name;
  // OpenMetrics names the family of a counter without its suffix, Prometheus with it.
  const familyName = format === "openmetrics" ? name : sampleName;
  const lines = [
    `# HELP ${familyName} ${escapeHelp(help)}`,
    `# TYPE ${familyName} ${type}`,
  ];
  if (type === "histogram") lines.push(...histogramLines(name, family.histogram));
  else {
    for (const [labels, value] of family.samples) {
      lines.push(`${sampleName}${writeLabels(labels)} ${writeValue(value)}`);
    }
  }
  return lines.join("\n") + "\n";
}

function histogramLines(name: string, { bounds, cumulative, count, sum }: Histogram): string[] {
  return [
    ...bounds.map((bound, index) => `${name}_bucket{le="${bound}"} ${cumulative[index]}`),
    `${name}_bucket{le="+Inf"} ${count}`,
    `${name}_sum ${writeValue(sum)}`,
    `${name}_count ${count}`,
  ];
}

function writeLabels(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return parts.length === 0 ? "" : `{${parts.join(",")}}`;
}

function writeValue(value: number): string {
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}

function escapeLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
