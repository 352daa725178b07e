import { strict as assert } from "node:assert";
import { FakeBroker } from "../../support/fake_broker.ts";
import { callFlux } from "../../support/flux.ts";
import { publishPacket, RawClient } from "../../support/raw_client.ts";
import type { Program } from "./program.ts";
import type { RunInit, Stage, VersionFlag } from "./stage.ts";

/** A responder gets the request with its Response Topic, where the version has one, answers, and `rr` prints the answer. */
async function tryInEach(
  stage: Stage,
  init: RunInit = {},
  way: readonly string[] = stage.way,
  isKnown = true,
  versions?: readonly VersionFlag[],
): Promise<void> {
  await stage.inEach((flag, version) =>
    stage.asBoth(async (actor) => {
      using responder = await RawClient.connect(stage.farPort, { protocolVersion: version });
      await responder.subscribe("04/request", 1);
      const names = ["-t", "04/request", "-e", "04/response"];
      const run = actor("rr", [...way, "-V", flag, "-q", "1", ...names, "-m", "message"], init);
      const request = await responder.receive();
      assert.equal(request?.type, "publish");
      assert.equal(new TextDecoder().decode(request.payload), "message");
      const responseTopic = version === 5 ? "04/response" : undefined;
      assert.equal(request.properties?.responseTopic, responseTopic);
      await responder.send({ type: "puback", packetId: request.packetId, reasonCode: 0 });
      await responder.send(publishPacket("04/response", "the response", 1, 2));
      assert.deepEqual(await run, { status: 0, out: "the response\n", error: "" }, flag);
    }, isKnown), versions);
}

/** `--retain-handling` is two bits of the Subscription Options of the response's topic. */
async function tryRetainHandling(): Promise<void> {
  for (const [word, retainHandling] of [["always", 0], ["new", 1], ["never", 2]] as const) {
    using broker = new FakeBroker();
    const way = ["-h", "127.0.0.1", "-p", String(broker.port)];
    const line = ["rr", ...way, "-e", "e", "-t", "t", "-m", "m", "--retain-handling", word];
    const run = callFlux(line);
    await broker.welcome();
    const packet = await broker.next();
    assert.equal(packet?.type, "subscribe");
    assert.equal(packet.subscriptions[0]?.retainHandling, retainHandling);
    await broker.send({ type: "suback", packetId: packet.packetId, reasonCodes: [0] });
    const request = await broker.next();
    assert.equal(request?.type, "publish");
    assert.equal(request.properties?.responseTopic, "e");
    await broker.send(publishPacket("e", "m"));
    assert.equal((await broker.next())?.type, "disconnect");
    broker.close();
    assert.deepEqual(await run, { status: 0, out: "m\n", error: "" });
  }
}

/** What became of mosquitto's programs for mosquitto_rr, but those of wrong command lines. */
export const RR_PROGRAMS = {
  "04-rr-env": {
    holds: "flags come from a file under HOME/.config or XDG_CONFIG_HOME",
    run: async (stage) => {
      await stage.file("home/.config/mosquitto_rr", `-p ${stage.server.port}\n-h 127.0.0.1\n`);
      const home = `${stage.directory}/home`;
      await tryInEach(stage, { env: { HOME: home } }, [], true, ["mqttv311"]);
      await tryInEach(stage, { env: { XDG_CONFIG_HOME: `${home}/.config` } }, [], true, ["mqttv5"]);
    },
  },
  "04-rr-qos1-ws": {
    holds: "--ws asks and gets the answer in a WebSocket",
    run: async (stage) => {
      const port = await stage.server.listen({ protocol: "websockets" });
      await tryInEach(stage, {}, ["-h", "127.0.0.1", "-p", String(port), "--ws"], false);
    },
  },
  "04-rr-qos1": {
    holds: "a request of QoS 1 has its Response Topic, and the answer is printed",
    run: (stage) => tryInEach(stage),
  },
  "04-rr-retain-handling": {
    holds: "--retain-handling becomes the Retain Handling of SUBSCRIBE",
    run: tryRetainHandling,
  },
} as const satisfies Readonly<Record<string, Program>>;
