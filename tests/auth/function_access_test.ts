import { strict as assert } from "node:assert";
import { type AccessFunctions, FunctionAccess, type TopicAction } from "../../lib/auth/mod.ts";
import { Server } from "../../lib/net/mod.ts";
import { connectPacket, publishPacket, RawClient } from "../support/raw_client.ts";
import { authenticate, identity, LogLines, outcome } from "./access_support.ts";

const verdicts: [
  name: string,
  authenticate: NonNullable<AccessFunctions["authenticate"]>,
  expected: string,
][] = [
  ["true", () => true, "in"],
  ["false", () => false, "87"],
  ["a promise of true", () => Promise.resolve(true), "in"],
  ["a name", () => ({ isAllowed: true, userName: "bob" }), "in as bob"],
  ["a Reason Code", () => Promise.resolve({ isAllowed: false, reasonCode: 0x8a }), "8a"],
  ["an error", () => {
    throw new Error("out of order");
  }, "87"],
  ["a rejection", () => Promise.reject(new Error("out of order")), "87"],
  ["nothing in time", () => new Promise<boolean>(() => {}), "87"],
];
for (const [name, decide, expected] of verdicts) {
  Deno.test(`authenticate() that answers with ${name}: ${expected}`, async () => {
    const log = new LogLines();
    const access = new FunctionAccess({ authenticate: decide }, { timeLimitMs: 20, log });
    assert.equal(outcome(await authenticate(access, "alice", "x")), expected);
    const isFailure = /error|rejection|nothing/.test(name);
    assert.equal(log.lines.length, isFailure ? 1 : 0);
  });
}

Deno.test("Functions see who asks: address, certificate, names, password, version", async () => {
  const certificate = { subject: "CN=a", commonName: "a", fingerprint: "AB" };
  const seen: unknown[] = [];
  const access = new FunctionAccess({
    authenticate: ({ userName, clientId, remoteAddress, protocolVersion, listener, ...rest }) => {
      const password = new TextDecoder().decode(rest.password);
      seen.push([
        userName,
        clientId,
        remoteAddress,
        protocolVersion,
        listener,
        password,
        rest.certificate,
      ]);
      return true;
    },
  });
  await authenticate(access, "alice", "secret", { certificate });
  assert.deepEqual(seen, [["alice", "c1", "192.0.2.1:1024", 5, "test", "secret", certificate]]);
});

Deno.test("Without authorize() and mayRead() topics are not checked", () => {
  assert(!new FunctionAccess({ authenticate: () => true }).checksTopics);
  assert(new FunctionAccess({ mayRead: () => true }).checksTopics);
  assert(new FunctionAccess({ authorize: () => true }).checksTopics);
});

Deno.test("An authorize() that answers at once is asked each time", () => {
  const actions: TopicAction[] = [];
  const access = new FunctionAccess({
    authorize: (_, action) => actions.push(action) > 1,
  });
  const client = identity("alice");
  assert.equal(access.mayPublish(client, "a", 1, true), false);
  assert.equal(access.mayPublish(client, "a", 1, true), true);
  assert.equal(access.maySubscribe(client, "a/#", 2), true);
  assert.deepEqual(actions.slice(1), [
    { type: "publish", topic: "a", qos: 1, retain: true },
    { type: "subscribe", topic: "a/#", qos: 2, retain: false },
  ]);
});

/** An access whose `authorize` answers when the test says so. */
function slow(options: { rememberMs?: number; timeLimitMs?: number } = {}) {
  const asked: { readonly topic: string; readonly answer: (isAllowed: boolean) => void }[] = [];
  const access = new FunctionAccess({
    authorize: (_, { topic }) => new Promise((resolve) => asked.push({ topic, answer: resolve })),
  }, options);
  return { access, asked };
}

const decided = (access: FunctionAccess, client: ReturnType<typeof identity>) =>
  new Promise<void>((resolve) => access.decided(client, resolve));

Deno.test("An answer that comes later is pending until then, asked for once, and given when asked again", async () => {
  const { access, asked } = slow();
  const client = identity("alice");
  assert.equal(access.mayPublish(client, "a", 0, false), "pending");
  assert.equal(access.mayPublish(client, "a", 0, false), "pending");
  assert.equal(access.mayPublish(client, "b", 0, false), "pending");
  assert.deepEqual(asked.map(({ topic }) => topic), ["a", "b"]);
  const done = decided(access, client);
  asked[1]!.answer(false);
  asked[0]!.answer(true);
  await done;
  assert.equal(access.mayPublish(client, "a", 0, false), true);
  assert.equal(access.mayPublish(client, "b", 0, false), false);
  assert.equal(access.mayPublish(identity("alice"), "a", 0, false), "pending");
  asked[2]!.answer(true);
});

Deno.test("An answer is forgotten when its time is over, but not before it was heard", async () => {
  const { access, asked } = slow({ rememberMs: 0 });
  const client = identity("alice");
  assert.equal(access.mayPublish(client, "a", 0, false), "pending");
  asked[0]!.answer(true);
  await decided(access, client);
  assert.equal(access.mayPublish(client, "a", 0, false), true);
  assert.equal(access.mayPublish(client, "a", 0, false), "pending");
  asked[1]!.answer(true);
  await decided(access, client);
});

Deno.test("No answer in time is no", async () => {
  const { access } = slow({ timeLimitMs: 5 });
  const client = identity("alice");
  assert.equal(access.maySubscribe(client, "a", 0), "pending");
  await decided(access, client);
  assert.equal(access.maySubscribe(client, "a", 0), false);
});

Deno.test("However many are asked for at once, each answer is there when it is heard", async () => {
  const { access, asked } = slow();
  const client = identity("alice");
  const topics = Array.from({ length: 1000 }, (_, i) => `t${i}`);
  for (const topic of topics) assert.equal(access.maySubscribe(client, topic, 0), "pending");
  const done = decided(access, client);
  for (const { answer } of asked) answer(true);
  await done;
  assert(topics.every((topic) => access.maySubscribe(client, topic, 0) === true));
});

Deno.test("changed() tells the routes that mayRead() has other answers", () => {
  let isOpen = true;
  const access = new FunctionAccess({ mayRead: () => isOpen });
  const { version } = access;
  assert(access.mayRead(identity("alice"), "a"));
  isOpen = false;
  access.changed();
  assert(!access.mayRead(identity("alice"), "a"));
  assert.notEqual(access.version, version);
});

Deno.test("A mayRead() that throws has said no, and only for that client and topic", () => {
  const log = new LogLines();
  const access = new FunctionAccess({
    mayRead: (_, topic) => {
      if (topic === "a") throw new Error("out of order");
      return true;
    },
  }, { log });
  assert(!access.mayRead(identity("alice"), "a"));
  assert(access.mayRead(identity("alice"), "b"));
  assert.equal(log.lines.length, 1);
});

Deno.test("An answer about a very long topic is heard once, and not remembered", async () => {
  const { access, asked } = slow();
  const client = identity("alice");
  for (const [topic, isRemembered] of [["t", true], ["t".repeat(60_000), false]] as const) {
    assert.equal(access.mayPublish(client, topic, 0, false), "pending");
    asked.at(-1)!.answer(true);
    await decided(access, client);
    assert.equal(access.mayPublish(client, topic, 0, false), true);
    assert.equal(access.mayPublish(client, topic, 0, false), isRemembered ? true : "pending");
  }
  assert.equal(asked.length, 3);
  asked.at(-1)!.answer(true);
  await decided(access, client);
});

const NO_VERDICTS: [what: string, answer: unknown][] = [
  ["undefined", undefined],
  ["null", null],
  ["text", "yes"],
  ["a number", 1],
  ["an empty object", {}],
  ["a verdict with text in the place of true", { isAllowed: "true" }],
  ["a refusal without a Reason Code", { isAllowed: false }],
  ["a refusal that says success", { isAllowed: false, reasonCode: 0 }],
  ["a user name that is no text", { isAllowed: true, userName: 7 }],
  ["a grant that is no object", { isAllowed: true, grant: "all" }],
  ["a time that is no number", { isAllowed: true, validForMs: NaN }],
];
for (const [what, answer] of NO_VERDICTS) {
  Deno.test(`An authenticate() that answers ${what} has refused, which is logged, at once and later`, async () => {
    for (const given of [answer, Promise.resolve(answer)]) {
      const log = new LogLines();
      // deno-lint-ignore no-explicit-any
      const access = new FunctionAccess({ authenticate: () => given as any }, { log });
      assert.equal(outcome(await authenticate(access, "alice", "secret")), "87");
      assert.equal(log.lines.length, 1);
    }
  });
}

const NO_BOOLEANS: [what: string, answer: () => unknown][] = [
  ["undefined", () => undefined],
  ["text", () => "no"],
  ["1", () => 1],
  ["an object", () => ({ isAllowed: false })],
];
for (const [what, answer] of NO_BOOLEANS) {
  Deno.test(`An authorize() or mayRead() that answers ${what} has said no, which is logged`, async () => {
    const log = new LogLines();
    // deno-lint-ignore no-explicit-any
    const now = new FunctionAccess({ authorize: answer as any, mayRead: answer as any }, { log });
    assert.equal(now.mayPublish(identity("alice"), "a", 0, false), false);
    assert.equal(now.mayRead(identity("alice"), "a"), false);
    assert.equal(log.lines.length, 2);
    // deno-lint-ignore no-explicit-any
    const later = new FunctionAccess({ authorize: () => Promise.resolve(answer()) as any }, {
      log,
    });
    const client = identity("alice");
    assert.equal(later.mayPublish(client, "a", 0, false), "pending");
    await decided(later, client);
    assert.equal(later.mayPublish(client, "a", 0, false), false);
    assert.equal(log.lines.length, 3);
  });
}

Deno.test("A mayRead() that answers a promise has said no, and one that fails does not end the process", async () => {
  const log = new LogLines();
  // deno-lint-ignore no-explicit-any
  const mayRead = (() => Promise.reject(new Error("down"))) as any;
  const access = new FunctionAccess({ mayRead }, { log });
  assert.equal(access.mayRead(identity("alice"), "a"), false);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(log.lines.length, 1);
});

Deno.test("A function that fails with every message is logged at most once a second, with its error", () => {
  const log = new LogLines();
  const access = new FunctionAccess({
    authorize: () => {
      throw new Error("down");
    },
  });
  access.useLog(log);
  for (let i = 0; i < 100; i++) {
    assert.equal(access.mayPublish(identity("a"), "t", 0, false), false);
  }
  assert(log.lines.length >= 1 && log.lines.length <= 3, `${log.lines.length} lines`);
  assert.match(log.fields[0]!.error as string, /down/);
});

Deno.test("Functions that fail or never answer cost their own client alone, over TCP", async () => {
  const log = new LogLines();
  const server = new Server({
    log,
    access: new FunctionAccess({
      authenticate: ({ userName }) => {
        if (userName === "thrower") throw new Error("authenticate is down");
        return userName === "hanger" ? new Promise(() => {}) : true;
      },
      authorize: ({ clientId }, { topic }) => {
        if (topic === "throw") throw new Error("authorize is down");
        return clientId === "b" && topic === "hang" ? new Promise(() => {}) : true;
      },
    }, { timeLimitMs: 200 }),
  });
  const port = server.listen({ port: 0 });
  const regular = await RawClient.connect(port, { clientId: "r" });
  for (const userName of ["thrower", "hanger"]) {
    const client = await RawClient.open(port);
    await client.send({ ...connectPacket({ clientId: "x" }), userName });
    const connack = await client.receive();
    assert.equal(connack?.type === "connack" && connack.reasonCode, 0x87);
    client.close();
  }
  const other = await RawClient.connect(port, { clientId: "b" });
  for (const topicName of ["throw", "hang"]) {
    await other.send(publishPacket(topicName, "", 1, 1));
    await regular.ping();
    const puback = await other.receive();
    assert.equal(puback?.type === "puback" && puback.reasonCode, 0x87, topicName);
  }
  regular.close();
  other.close();
  await server.close();
  const errors = log.lines.filter((line) => line.startsWith("error"));
  // One of a kind in a second: what throws first is said at once.
  assert(errors.length >= 2, errors.join("\n"));
});

Deno.test("Without a time limit a function is waited for", async () => {
  const access = new FunctionAccess({
    authenticate: () => new Promise((resolve) => setTimeout(resolve, 20, true)),
  }, { timeLimitMs: Infinity });
  assert.equal(outcome(await authenticate(access, "alice", "secret")), "in");
});
