/**
 * OpenTelemetry, which Deno has built in: where the process runs with `OTEL_DENO=true` the metrics are exported by OTLP, and a
 * span for each message of a sampled share, the child of what its `traceparent` User Property names. That property, like every other,
 * goes on to the receivers as it came [MQTT-3.3.2-17]: so publisher, broker and receivers are one trace.
 *
 * @module
 */
import type { Broker, Client, Connection, Message, Observer, Outgoing } from "../broker/mod.ts";
import type { Packet, Publish } from "../codec/mod.ts";
import { brokerFamilies } from "./broker_metrics.ts";
import type { MetricFamily } from "./exposition.ts";
import type { SysLevels } from "./sys_topics.ts";

/** What OpenTelemetry's API for JavaScript puts there, if it is on. */
const API_SYMBOL = Symbol.for("opentelemetry.js.api.1");
/** Spans that are begun in a second, those that publishers have sampled among them. */
const MAX_SPANS_PER_SECOND = 100;
/** Deliveries of one message that its span tells. */
const MAX_EVENTS = 32;
/** Consumer, in OpenTelemetry's API: it takes a message that somebody else has sent. */
const CONSUMER = 4;
/** The bounds of what messages take, seconds. */
const LATENCY_BOUNDS = [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1];

/** Of OpenTelemetry's API, what is used of it. */
interface Span {
  setAttribute(name: string, value: string | number | boolean): void;
  addEvent(name: string, attributes: Record<string, string | number>): void;
  end(): void;
}

/** What telemetry is made of. */
export interface TelemetryInit {
  /** Observed from then on. */
  readonly broker: Broker;
  /** Counters and levels of this moment. */
  readonly levels: () => SysLevels;
  /** The program's. */
  readonly version: string;
  /** The clock within a turn, milliseconds. */
  readonly now: () => number;
}

/** Whether OpenTelemetry is on. */
export function hasTelemetry(): boolean {
  return Reflect.get(globalThis, API_SYMBOL) !== undefined;
}

/** Exports metrics and spans from now on; the function returned ends the spans. */
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

/** A span for each message that is sampled, from its PUBLISH to its last delivery of the same turn. */
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
    // What the message before it has led to is over: a refused one is handed to nobody.
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

  /** However many messages there are, and whatever their publishers say: no more than so many. */
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

/** What its User Properties name as its parent; without them the span begins a trace. */
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
