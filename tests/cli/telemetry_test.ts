import { strict as assert } from "node:assert";
import { MqttClient } from "../../lib/client/mod.ts";
import { BrokerProcess } from "../support/broker_process.ts";

// deno-lint-ignore no-explicit-any -- what OTLP says in JSON, of which little is looked at
type Sent = any;

/** A small receiver of OTLP by HTTP, in JSON. */
class Receiver {
  readonly spans: Sent[] = [];
  readonly metrics: Sent[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  #told = () => {};

  constructor() {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      async (request) => {
        const sent: Sent = await request.json();
        for (const { scopeSpans } of sent.resourceSpans ?? []) {
          for (const { scope, spans } of scopeSpans) {
            if (scope.name === "flux-mqtt") this.spans.push(...spans);
          }
        }
        for (const { scopeMetrics } of sent.resourceMetrics ?? []) {
          for (const { scope, metrics } of scopeMetrics) {
            if (scope.name === "flux-mqtt") this.metrics.push(...metrics);
          }
        }
        this.#told();
        return Response.json({});
      },
    );
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** What has come, as soon as there is one. */
  async until<T>(find: () => T | undefined): Promise<T> {
    const deadline = AbortSignal.timeout(30_000);
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      await new Promise<void>((resolve, reject) => {
        this.#told = resolve;
        deadline.addEventListener("abort", () => reject(new Error("Nothing has come")));
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

Deno.test("With OTEL_DENO metrics and spans are exported by OTLP, the span below the publisher's traceparent, which goes on", async () => {
  await using receiver = new Receiver();
  await using broker = await BrokerProcess.start({
    flags: ["--durability", "none"],
    environment: {
      OTEL_DENO: "true",
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_METRIC_EXPORT_INTERVAL: "500",
      OTEL_BSP_SCHEDULE_DELAY: "100",
    },
  });
  const init = { hostname: "127.0.0.1", port: broker.port };
  const gauge = await MqttClient.connect({ ...init, clientId: "gauge" });
  const seen = Promise.withResolvers<readonly (readonly [string, string])[]>();
  gauge.onMessage = ({ properties }) => seen.resolve(properties?.userProperties ?? []);
  const options = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  await gauge.subscribe([{ topicFilter: "home/#", qos: 1, ...options }]);
  const pump = await MqttClient.connect({ ...init, clientId: "pump" });
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  await pump.publish("home/level", new Uint8Array(5), {
    qos: 1,
    properties: { userProperties: [["traceparent", traceparent], ["unit", "cm"]] },
  });
  assert.deepEqual(await seen.promise, [["traceparent", traceparent], ["unit", "cm"]]);
  const span = await receiver.until(() =>
    receiver.spans.find(({ name }) => name === "publish home/level")
  );
  assert.equal(span.traceId, "0af7651916cd43dd8448eb211c80319c");
  assert.equal(span.parentSpanId, "b7ad6b7169203331");
  const attribute = (key: string) =>
    Object.values(span.attributes.find((found: Sent) => found.key === key)?.value ?? {})[0];
  assert.equal(attribute("messaging.client.id"), "pump");
  assert.equal(String(attribute("mqtt.receivers")), "1");
  assert.deepEqual(span.events.map(({ name }: Sent) => name), ["deliver"]);
  const packets = await receiver.until(() =>
    receiver.metrics.findLast(({ name, sum }) =>
      name === "fluxmqtt_publish_packets" &&
      sum?.dataPoints.some(({ asDouble }: Sent) => asDouble === 1)
    )
  );
  assert.equal(packets.sum.isMonotonic, true);
  await receiver.until(() =>
    receiver.metrics.find(({ name }) => name === "fluxmqtt_message_latency")
  );
  await pump.disconnect();
  await gauge.disconnect();
});
