import { strict as assert } from "node:assert";
import { FunctionAccess } from "../../lib/auth/mod.ts";
import { DEFAULT_LISTENER_OPTIONS } from "../../lib/broker/mod.ts";
import { Callers } from "../../lib/http/caller.ts";
import type { HttpListenerInit } from "../../lib/http/mod.ts";
import { HttpBroker, type HttpInit, PAGE } from "./support.ts";

const USERS: HttpInit = {
  users: { alice: "secret", bob: "hidden", eve: "nobody" },
  listener: { admins: ["alice"], viewers: ["bob"] },
};

/** A request as its lines, and what it is answered with. */
const requests: [name: string, lines: string[], status: number][] = [
  ["localhost", ["GET /health/live HTTP/1.1", "Host: localhost"], 200],
  ["the name in capitals, with a port", ["GET /health/live HTTP/1.1", "Host: LocalHost:80"], 200],
  ["an IPv6 loopback", ["GET /health/live HTTP/1.1", "Host: [::1]:9883"], 200],
  ["a name of http_host", ["GET /health/live HTTP/1.1", "Host: broker.home"], 200],
  ["a name that somebody points here", ["GET /metrics HTTP/1.1", "Host: evil.example"], 421],
  [
    "a page of another origin",
    ["GET /metrics HTTP/1.1", "Host: localhost", "Origin: http://evil.example"],
    403,
  ],
  [
    "a page of another port",
    ["GET /metrics HTTP/1.1", "Host: localhost:9883", "Origin: http://localhost:80"],
    403,
  ],
  ["a page of no origin", ["GET /metrics HTTP/1.1", "Host: localhost", "Origin: null"], 403],
  [
    "a script of another site",
    [
      "GET /metrics HTTP/1.1",
      "Host: localhost",
      "Sec-Fetch-Site: cross-site",
      "Sec-Fetch-Mode: no-cors",
    ],
    403,
  ],
  [
    "the page itself",
    ["GET /metrics HTTP/1.1", "Host: localhost:9883", "Origin: http://localhost:9883"],
    200,
  ],
  [
    "a WebSocket of a page of another origin",
    [
      "GET /mqtt HTTP/1.1",
      "Host: localhost",
      "Origin: http://evil.example",
      "Upgrade: websocket",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Protocol: mqtt",
    ],
    403,
  ],
];
const malformed: typeof requests = [
  ["a host that is no host", ["GET /metrics HTTP/1.1", "Host: ["], 400],
  ["a host with blanks", ["GET /metrics HTTP/1.1", "Host: a b"], 400],
  ["a host with a user", ["GET /metrics HTTP/1.1", "Host: localhost@evil.example"], 421],
  ["an impossible port", ["GET /metrics HTTP/1.1", "Host: localhost:99999999"], 400],
  ["an address of its own", ["GET http://evil.example/metrics HTTP/1.1", "Host: localhost"], 421],
  ["a file outside", ["GET /guide/..%2f..%2fdeno.json HTTP/1.1", "Host: localhost"], 404],
  ["a path that is no text", ["GET /guide/%ff%fe HTTP/1.1", "Host: localhost"], 404],
];
for (const [name, lines, status] of [...requests, ...malformed]) {
  Deno.test(`a request for or of ${name} is answered with ${status}`, async () => {
    await using broker = await HttpBroker.start({ listener: { hosts: ["broker.home"] } });
    const answer = await broker.raw([...lines, "Connection: close", "", ""].join("\r\n"));
    assert.equal(Number(answer.split(" ")[1]), status, answer);
  });
}

Deno.test("every answer has a strict policy, and no CORS header", async () => {
  await using broker = await HttpBroker.start();
  for (const path of ["/", "/metrics", "/api/v1/session", "/nowhere"]) {
    const response = await broker.fetch(path);
    await response.body?.cancel();
    const { headers } = response;
    assert.match(headers.get("content-security-policy")!, /default-src 'none'/);
    assert.match(headers.get("content-security-policy")!, /frame-ancestors 'none'/);
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert.equal(headers.get("access-control-allow-origin"), null);
  }
});

Deno.test("where users are named, nobody else sees anything but the page and health", async () => {
  await using broker = await HttpBroker.start(USERS);
  const answers: [path: string, status: number][] = [
    ["/", 200],
    ["/health/live", 200],
    ["/api/v1/session", 200],
    ["/metrics", 401],
  ];
  for (const [path, status] of answers) {
    const response = await broker.fetch(path);
    await response.body?.cancel();
    assert.equal(response.status, status, path);
  }
});

Deno.test("a user logs in with a cookie that scripts and other sites cannot use, and out again", async () => {
  await using broker = await HttpBroker.start(USERS);
  const response = await broker.fetch("/api/v1/session", {
    method: "POST",
    body: { userName: "alice", password: "secret" },
  });
  assert.equal(response.status, 204);
  const header = response.headers.get("set-cookie")!;
  assert.match(header, /; HttpOnly/);
  assert.match(header, /; SameSite=Strict/);
  const cookie = header.split(";")[0]!;
  const session = await broker.json("/api/v1/session", { cookie });
  assert.deepEqual([session.role, session.userName], ["admin", "alice"]);
  assert.match(await (await broker.fetch("/metrics", { headers: { cookie } })).text(), /fluxmqtt/);
  await broker.fetch("/api/v1/session", { method: "DELETE", headers: { cookie } });
  const after = await broker.fetch("/metrics", { headers: { cookie } });
  await after.body?.cancel();
  assert.equal(after.status, 401);
});

const refused: [userName: string, password: string][] = [
  ["alice", "wrong"],
  ["nobody", "secret"],
  ["eve", "nobody"],
];
for (const [userName, password] of refused) {
  Deno.test(`${userName} with ${password} is not let in, and not told why`, async () => {
    await using broker = await HttpBroker.start(USERS);
    const response = await broker.fetch("/api/v1/session", {
      method: "POST",
      body: { userName, password },
    });
    assert.equal(response.status, 401);
    const { detail } = await response.json();
    assert.equal(detail, "The user name or the password is wrong, or the user has no role here");
    assert.equal(response.headers.get("set-cookie"), null);
  });
}

Deno.test("whoever guesses passwords has to wait after five failures, even with the right one", async () => {
  await using broker = await HttpBroker.start(USERS);
  const attempt = async (password: string) => {
    const body = { userName: "alice", password };
    const response = await broker.fetch("/api/v1/session", { method: "POST", body });
    await response.body?.cancel();
    return response;
  };
  for (let i = 0; i < 5; i++) assert.equal((await attempt("wrong")).status, 401);
  const response = await attempt("secret");
  assert.equal(response.status, 429);
  assert.match(response.headers.get("retry-after")!, /^\d+$/);
});

Deno.test("a form of another site, which cannot send the page's header, logs nobody in", async () => {
  await using broker = await HttpBroker.start(USERS);
  const response = await fetch(`${broker.url}/api/v1/session`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ userName: "alice", password: "secret" }),
  });
  await response.body?.cancel();
  assert.equal(response.status, 403);
});

Deno.test("tokens let programs in, each with its role, and another does not", async () => {
  const tokens = "# programs\nadmin 0123456789abcdef\nviewer fedcba9876543210\n";
  await using broker = await HttpBroker.start({ listener: { tokens } });
  const roleOf = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    return (await broker.json("/api/v1/session", headers)).role;
  };
  assert.equal(await roleOf("0123456789abcdef"), "admin");
  assert.equal(await roleOf("fedcba9876543210"), "viewer");
  assert.equal(await roleOf("0123456789abcdeX"), null);
});

Deno.test("a file of tokens with a short one is refused with its line, and without the token", async () => {
  const tokens = "admin 0123456789abcdef\nviewer short\n";
  await assert.rejects(HttpBroker.start({ listener: { tokens } }), (error: Error) => {
    assert.match(error.message, /^Line 2 must be/);
    assert.doesNotMatch(error.message, /short/);
    return true;
  });
});

Deno.test("a body beyond 64 KB is refused, with its length told and without", async () => {
  await using broker = await HttpBroker.start(USERS);
  const body = { userName: "alice", password: "x".repeat(65 * 1024) };
  const whole = await broker.fetch("/api/v1/session", { method: "POST", body });
  await whole.body?.cancel();
  assert.equal(whole.status, 413);
  const stream = new Blob([JSON.stringify(body)]).stream();
  const chunked = await fetch(`${broker.url}/api/v1/session`, {
    method: "POST",
    headers: { ...PAGE, "content-type": "application/json" },
    body: stream,
  });
  await chunked.body?.cancel();
  assert.equal(chunked.status, 413);
});

Deno.test("what is not there, and a method that is not taken, are problems with a reason", async () => {
  await using broker = await HttpBroker.start();
  const nowhere = await broker.fetch("/api/v1/nowhere");
  assert.equal(nowhere.headers.get("content-type"), "application/problem+json");
  assert.deepEqual(await nowhere.json(), {
    type: "about:blank",
    title: "Not Found",
    status: 404,
    detail: "There is nothing at /api/v1/nowhere",
  });
  const wrong = await broker.fetch("/metrics", { method: "PUT" });
  await wrong.body?.cancel();
  assert.equal(wrong.status, 405);
  assert.equal(wrong.headers.get("allow"), "GET");
});

Deno.test("whoever guesses passwords has all addresses of a network of IPv6, and waits at each of them", async () => {
  const init: HttpListenerInit = {
    options: { ...DEFAULT_LISTENER_OPTIONS, name: "9883" },
    hostname: "::",
    port: 0,
    path: "",
    hosts: [],
    admins: ["alice"],
    viewers: [],
    clientIdPrefixes: "",
  };
  const callers = new Callers(
    init,
    new FunctionAccess({ authenticate: () => false }),
    undefined,
    () => 0,
  );
  const attempt = (address: string) => callers.logIn("alice", "wrong", `[2001:db8::${address}]:1`);
  for (let i = 1; i <= 5; i++) await assert.rejects(attempt(`${i}`), { status: 401 });
  await assert.rejects(attempt("6"), { status: 429 });
  await assert.rejects(attempt("1:0:0:0:1"), { status: 401 });
});

Deno.test("guesses that are sent all at once count before the first of them has failed", async () => {
  const init: HttpListenerInit = {
    options: { ...DEFAULT_LISTENER_OPTIONS, name: "9883" },
    hostname: "::",
    port: 0,
    path: "",
    hosts: [],
    admins: ["alice"],
    viewers: [],
    clientIdPrefixes: "",
  };
  const answers: ((isRight: boolean) => void)[] = [];
  const access = new FunctionAccess({
    authenticate: () => new Promise<boolean>((resolve) => answers.push(resolve)),
  });
  const callers = new Callers(init, access, undefined, () => 0);
  const statuses = Array.from(
    { length: 100 },
    (_, i) =>
      callers.logIn("alice", `guess ${i}`, "192.0.2.1:1").then(() => 200, ({ status }) => status),
  );
  assert.deepEqual(await Promise.all(statuses.slice(5)), Array(95).fill(429));
  assert.equal(answers.length, 5);
  // Others are not kept out meanwhile, and who was right is let in again at once.
  const other = callers.logIn("alice", "right", "192.0.2.2:1");
  answers.pop()!(true);
  await other;
  for (const answer of answers) answer(false);
  assert.deepEqual(await Promise.all(statuses.slice(0, 5)), Array(5).fill(401));
  await assert.rejects(callers.logIn("alice", "right", "192.0.2.1:1"), { status: 429 });
});
