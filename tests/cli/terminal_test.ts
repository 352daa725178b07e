import { strict as assert } from "node:assert";
import { publishPacket } from "../support/raw_client.ts";
import { FakeBroker } from "../support/fake_broker.ts";
import { callFlux, type FluxRun } from "../support/flux.ts";

/** Runs a command whose standard output is a terminal. */
async function atTerminal(args: readonly string[]): Promise<FluxRun> {
  const before = Deno.stdout.isTerminal;
  Deno.stdout.isTerminal = () => true;
  try {
    return await callFlux(args);
  } finally {
    Deno.stdout.isTerminal = before;
  }
}

/** What `sub` prints, called by `run`, of a message that a broker sends. */
async function subscribed(
  run: typeof callFlux,
  flags: readonly string[],
  message: ReturnType<typeof publishPacket>,
): Promise<string> {
  using broker = new FakeBroker();
  const ended = run(
    ["sub", "-h", "127.0.0.1", "-p", String(broker.port), "-t", "#", "-C", "1", ...flags],
  );
  await broker.welcome();
  assert.equal((await broker.next())?.type, "subscribe");
  await broker.send({ type: "suback", packetId: 1, reasonCodes: [0] }, message);
  assert.equal((await broker.next())?.type, "disconnect");
  broker.close();
  const { status, out, error } = await ended;
  assert.deepEqual([status, error], [0, ""]);
  return out;
}

/** Clears the screen, moves the cursor with a C1 character, turns the text around, and rings. */
const EVIL = "a\x1b[2J\u009b1A\u202e\x07b";
/** What each line of a format shows of it. */
const LINES: readonly [flags: readonly string[], atTerminal: string, elsewhere: string][] = [
  [["-v"], "t/a?[2J?1A??b a?[2J?1A??b\n", `t/${EVIL} ${EVIL}\n`],
  [["-F", "%t|%p"], "t/a?[2J?1A??b|a?[2J?1A??b\n", `t/${EVIL}|${EVIL}\n`],
  // What the user writes there is the user's.
  [["-F", "\\e[1m%p"], "\x1b[1ma?[2J?1A??b\n", `\x1b[1m${EVIL}\n`],
  [["-F", "%R"], "r?\n", "r\u009b\n"],
];

for (const [flags, shown, written] of LINES) {
  Deno.test(`sub ${flags.join(" ")} shows a terminal no control characters of others, and writes all to a file`, async () => {
    const properties = { responseTopic: "r\u009b" };
    const message = { ...publishPacket(`t/${EVIL}`, EVIL), properties };
    assert.equal(await subscribed(atTerminal, flags, message), shown);
    assert.equal(await subscribed(callFlux, flags, message), written);
  });
}

Deno.test("Lines and tabs of a payload stay at a terminal, those of a topic do not", async () => {
  const message = publishPacket("t\nu", "one\n\ttwo \u{1f468}\u200d\u{1f469}");
  assert.equal(
    await subscribed(atTerminal, ["-v"], message),
    "t?u one\n\ttwo \u{1f468}\u200d\u{1f469}\n",
  );
});

Deno.test("sub -w lets no payload move the cursor", async () => {
  const out = await subscribed(atTerminal, ["-w"], publishPacket("t", "x\x1b[9;9Hy"));
  assert.match(out, /x\?\[9;9Hy/);
});

Deno.test("What a broker says of why it ends a connection cannot control the terminal", async () => {
  for (const [type, reasonCode] of [["connack", 0x87], ["disconnect", 0x8b]] as const) {
    using broker = new FakeBroker();
    const ended = callFlux(
      ["pub", "-h", "127.0.0.1", "-p", String(broker.port), "-t", "t", "-m", "x", "-q", "1"],
    );
    const properties = { reasonString: "no\x1b]52;c;AAAA\x07\nAll went well" };
    if (type === "disconnect") {
      await broker.welcome();
      assert.equal((await broker.next())?.type, "publish");
      await broker.send({ type, reasonCode, properties });
    } else {
      await broker.accept();
      await broker.next();
      await broker.send({ type, sessionPresent: false, reasonCode, properties });
    }
    const { error } = await ended;
    assert.match(error, /no\?\]52;c;AAAA\?\?All went well/);
  }
});

Deno.test("An API that lies cannot control the terminal of top and trace, nor fill their memory", async () => {
  let answer: () => Response = () => new Response();
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => answer(),
  );
  const url = ["--url", `http://127.0.0.1:${server.addr.port}`];
  const json = (value: unknown, status = 200) => () =>
    new Response(`${JSON.stringify(value)}\n`, { status });
  const evil = "x\x1b[2Jy";

  answer = json({ detail: evil }, 403);
  assert.match((await callFlux(["top", "--once", ...url])).error, /refuses: x\?\[2Jy\n$/);

  answer = json({ version: evil, startedMs: 0, gauges: {}, warnings: [], items: [] });
  assert.match((await callFlux(["top", "--once", ...url])).out, /^flux-mqtt x\?\[2Jy/);

  answer = json({ event: evil, text: evil, atMs: 0 });
  assert.match((await callFlux(["trace", "--topic", "#", ...url])).out, /x\?\[2Jy +x\?\[2Jy\n$/);

  answer = json({ event: "end", text: evil });
  assert.match((await callFlux(["trace", "--topic", "#", ...url])).out, /^x\?\[2Jy: 0 steps/);

  answer = () => new Response(`{"event": "\u009b"}\n`);
  assert.match((await atTerminal(["trace", "--topic", "#", "--json", ...url])).out, /"\?"/);

  answer = () => new Response("no JSON\n");
  const { status, error } = await callFlux(["trace", "--topic", "#", ...url]);
  assert.equal(status, 1);
  assert.match(error, /answers with what is no JSON/);

  const line = new TextEncoder().encode("x".repeat(1_000_000));
  let sent = 0;
  answer = () =>
    new Response(
      new ReadableStream({
        pull(controller) {
          if (++sent > 100) return controller.close();
          controller.enqueue(line);
        },
      }),
    );
  const long = await callFlux(["trace", "--topic", "#", ...url]);
  assert.equal(long.status, 1);
  assert.match(long.error, /a line of more than/);
  assert(sent < 100, `${sent} MB were read`);
});
