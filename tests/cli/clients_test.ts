import { strict as assert } from "node:assert";
import { MqttClient } from "../../lib/client/mod.ts";
import { BrokerProcess } from "../support/broker_process.ts";
import { findMosquitto, testsWith } from "../support/clients.ts";
import { callFlux, type FluxRun, runFlux, startFlux } from "../support/flux.ts";
import { publish, subscribeToEnd } from "../support/mosquitto.ts";
import { isLeftOut } from "../support/long.ts";

const mosquittoTest = testsWith(await findMosquitto());

/** Runs a client command against this broker. */
type Flux = (line: string, input?: string) => Promise<FluxRun>;

function fluxAt({ port }: BrokerProcess): Flux {
  return (line, input) => {
    const [command = "", ...args] = line.split(" ");
    const place = [command, "-h", "127.0.0.1", "-p", String(port)];
    const words = [...place, ...args];
    return input === undefined ? callFlux(words) : runFlux(words, { input });
  };
}

/** Publishes ten times a second until something has happened. */
async function whilePublishing<T>(publishOnce: () => Promise<unknown>, until: () => Promise<T>) {
  let sent: Promise<unknown> = Promise.resolve();
  const sending = setInterval(() => sent = sent.then(publishOnce), 100);
  try {
    return await until();
  } finally {
    clearInterval(sending);
    await sent;
  }
}

function well(out: string): FluxRun {
  return { status: 0, out, error: "" };
}

mosquittoTest("mosquitto's clients get what pub publishes", async (_, t) => {
  await using broker = await BrokerProcess.start({ flags: ["--no-persistence"] });
  const flux = fluxAt(broker);
  let session = 0;
  /** What mosquitto_sub, away meanwhile, prints of `count` messages. A session for each: with -C it leaves the last unacknowledged. */
  const meanwhile = async (count: number, act: () => Promise<FluxRun>, ...flags: string[]) => {
    const kept = ["-i", `kept-${++session}`, "-c", "-q", "2", "-t", "k/#"];
    await subscribeToEnd(broker.port, [...kept, "-E"]);
    assert.deepEqual(await act(), well(""));
    const args = [...kept, "-C", String(count), "-W", "5", ...flags];
    return (await subscribeToEnd(broker.port, args)).output;
  };

  const lines: [line: string, input: string | undefined, wanted: string[]][] = [
    ["pub -t k/m -m hello -q 1", undefined, ["k/m hello"]],
    ["pub -t k/v -V 311 -m old -q 1", undefined, ["k/v old"]],
    ["pub -t k/v -V 31 -i x -m oldest -q 2", undefined, ["k/v oldest"]],
    ["pub -t k/v -V 31 -m nameless -q 1", undefined, ["k/v nameless"]],
    ["pub -t k/minus -m -12.5 -q 1", undefined, ["k/minus -12.5"]],
    ["pub -t k/n -n -q 1", undefined, ["k/n (null)"]],
    ["pub -t k/l -l -q 1", "one\ntwo\n\nfour", ["k/l one", "k/l two", "k/l (null)", "k/l four"]],
    ["pub -t k/s -s -q 2", "one\ntwo", ["k/s one", "two"]],
    ["pub -t k/r -m again --repeat 3 -q 1", undefined, ["k/r again", "k/r again", "k/r again"]],
  ];
  for (const [line, input, wanted] of lines) {
    await t.step(line, async () => {
      const count = wanted.filter((text) => text.startsWith("k/")).length;
      const got = await meanwhile(count, () => flux(line, input), "-v");
      assert.equal(got, wanted.join("\n") + "\n");
    });
  }

  await t.step("pub -D publish: properties of 5.0", async () => {
    const line =
      "pub -t k/d -m x -q 1 -D publish content-type text/plain -D PUBLISH user-property a -b";
    const got = await meanwhile(1, () => flux(line), "-V", "5", "-x", "9", "-F", "%C %P");
    assert.equal(got, "text/plain a:-b\n");
  });

  await t.step("pub -r: a retained message; -n takes it away", async () => {
    await flux("pub -t kept/r -m stays -r");
    const retained = async () =>
      (await subscribeToEnd(broker.port, ["-t", "kept/r", "-W", "1", "-C", "1"])).output;
    assert.equal(await retained(), "stays\n");
    assert.deepEqual(await flux("sub -t kept/r -C 1 -v"), well("kept/r stays\n"));
    await flux("pub -t kept/r -n -r -q 1");
    assert.equal((await flux("sub -t kept/r -W 1")).status, 27);
  });
});

mosquittoTest("sub prints what mosquitto_pub publishes", async (_, t) => {
  await using broker = await BrokerProcess.start({ flags: ["--no-persistence"] });
  const flux = fluxAt(broker);

  for (const version of ["5", "311", "31"]) {
    await t.step(`-E subscribes, -C 1 takes one and leaves the rest (-V ${version})`, async () => {
      const session = `-i s${version} -c -q 1 -V ${version} -t s/${version}`;
      assert.deepEqual(await flux(`sub ${session} -E`), well(""));
      const topic = ["-t", `s/${version}`, "-q", "1"];
      for (const text of ["one", "two", "three"]) {
        assert.equal((await publish(broker.port, [...topic, "-m", text])).code, 0);
      }
      assert.deepEqual(await flux(`sub ${session} -C 1`), well("one\n"));
      assert.deepEqual(
        await flux(`sub ${session} -C 2 -v`),
        well(
          `s/${version} two\ns/${version} three\n`,
        ),
      );
    });
  }

  await t.step(
    "-R leaves retained messages out, -N the newlines; bytes stay as they are",
    async () => {
      await publish(broker.port, ["-t", "b/1", "-r", "-m", "retained"]);
      const child = startFlux([
        ...["sub", "-h", "127.0.0.1", "-p", String(broker.port)],
        ...["-t", "b/#", "-R", "-N", "-C", "1", "-i", "raw"],
      ]);
      await broker.untilLog(/clientId=raw/);
      const bytes = Uint8Array.of(0, 255, 10, 128);
      // Until it is subscribed; then the first is enough.
      const sending = setInterval(() => publish(broker.port, ["-t", "b/2", "-s"], bytes), 100);
      const { stdout, code } = await child.output();
      clearInterval(sending);
      assert.equal(code, 0);
      assert.deepEqual(stdout, bytes);
    },
  );

  await t.step("SIGTERM ends it with a DISCONNECT: no will, status 0", async () => {
    const child = startFlux([
      ...["sub", "-h", "127.0.0.1", "-p", String(broker.port), "-t", "x", "-i", "leaver"],
      ...["--will-topic", "will", "--will-payload", "gone", "--will-retain"],
    ]);
    await broker.untilLog(/clientId=leaver/);
    // Its handler is there a moment after the broker has accepted it.
    await new Promise((resolve) => setTimeout(resolve, 200));
    child.kill("SIGTERM");
    const { code, signal } = await child.output();
    assert.deepEqual({ code, signal }, { code: 0, signal: null });
    assert.equal((await flux("sub -t will -W 1")).status, 27);
  });

  await t.step("a reader that goes away ends it", async () => {
    const place = ["-h", "127.0.0.1", "-p", String(broker.port)];
    await publish(broker.port, ["-t", "flood/1", "-r", "-m", "1"]);
    const child = startFlux(["sub", ...place, "-t", "flood/#", "-i", "reader"]);
    const reader = child.stdout.getReader();
    await reader.read();
    await reader.cancel();
    const { code } = await whilePublishing(
      () => publish(broker.port, ["-t", "flood/1", "-m", "2"]),
      async () => (await Promise.all([child.status, child.stderr.cancel()]))[0],
    );
    assert.equal(code, 0);
  });
});

Deno.test({
  name: "pub -l waits for lines no longer than it is wanted, and than its broker is there",
  sanitizeOps: true,
  sanitizeResources: true,
  fn: async () => {
    const broker = await BrokerProcess.start({ flags: ["--no-persistence"] });
    try {
      const place = ["-h", "127.0.0.1", "-p", String(broker.port)];
      const start = async (name: string) => {
        const child = startFlux(["pub", ...place, "-t", "x", "-l", "-i", name], { input: true });
        await broker.untilLog(new RegExp(`clientId=${name}`));
        // Its handler is there a moment after the broker has accepted it.
        await new Promise((resolve) => setTimeout(resolve, 200));
        return child;
      };
      const ends = async (child: Deno.ChildProcess) => {
        // Standard input stays open: nobody says that there are no more lines.
        const [{ code }, , error] = await Promise.all([
          child.status,
          child.stdout.cancel(),
          new Response(child.stderr).text(),
        ]);
        await child.stdin.close();
        return { code, error };
      };
      const unwanted = await start("unwanted");
      unwanted.kill("SIGTERM");
      assert.deepEqual(await ends(unwanted), { code: 0, error: "" });

      const left = ends(await start("left"));
      await broker[Symbol.asyncDispose]();
      const { code, error } = await left;
      assert.equal(code, 17);
      // It had let us in: TLS is not what is missing.
      assert.match(error, /; see what the broker's log says\n$/);
    } finally {
      await broker[Symbol.asyncDispose]();
    }
  },
});

Deno.test({
  name: "rr: a request, its answer, and none in time",
  sanitizeOps: true,
  sanitizeResources: true,
  fn: async () => {
    await using broker = await BrokerProcess.start({ flags: ["--no-persistence"] });
    const flux = fluxAt(broker);
    const responder = await MqttClient.connect({
      hostname: "127.0.0.1",
      port: broker.port,
      onMessage: ({ payload, properties }, client) => {
        const answer = `${new TextDecoder().decode(payload)}!`;
        client.publish(properties!.responseTopic!, new TextEncoder().encode(answer));
      },
    });
    const options = {
      qos: 1,
      noLocal: false,
      retainAsPublished: false,
      retainHandling: 0,
    } as const;
    await responder.subscribe([{ topicFilter: "ask", ...options }]);
    assert.deepEqual(await flux("rr -t ask -e answer/1 -m hey -v -W 5"), well("answer/1 hey!\n"));
    await responder.publish("answer/2", "old", { qos: 1, retain: true });
    assert.deepEqual(await flux("rr -t ask -e answer/2 -m hey -R -W 5"), well("hey!\n"));
    assert.equal((await flux("rr -t nobody -e answer/1 -m hey -W 1")).status, 27);
    await responder.disconnect();
  },
});

const BENCH = "health: a broker that answers; bench: a load and its table";

Deno.test({
  name: BENCH,
  ignore: isLeftOut(BENCH),
  sanitizeOps: true,
  sanitizeResources: true,
  fn: async () => {
    await using broker = await BrokerProcess.start({
      flags: ["--no-persistence", "--sys-interval", "1"],
    });
    const flux = fluxAt(broker);
    assert.deepEqual(await flux("health"), well(""));
    const { status, out } = await flux("bench -r pair-q1,pair-q1-durable -s 1");
    assert.equal(status, 0);
    for (const load of ["pair-q1", "pair-q1-durable"]) {
      const [, deliveries = "0"] = new RegExp(`^\\| ${load} \\| (\\d+) \\|`, "m").exec(out) ?? [];
      assert(Number(deliveries) > 100, out);
    }
    // The sessions that it asked the broker to keep are gone: the first value may be a second old.
    const sessions = await flux("sub -t $SYS/broker/clients/disconnected -C 2 -W 5");
    assert.equal(sessions.out.trim().split("\n").at(-1), "0");
  },
});
