import { strict as assert } from "node:assert";
import { HttpAccess } from "../../lib/auth/http/http_access.ts";
import type { HttpAccessOptions } from "../../lib/auth/mod.ts";
import type { AuthenticationRequest, ClientIdentity } from "../../lib/broker/mod.ts";
import { certificateTest } from "../support/certificates.ts";
import { LocalHttp } from "../support/local_http.ts";
import { authenticate, identity, LogLines, MemoryFiles, outcome } from "./access_support.ts";

function httpTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: true, sanitizeResources: true });
}

/** Access control by a service of the test's, which is asked about everything. */
function openService(
  server: LocalHttp,
  options: Partial<HttpAccessOptions> = {},
  texts: Readonly<Record<string, string>> = {},
) {
  const files = new MemoryFiles();
  for (const [path, text] of Object.entries(texts)) files.set(path, text);
  const log = new LogLines();
  const opened = HttpAccess.open({
    options: { authUrl: server.url("/auth"), aclUrl: server.url("/acl"), ...options },
    log,
    files,
    dateMs: () => 1_800_000_000_000,
  });
  if (!(opened instanceof HttpAccess)) throw new Error(opened.join("\n"));
  return { access: opened, log, files };
}

/** What is decided, once it is. */
async function decide(access: HttpAccess, ask: () => boolean | "pending", client: ClientIdentity) {
  for (;;) {
    const decision = ask();
    if (decision !== "pending") return decision;
    await new Promise<void>((resolve) => access.decided(client, resolve));
  }
}

const publish = (access: HttpAccess, client: ClientIdentity, topic: string) =>
  decide(access, () => access.mayPublish(client, topic, 1, true), client);
const subscribe = (access: HttpAccess, client: ClientIdentity, topic: string) =>
  decide(access, () => access.maySubscribe(client, topic, 2), client);

/** What was asked: path, content type, body. */
function recorder(answer: (path: string) => Response = () => new Response()) {
  const asked: [path: string, type: string | null, body: string][] = [];
  const server = new LocalHttp(async (request) => {
    const { pathname, search } = new URL(request.url);
    assert.equal(request.method, "POST");
    asked.push([pathname + search, request.headers.get("content-type"), await request.text()]);
    return answer(pathname);
  });
  return { server, asked };
}

httpTest("Questions have the shape of mosquitto-go-auth, in JSON or as a form", async () => {
  const { server, asked } = recorder();
  await using _ = server;
  const { access } = openService(server);
  const client = identity("alice", "c1");
  assert.equal(outcome(await authenticate(access, "alice", "secret")), "in");
  assert.equal(await publish(access, client, "a/b"), true);
  assert.equal(await subscribe(access, client, "a/#"), true);
  const json = asked.splice(0).map(([path, type, body]) => [path, type, JSON.parse(body)]);
  const type = "application/json";
  assert.deepEqual(json, [
    ["/auth", type, { username: "alice", password: "secret", clientid: "c1" }],
    ["/acl", type, { username: "alice", clientid: "c1", topic: "a/b", acc: 2 }],
    ["/acl", type, { username: "alice", clientid: "c1", topic: "a/#", acc: 4 }],
    ["/acl", type, { username: "alice", clientid: "c1", topic: "a/#", acc: 1 }],
  ]);
  access.close();
  const form = openService(server, { params: "form" }).access;
  assert.equal(outcome(await authenticate(form, "al ice", "s&c=r€t")), "in");
  assert.deepEqual(asked, [[
    "/auth",
    "application/x-www-form-urlencoded",
    "username=al+ice&password=s%26c%3Dr%E2%82%ACt&clientid=c1",
  ]]);
  form.close();
});

httpTest(
  "Questions have the names of EMQX, and what stands for a name in the query is put in",
  async () => {
    const { server, asked } = recorder(() => new Response(null, { status: 204 }));
    await using _ = server;
    const { access } = openService(server, {
      form: "emqx",
      aclUrl: server.url("/acl?id=${clientid}&t=${topic}"),
    });
    const certificate = { subject: "CN=p,O=W", commonName: "p", fingerprint: "AB" };
    assert.equal(outcome(await authenticate(access, "alice", "secret", { certificate })), "in");
    const client = identity("alice", "c/1&x=${topic}");
    assert.equal(await publish(access, client, "a/b"), true);
    assert.equal(await subscribe(access, client, "a/#"), true);
    const named = { username: "alice", peerhost: "192.0.2.1" };
    const own = { ...named, clientid: "c/1&x=${topic}" };
    assert.deepEqual(asked.map(([path, , body]) => [path, JSON.parse(body)]), [
      ["/auth", {
        ...named,
        clientid: "c1",
        cert_common_name: "p",
        cert_subject: "CN=p,O=W",
        password: "secret",
      }],
      ["/acl?id=c%2F1%26x%3D%24%7Btopic%7D&t=a%2Fb", {
        ...own,
        action: "publish",
        topic: "a/b",
        qos: "1",
        retain: "true",
      }],
      ["/acl?id=c%2F1%26x%3D%24%7Btopic%7D&t=a%2F%23", {
        ...own,
        action: "subscribe",
        topic: "a/#",
        qos: "2",
        retain: "false",
      }],
    ]);
    access.close();
  },
);

const json = (value: unknown, status = 200) => () => Response.json(value, { status });
const text = (body: string, status = 200) => () => new Response(body, { status });
const ANSWERS: [
  form: Partial<HttpAccessOptions>,
  what: string,
  answer: () => Response,
  expected: string,
][] = [
  [{}, "200", text("whatever"), "in"],
  [{}, "204", () => new Response(null, { status: 204 }), "in"],
  [{}, "401", text("", 401), "86"],
  [{}, "403", text("", 403), "86"],
  [{}, "404", text("", 404), "86"],
  [{}, "302", () => new Response(null, { status: 302, headers: { location: "/yes" } }), "88"],
  [{}, "429", text("", 429), "88"],
  [{}, "500", text("", 500), "88"],
  [{ response: "text" }, "ok", text("ok"), "in"],
  [{ response: "text" }, "OK", text("OK"), "86"],
  [{ response: "text" }, "ok and an error", text("ok", 403), "86"],
  [{ response: "text" }, "ok behind more", text("not ok"), "86"],
  [{ response: "json" }, "ok: true", json({ ok: true, error: "" }), "in"],
  [{ response: "json" }, "ok: false", json({ ok: false, error: "no" }), "86"],
  [{ response: "json" }, "ok: text", json({ ok: "true" }), "88"],
  [{ response: "json" }, "nothing", json({}), "88"],
  [{ response: "json" }, "no JSON", text("<html>"), "88"],
  [{ response: "json" }, "null", text("null"), "88"],
  [{ form: "emqx" }, "204", () => new Response(null, { status: 204 }), "in"],
  [{ form: "emqx" }, "allow", json({ result: "allow" }), "in"],
  [{ form: "emqx" }, "deny", json({ result: "deny" }), "86"],
  [{ form: "emqx" }, "ignore", json({ result: "ignore" }), "86"],
  [{ form: "emqx" }, "nothing", json({}), "88"],
  [{ form: "emqx" }, "allow and an error", json({ result: "allow" }, 403), "86"],
  [{ form: "emqx" }, "201", json({ result: "allow" }, 201), "88"],
  [{ form: "emqx" }, "a form", () => new Response(new URLSearchParams({ result: "allow" })), "in"],
  [
    { form: "emqx" },
    "expire_at in the past",
    json({ result: "allow", expire_at: 1_700_000_000 }),
    "86",
  ],
  [
    { form: "emqx" },
    "expire_at that is no number",
    json({ result: "allow", expire_at: "soon" }),
    "88",
  ],
  [
    { form: "emqx" },
    "rules that are not understood",
    json({ result: "allow", acl: [{ topic: "a" }] }),
    "88",
  ],
  [{}, "more than it may", text("x".repeat(100_000)), "88"],
];
for (const [form, what, answer, expected] of ANSWERS) {
  const name = form.form ?? `mosquitto-go-auth by ${form.response ?? "status"}`;
  httpTest(`${name}: ${what} is ${expected}`, async () => {
    await using server = new LocalHttp(answer);
    const { access, log } = openService(server, form);
    assert.equal(outcome(await authenticate(access, "alice", "secret")), expected);
    const isYes = expected === "in";
    assert.equal(log.lines.length, isYes ? 0 : 1, log.lines.join("\n"));
    assert(!JSON.stringify(log.fields).includes("secret"));
    if (what.startsWith("expire") || what.startsWith("rules")) return access.close();
    assert.equal(await publish(access, identity("alice"), "a"), isYes);
    access.close();
  });
}

httpTest("An answer of EMQX may bring rules, a superuser and a time", async () => {
  let answer: unknown = { result: "allow", expire_at: 1_800_000_060, acl: { pub: ["a/%c"] } };
  await using server = new LocalHttp(() => Response.json(answer));
  const { access } = openService(server, { form: "emqx", aclUrl: "", cacheSeconds: 0 });
  assert(access.checksTopics);
  const verdict = await authenticate(access, "alice", "secret");
  assert(verdict.isAllowed && verdict.validForMs === 60_000);
  const client = { ...identity("alice"), grant: verdict.grant };
  assert.equal(access.mayPublish(client, "a/c1", 0, false), true);
  assert.equal(access.mayPublish(client, "a/c2", 0, false), false);
  assert.equal(access.mayRead(client, "a/c1"), false);
  const again = await authenticate(access, "alice", "secret");
  assert(again.isAllowed && again.grant === verdict.grant, "The same rules, the same grant");
  answer = { result: "allow", is_superuser: true, acl: { pub: [] } };
  const free = await authenticate(access, "root", "secret");
  assert(free.isAllowed);
  assert.equal(access.mayPublish({ ...client, grant: free.grant }, "any/thing", 0, false), true);
  assert.equal(access.mayRead({ ...client, grant: free.grant }, "$SYS/broker/uptime"), true);
  access.close();
});

httpTest(
  "Anonymous clients are not asked about; a password that is no text is refused",
  async () => {
    await using server = new LocalHttp(() => new Response());
    const { access } = openService(server);
    assert.equal(outcome(await authenticate(access, undefined, undefined)), "87");
    assert.equal(
      outcome(await authenticate(access, undefined, "x", { allowAnonymous: true })),
      "in",
    );
    const password = new Uint8Array([0xff, 0xfe]);
    assert.equal(outcome(await authenticate(access, "alice", "", { password })), "86");
    assert.equal(server.count, 0);
    assert.equal(outcome(await authenticate(access, "alice", undefined)), "in");
    access.close();
  },
);

httpTest(
  "A yes is remembered for its time and its question alone, a no for its own; not beyond a number",
  async () => {
    await using server = new LocalHttp(async (request) => {
      const { password, topic } = await request.json();
      return new Response(null, { status: password === "right" || topic === "a" ? 200 : 403 });
    });
    const { access } = openService(server, { cacheSize: 3, negativeCacheSeconds: 0 });
    const count = async (ask: () => Promise<unknown>) => {
      const before = server.count;
      await ask();
      return server.count - before;
    };
    assert.equal(await count(() => authenticate(access, "alice", "right")), 1);
    assert.equal(await count(() => authenticate(access, "alice", "right")), 0);
    assert.equal(await count(() => authenticate(access, "alice", "wrong")), 1);
    assert.equal(await count(() => authenticate(access, "alice", "wrong")), 1, "Not remembered");
    assert.equal(await count(() => authenticate(access, "bob", "right")), 1);
    assert.equal(await count(() => authenticate(access, "alice", "right", { clientId: "c2" })), 1);
    assert.equal(await count(() => authenticate(access, "alice", "right", { clientId: "c3" })), 1);
    assert.equal(await count(() => authenticate(access, "alice", "right")), 1, "It was too many");
    const client = identity("alice");
    assert.equal(await count(() => publish(access, client, "a")), 1);
    assert.equal(
      await count(() => publish(access, identity("alice"), "a")),
      0,
      "Of a later connection",
    );
    assert.equal(await count(() => publish(access, client, "b")), 1);
    assert.equal(await count(() => publish(access, client, "b")), 1);
    access.close();
    const remembering = openService(server, { negativeCacheSeconds: 60, cacheSeconds: 0 }).access;
    assert.equal(await count(() => authenticate(remembering, "alice", "wrong")), 1);
    assert.equal(await count(() => authenticate(remembering, "alice", "wrong")), 0);
    assert.equal(await count(() => authenticate(remembering, "alice", "right")), 1);
    assert.equal(await count(() => authenticate(remembering, "alice", "right")), 1);
    remembering.close();
  },
);

httpTest("Answers with long rules are remembered as far as they fit, short ones all", async () => {
  let asked = 0;
  let pad = "";
  await using server = new LocalHttp(() => {
    asked++;
    // Each has rules of its own.
    return Response.json({ result: "allow", acl: { pub: [`${asked}`, `x${pad}`] } });
  });
  const { access } = openService(server, { form: "emqx", aclUrl: "" });
  const comeIn = async (name: string) =>
    assert.equal(outcome(await authenticate(access, name, "secret")), "in");
  const [users, long] = [100, 60_000];
  for (const [length, isRemembered] of [[10, true], [long, false]] as const) {
    pad = "/y".repeat(length / 2);
    const name = (i: number) => `user-${length}-${i}`;
    for (let i = 0; i < users; i++) await comeIn(name(i));
    asked = 0;
    await comeIn(name(0));
    assert.equal(asked, isRemembered ? 0 : 1);
    asked = 0;
    await comeIn(name(users - 1));
    assert.equal(asked, 0);
  }
  access.close();
});

for (const onFailure of ["deny", "cached"] as const) {
  httpTest(
    `A service that is gone: with ${onFailure} ${
      onFailure === "deny" ? "nobody comes in" : "the last answer holds"
    }, and one line says so`,
    async () => {
      await using server = new LocalHttp(async (request) =>
        new Response(null, { status: (await request.json()).password === "wrong" ? 403 : 200 })
      );
      const { access, log } = openService(server, {
        onFailure,
        cacheSeconds: 0,
        negativeCacheSeconds: 0,
      });
      const client = identity("alice");
      assert.equal(outcome(await authenticate(access, "alice", "right")), "in");
      assert.equal(outcome(await authenticate(access, "alice", "wrong")), "86");
      assert.equal(await publish(access, client, "a"), true);
      await server.end();
      const isCached = onFailure === "cached";
      for (let i = 0; i < 20; i++) {
        assert.equal(outcome(await authenticate(access, "alice", "right")), isCached ? "in" : "88");
        assert.equal(await publish(access, client, "a"), isCached);
      }
      assert.equal(outcome(await authenticate(access, "alice", "wrong")), isCached ? "86" : "88");
      assert.equal(outcome(await authenticate(access, "alice", "other")), "88");
      assert.equal(await publish(access, client, "b"), false);
      const errors = log.lines.filter((line) => line.startsWith("error"));
      assert(errors.length >= 2 && errors.length < 10, errors.join("\n"));
      server.begin();
      assert.equal(outcome(await authenticate(access, "alice", "right")), "in");
      assert(log.lines.includes("info: auth_http_url answers again"));
      access.close();
    },
  );
}

httpTest(
  "A service that never answers has refused when its time is over, and what waited is refused too",
  async () => {
    await using server = new LocalHttp(async () => {
      await server.over;
      return new Response();
    });
    const { access, log } = openService(server, { timeoutSeconds: 1, maxRequests: 2 });
    const startMs = performance.now();
    const asked = Array.from({ length: 10 }, (_, i) => authenticate(access, `u${i}`, "secret"));
    const outcomes = (await Promise.all(asked)).map(outcome);
    assert(outcomes.every((told) => told === "88" || told === "89"), outcomes.join());
    assert(performance.now() - startMs < 4000);
    assert(server.mostUnderWay <= 2);
    assert.match(JSON.stringify(log.fields), /No answer after 1000 ms/);
    access.close();
  },
);

httpTest(
  "No more requests than allowed are under way, addresses have their turn, and whoever has left is not asked about",
  async () => {
    const release = Promise.withResolvers<void>();
    const order: string[] = [];
    await using server = new LocalHttp(async (request) => {
      order.push((await request.json()).username);
      await release.promise;
      return new Response();
    });
    const { access } = openService(server, { maxRequests: 3 });
    const from = (address: string, isGone = false): Partial<AuthenticationRequest> => ({
      remoteAddress: `${address}:1`,
      signal: { isGone },
    });
    const many = Array.from(
      { length: 50 },
      (_, i) => authenticate(access, `many${i}`, "x", from("192.0.2.1")),
    );
    const gone = authenticate(access, "gone", "x", from("192.0.2.3", true));
    const one = authenticate(access, "one", "x", from("192.0.2.2"));
    const same = Array.from(
      { length: 5 },
      () => authenticate(access, "one", "x", from("192.0.2.2")),
    );
    while (order.length < 3) await new Promise((resolve) => setTimeout(resolve, 1));
    release.resolve();
    const outcomes = await Promise.all([...many, one, ...same]);
    assert(outcomes.every(({ isAllowed }) => isAllowed));
    assert.equal(outcome(await gone), "89");
    assert.equal(server.mostUnderWay, 3);
    assert(order.indexOf("one") < 8, `Asked as number ${order.indexOf("one")}`);
    assert.equal(server.count, 51);
    access.close();
  },
);

httpTest(
  "The header of the file goes with every question, and another one when the file changes",
  async () => {
    const seen: (string | null)[] = [];
    await using server = new LocalHttp((request) => {
      seen.push(request.headers.get("authorization"));
      return new Response();
    });
    const { access, files } = openService(server, { headerFile: "header", cacheSeconds: 0 }, {
      header: "# for the broker\nAuthorization: Bearer one\n",
    });
    await authenticate(access, "alice", "x");
    files.set("header", "Authorization: Bearer two\n");
    assert.deepEqual(access.reload().problems, []);
    await authenticate(access, "alice", "x");
    files.set("header", "Authorization\n");
    assert.deepEqual(access.reload().problems, [
      "header:1: Must be a header, as in Authorization: Bearer TOKEN",
    ]);
    await authenticate(access, "alice", "x");
    assert.deepEqual(seen, ["Bearer one", "Bearer two", "Bearer two"]);
    access.close();
  },
);

for (
  const [text, problem] of [
    ["", /Must hold a header/],
    ["a b: c", /^h:1: /],
    ["\nx:\n", /^h:2: /],
    ["x", /^h:1: /],
  ] as const
) {
  Deno.test(`A header file with ${JSON.stringify(text)} is told at the start, and not its text`, () => {
    const files = new MemoryFiles();
    files.set("h", text);
    const options = { authUrl: "http://127.0.0.1:1/", headerFile: "h" };
    const opened = HttpAccess.open({ options, log: new LogLines(), files });
    assert(Array.isArray(opened));
    assert.match(opened[0]!, problem);
  });
}

certificateTest(
  "Over TLS the service must have a certificate of the file that is named",
  async (certificates) => {
    const tls = { cert: certificates.text("server.crt"), key: certificates.text("server.key") };
    await using server = new LocalHttp(() => new Response(), tls);
    const trusting = openService(server, { caFile: "ca" }, { ca: certificates.text("ca.crt") });
    assert.equal(outcome(await authenticate(trusting.access, "alice", "x")), "in");
    const wary = openService(server);
    assert.equal(outcome(await authenticate(wary.access, "alice", "x")), "88");
    assert.match(JSON.stringify(wary.log.fields), /certificate|UnknownIssuer/i);
    trusting.access.close();
    wary.access.close();
  },
);
