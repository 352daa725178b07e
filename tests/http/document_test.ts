import { strict as assert } from "node:assert";
import { MqttClient } from "../../lib/client/mod.ts";
import { until } from "../support/bridge_ends.ts";
import { testsWith } from "../support/clients.ts";
import { findOpenApiTools } from "../support/openapi.ts";
import { HttpBroker, PAGE } from "./support.ts";

const openApiTest = testsWith(await findOpenApiTools());

openApiTest("the document is valid OpenAPI 3.1", async ({ validate }) => {
  await using broker = await HttpBroker.start();
  assert.equal(await validate(await broker.json("/api/v1/openapi.json")), "");
});

/** How each operation is asked; in this order, since some end what others look at. */
const REQUESTS: readonly (readonly [operation: string, path?: string, body?: unknown])[] = [
  ["get /api/v1/overview"],
  ["get /api/v1/history"],
  ["get /api/v1/events"],
  ["get /api/v1/clients"],
  ["get /api/v1/clients/{clientId}", "/api/v1/clients/meter"],
  ["get /api/v1/bridges"],
  ["get /api/v1/cluster"],
  ["get /api/v1/subscriptions"],
  [
    "post /api/v1/clients/{clientId}/subscriptions",
    "/api/v1/clients/meter/subscriptions",
    { topicFilter: "more/#", qos: 1 },
  ],
  [
    "delete /api/v1/clients/{clientId}/subscriptions",
    "/api/v1/clients/meter/subscriptions?topicFilter=more/%23",
  ],
  ["get /api/v1/topics"],
  ["get /api/v1/retained"],
  ["get /api/v1/retained/levels"],
  ["get /api/v1/retained/message", "/api/v1/retained/message?topic=a/b"],
  ["delete /api/v1/retained/message", "/api/v1/retained/message?topic=a/b"],
  ["delete /api/v1/retained", "/api/v1/retained?filter=%23&dryRun=true"],
  ["post /api/v1/publish", "/api/v1/publish", { topic: "home/a", payload: "1" }],
  ["get /api/v1/listeners"],
  ["get /api/v1/configuration"],
  ["post /api/v1/configuration/check", "/api/v1/configuration/check", { text: "nonsense" }],
  ["get /api/v1/access/explain", "/api/v1/access/explain?action=read&topic=a"],
  ["get /api/v1/log"],
  ["put /api/v1/log/level", "/api/v1/log/level", { level: "debug" }],
  ["post /api/v1/backup"],
  ["get /api/v1/trace", "/api/v1/trace?topic=%23&for=1"],
  ["get /api/v1/session"],
  ["post /api/v1/clients/{clientId}/disconnect", "/api/v1/clients/meter/disconnect", {}],
  ["delete /api/v1/clients/{clientId}", "/api/v1/clients/meter"],
  ["get /metrics"],
  ["get /health/live"],
  ["get /health/ready"],
  ["get /api/v1/openapi.json"],
  ["post /api/v1/session", "/api/v1/session", { userName: "alice", password: "secret" }],
  ["delete /api/v1/session"],
];

openApiTest("every operation answers as the document says", async ({ check }, t) => {
  const backup = new TextEncoder().encode("SQLite format 3");
  await using broker = await HttpBroker.start({
    users: { alice: "secret" },
    acl: "topic readwrite #\nuser alice\ntopic readwrite #\n",
    listener: { admins: ["alice"] },
    backUp: () =>
      Promise.resolve({
        readable: new Blob([backup]).stream(),
        sizeBytes: backup.length,
        content: { sessions: 0, messages: 0, retained: 0 },
      }),
  });
  const cookie = await broker.logIn("alice", "secret");
  const place = { hostname: "127.0.0.1", port: broker.mqttPort };
  const client = await MqttClient.connect({
    ...place,
    clientId: "meter",
    properties: { sessionExpiryInterval: 60 },
  });
  await client.subscribe(["plant/#"]);
  const payload = new TextEncoder().encode("1");
  broker.server.hub.publish({ topicName: "a/b", payload, retain: true });
  broker.tail.add(1, "info", "Line", undefined);
  // The history has its first point after a second.
  await until(async () => (await broker.json("/api/v1/history", { cookie })).clients.length > 0);
  const document = await broker.json("/api/v1/openapi.json", { cookie });
  const { paths, components } = document;
  for (const [operation, given, body] of REQUESTS) {
    const [method, path] = operation.split(" ") as [string, string];
    await t.step(operation, async () => {
      const { responses } = paths[path][method] as Operation;
      const expected = responses["200"] ?? responses["204"]!;
      const response = await broker.fetch(given ?? path, {
        method: method.toUpperCase(),
        headers: { ...PAGE, cookie },
        ...body === undefined ? {} : { body },
      });
      assert.equal(response.status, responses["200"] === undefined ? 204 : 200);
      if (expected.content === undefined) return assert.equal(await response.text(), "");
      const [[type, { schema }]] = Object.entries(expected.content) as [
        [string, { schema: Record<string, unknown> & { properties?: object } }],
      ];
      assert.ok(response.headers.get("content-type")?.startsWith(type), type);
      if (type !== "application/json") return await firstBytes(response);
      const answer = await response.json();
      assert.equal(check(schema, answer), "");
      for (const name of Object.keys(answer)) {
        if (schema.properties !== undefined) {
          assert.ok(name in schema.properties, `${path} answers with ${name}`);
        }
      }
    });
    await t.step(`${operation}, by nobody who is known`, async () => {
      const { description } = paths[path][method];
      const isOpen = description === "For anyone.";
      if (isOpen) return;
      const response = await broker.fetch(given ?? path, {
        method: method.toUpperCase(),
        headers: PAGE,
        ...body === undefined ? {} : { body },
      });
      assert.equal(response.status, 401);
      assert.equal(response.headers.get("content-type"), "application/problem+json");
      assert.equal(check(components.schemas.Problem, await response.json()), "");
    });
  }
  const documented = Object.entries<object>(paths)
    .flatMap(([path, operations]) => Object.keys(operations).map((method) => `${method} ${path}`));
  assert.deepEqual(documented.sort(), [...REQUESTS.map(([name]) => name)].sort());
});

/** Takes the beginning of an answer that may have no end. */
async function firstBytes(response: Response): Promise<void> {
  const reader = response.body!.getReader();
  const { value } = await reader.read();
  assert.ok(value !== undefined && value.length > 0);
  await reader.cancel();
}

Deno.test("every operation is documented, with who may ask", async () => {
  await using broker = await HttpBroker.start();
  const { paths } = await broker.json("/api/v1/openapi.json");
  const found = Object.entries<Record<string, Operation>>(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { description }]) =>
      `${method} ${path}: ${description}`
    )
  );
  assert.ok(found.includes("delete /api/v1/clients/{clientId}: For admins."));
  assert.ok(found.includes("get /health/live: For anyone."));
  assert.ok(found.includes("get /metrics: For viewers and admins."));
});

interface Operation {
  readonly description: string;
  readonly responses: Record<string, {
    content?: Record<string, { schema: Record<string, unknown> & { properties?: object } }>;
  }>;
}
