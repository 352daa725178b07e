import { strict as assert } from "node:assert";
import { testsWith } from "../support/clients.ts";
import { findOpenApiTools } from "../support/openapi.ts";
import { HttpBroker } from "./support.ts";

const openApiTest = testsWith(await findOpenApiTools());

openApiTest("the document is valid OpenAPI 3.1", async ({ validate }) => {
  await using broker = await HttpBroker.start();
  assert.equal(await validate(await broker.json("/api/v1/openapi.json")), "");
});

openApiTest("every answer is what the document says of it", async ({ check }, t) => {
  await using broker = await HttpBroker.start();
  const payload = new TextEncoder().encode("1");
  broker.server.hub.publish({ topicName: "a/b", payload, retain: true });
  broker.tail.add(1, "info", "Line", undefined);
  await new Promise((resolve) => setTimeout(resolve, 1100)); // The first point of the history.
  const { paths } = await broker.json("/api/v1/openapi.json");
  const queries: Readonly<Record<string, string>> = {
    "/api/v1/retained/message": "?topic=a/b",
    "/api/v1/access/explain": "?action=read&topic=a",
  };
  for (const [path, operations] of Object.entries<Record<string, Operation>>(paths)) {
    const content = operations.get?.responses["200"]?.content["application/json"];
    if (content === undefined || path.includes("{")) continue;
    await t.step(path, async () => {
      const answer = await broker.json(path + (queries[path] ?? ""));
      assert.equal(check(content.schema, answer), "");
      for (const name of Object.keys(answer)) {
        const known: object | undefined = content.schema.properties;
        if (known !== undefined) assert.ok(name in known, `${path} answers with ${name}`);
      }
    });
  }
});

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
    content: Record<string, { schema: Record<string, unknown> & { properties?: object } }>;
  }>;
}
