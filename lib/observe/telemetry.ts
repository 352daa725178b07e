/**
 * OpenTelemetry, which is built into Deno. If the process runs with `OTEL_DENO=true`, the metrics are exported by OTLP, and a sampled share
 * of the messages gets a span each, whose parent is named by the message's `traceparent` User Property. That property is forwarded
 * unchanged like every other [MQTT-3.3.2-17], so publisher, broker and receivers share one trace.
 *
 * @module
 */
import type { Broker, Client, Connection, Message, Observer, Outgoing } from "../broker/mod.ts";
import type { Packet, Publish } from "../codec/mod.ts";
import { brokerFamilies } from "./broker_metrics.ts";
import type { MetricFamily } from "./exposition.ts";
import type { SysLevels } from "./sys_topics.ts";

/** The global symbol under which OpenTelemetry's API for JavaScript registers itself. */
const API_SYMBOL = Symbol.for("opentelemetry.js.api.1");
/** Spans begun a second at most, including those of messages that publishers have sampled. */
const MAX_SPANS_PER_SECOND = 100;
/** Deliveries of one message that its span records. */
const MAX_EVENTS = 32;
/** The span kind `Consumer` of OpenTelemetry's API: it receives a message that somebody else has sent. */
const CONSUMER = 4;
/** The bounds of the latency histogram, seconds. */
const LATENCY_BOUNDS = [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1];

/** The part of OpenTelemetry's API that is used here. */
interface Span {
  setAttribute(name: string, value: string | number | boolean): void;
  addEvent(name: string, attributes: Record<string, string | number>): void;
  end(): void;
}

/** What telemetry needs. */
export interface TelemetryInit {
  /** The broker that is observed. */
  readonly broker: Broker;
  /** Returns the present counters and levels. */
  readonly levels: () => SysLevels;
  /** The version of the program. */
  readonly version: string;
  /** Reads a clock that advances within a turn too, milliseconds. */
  readonly now: () => number;
}

/** Whether OpenTelemetry is on. */
export function hasTelemetry(): boolean {
  return Reflect.get(globalThis, API_SYMBOL) !== undefined;
}

/** Begins to export metrics and spans; the returned function ends the spans. */
export function startTelemetry(init: TelemetryInit): () => void {
  exportMetrics(init);
  return init.broker.observe(new SpanObserver(init.version, init.now));
}

function exportMetrics({ broker, levels, version, now }: TelemetryInit): void {
  const meter = Deno.telemetry.meterProvider.getMeter("flux-mqtt", version);
  const instruments = new Map<string, unknown>();
  for (const { name, type, help } of values(levels())) {
    const make = type === "counter" ? "createObservableCounter" : "createObservableGauge";
    instruments.set(name, meter[make](name, { description: help }));
  }
  const observe = (
    result: { observe(instrument: unknown, value: number, labels: object): void },
  ) => {
    for (const { name, samples } of values(levels())) {
      const instrument = instruments.get(name);
      for (const [labels, value] of samples) result.observe(instrument, value, labels);
    }
  };
  meter.addBatchObservableCallback(observe, [...instruments.values()]);
  const latency = meter.createHistogram("fluxmqtt_message_latency", {
    description: "Of a sample of messages, from reading the PUBLISH to writing its last delivery",
    unit: "s",
    advice: { explicitBucketBoundaries: LATENCY_BOUNDS },
  });
  broker.core.latency.start(now);
  broker.core.latency.onRecord = (seconds) => latency.record(seconds);
}

function values(levels: SysLevels): Exclude<MetricFamily, { readonly type: "histogram" }>[] {
  return [...brokerFamilies(levels)].filter((family) => family.type !== "histogram");
}

/** Makes a span for each sampled message, from its PUBLISH to its last delivery in the same turn. */
class SpanObserver implements Observer {
  readonly #tracer: { startSpan(name: string, options: object, context: unknown): Span };
  readonly #now: () => number;
  #span: Span | undefined;
  #events = 0;
  #second = 0;
  #begun = 0;

  constructor(version: string, now: () => number) {
    this.#tracer = Deno.telemetry.tracerProvider.getTracer("flux-mqtt", version);
    this.#now = now;
  }

  /** {@linkcode Observer.received} */
  received({ identity }: Connection, packet: Packet): void {
    // The previous message has been handled completely; a refused one is not delivered to anybody.
    this.#end();
    if (packet.type !== "publish" || !this.#mayBegin()) return;
    this.#events = 0;
    this.#span = this.#tracer.startSpan(
      `publish ${packet.topicName}`,
      { kind: CONSUMER, attributes: attributesOf(packet, identity?.clientId ?? "") },
      parentOf(packet),
    );
  }

  /** {@linkcode Observer.delivered} */
  delivered({ name }: Connection, { qos }: Outgoing): void {
    if (this.#span === undefined || this.#events++ >= MAX_EVENTS) return;
    this.#span.addEvent("deliver", { "messaging.client.id": name, "mqtt.qos": qos });
  }

  /** {@linkcode Observer.queued} */
  queued({ session }: Client): void {
    if (this.#span === undefined || this.#events++ >= MAX_EVENTS) return;
    this.#span.addEvent("queue", { "messaging.client.id": session.clientId });
  }

  /** {@linkcode Observer.dropped} */
  dropped(client: Client | null, reason: string): void {
    if (this.#span === undefined || this.#events++ >= MAX_EVENTS) return;
    const clientId = client?.session.clientId ?? "";
    this.#span.addEvent("drop", { "messaging.client.id": clientId, "mqtt.drop_reason": reason });
  }

  /** {@linkcode Observer.published} */
  published(_publisher: Client | null, _message: Message, receivers: number): void {
    this.#span?.setAttribute("mqtt.receivers", receivers);
    this.#end();
  }

  #end(): void {
    this.#span?.end();
    this.#span = undefined;
  }

  /** Limits the spans a second, whatever the publishers have sampled. */
  #mayBegin(): boolean {
    const second = Math.floor(this.#now() / 1000);
    if (second !== this.#second) this.#begun = 0;
    this.#second = second;
    return this.#begun++ < MAX_SPANS_PER_SECOND;
  }
}

function attributesOf(
  { topicName, payload, qos, retain }: Publish,
  clientId: string,
): Record<string, string | number | boolean> {
  return {
    "messaging.system": "mqtt",
    "messaging.operation.type": "process",
    "messaging.destination.name": topicName,
    "messaging.client.id": clientId,
    "messaging.message.body.size": payload.length,
    "mqtt.qos": qos,
    "mqtt.retain": retain,
  };
}

/** The parent that the message's User Properties name; without one the span begins a new trace. */
function parentOf({ properties }: Publish): unknown {
  const active = Deno.telemetry.contextManager.active();
  const carried = properties?.userProperties?.filter(([name]) =>
    name === "traceparent" || name === "tracestate"
  );
  if (carried === undefined || carried.length === 0) return active;
  const { propagation } = Reflect.get(globalThis, API_SYMBOL);
  return propagation.extract(active, Object.fromEntries(carried), {
    get: (carrier: Record<string, string>, name: string) => carrier[name],
    keys: (carrier: Record<string, string>) => Object.keys(carrier),
  });
}
