import { strict as assert } from "node:assert";
import type { Properties, ProtocolVersion, Publish, Qos } from "../../../lib/codec/mod.ts";
import { feed } from "../../support/fed_process.ts";
import { callFlux, type FluxRun, runFlux } from "../../support/flux.ts";
import type { LocalEnd, LocalEnds } from "../../support/local_ends.ts";
import { hasMosquitto } from "../../support/mosquitto_broker.ts";
import { until } from "../../support/nats_server.ts";
import { publishPacket, RawClient } from "../../support/raw_client.ts";

/** How a command is run, besides its arguments. */
export interface RunInit {
  readonly input?: string;
  /** Variables of the environment; it has no others but PATH. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs `pub`, `sub` or `rr` to its end. */
export type Actor = (
  command: string,
  args: readonly string[],
  init?: RunInit,
) => Promise<FluxRun>;

/** The three versions of MQTT, as `-V` names them. */
const VERSIONS = { mqttv31: 3, mqttv311: 4, mqttv5: 5 } as const satisfies Readonly<
  Record<string, ProtocolVersion>
>;

/** The value of `-V`. */
export type VersionFlag = keyof typeof VERSIONS;

/** `flux-mqtt`, in this process where the case allows it. */
const ours: Actor = (command, args, init = {}) =>
  init.input === undefined && init.env === undefined
    ? callFlux([command, ...args])
    : runFlux([command, ...args], init);

/** The real `mosquitto_pub` and others. */
const theirs: Actor = async (command, args, { input, env } = {}) => {
  const child = new Deno.Command(`mosquitto_${command}`, {
    args: [...args],
    clearEnv: true,
    env: { PATH: Deno.env.get("PATH") ?? "", ...env },
    stdin: input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  return await feed(child, input);
};

/** The brokers of one program, and the clients that play in it. */
export class Stage implements AsyncDisposable {
  readonly directory = Deno.makeTempDirSync({ prefix: "flux-programs-" });
  readonly #ends: LocalEnds;
  /** Subscriptions that are none of a command's. */
  readonly #others: number;

  constructor(ends: LocalEnds) {
    this.#ends = ends;
    this.#others = this.server.broker.core.router.size;
  }

  /** The broker that the commands come to. */
  get server(): LocalEnd {
    return this.#ends.here;
  }

  /** The port of the clients that the commands hear, and that hear them. */
  get farPort(): number {
    return this.#ends.there.port;
  }

  /** The flags of the way to the broker. */
  get way(): readonly string[] {
    return ["-h", "127.0.0.1", "-p", String(this.server.port)];
  }

  /** Does something as `flux-mqtt`, then as mosquitto's command, unless that one (2.0.11) has not got what is tried. */
  async asBoth(act: (actor: Actor) => Promise<void>, isKnownToTheirs = true): Promise<void> {
    await act(ours);
    if (hasMosquitto && isKnownToTheirs) await act(theirs);
  }

  /** Does something in each version of MQTT, or in some of them. */
  async inEach(
    act: (flag: VersionFlag, version: ProtocolVersion) => Promise<void>,
    versions = Object.keys(VERSIONS) as readonly VersionFlag[],
  ): Promise<void> {
    for (const flag of versions) await act(flag, VERSIONS[flag]);
  }

  /** A file of this program. */
  async file(name: string, text: string): Promise<string> {
    const path = `${this.directory}/${name}`;
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(path, text);
    return path;
  }

  /** Runs `sub`, publishes once it has subscribed, and returns how it ended. */
  async subscribed(
    running: () => Promise<FluxRun>,
    messages: readonly Message[],
    version: ProtocolVersion = 5,
  ): Promise<FluxRun> {
    let isOver = false;
    const run = running().finally(() => void (isOver = true));
    // How it failed is told below, where it is waited for.
    run.catch(() => {});
    // Nothing waits on for a command that has ended: it would go on into the next test.
    const { router } = this.server.broker.core;
    await until("it has subscribed", () => isOver || router.size > this.#others);
    await this.#ends.even();
    await this.publish(messages, version);
    return await run;
  }

  /** Publishes messages, and waits until the brokers have them. */
  async publish(messages: readonly Message[], version: ProtocolVersion = 5): Promise<void> {
    using client = await RawClient.connect(this.farPort, { protocolVersion: version });
    for (const { topicName, payload, qos = 0, retain = false, properties } of messages) {
      const packet = publishPacket(topicName, payload, qos, qos === 0 ? 0 : 1) as Publish;
      await client.send({ ...packet, retain, properties });
    }
    await client.ping();
    await this.#ends.even();
  }

  /** Runs a command that publishes, and returns what a subscriber of `#` got of it. */
  async heard(
    running: () => Promise<FluxRun>,
    count: number,
    qos: Qos = 0,
    version: ProtocolVersion = 5,
  ): Promise<Publish[]> {
    using client = await RawClient.connect(this.farPort, { protocolVersion: version });
    await client.subscribe("#", qos);
    const { status, error } = await running();
    assert.deepEqual([status, error], [0, ""]);
    const heard: Publish[] = [];
    while (heard.length < count) {
      const packet = await client.receive();
      assert.equal(packet?.type, "publish");
      heard.push(packet);
    }
    return heard;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ends[Symbol.asyncDispose]();
    await Deno.remove(this.directory, { recursive: true });
  }
}

/** A message that a program publishes. */
export interface Message {
  readonly topicName: string;
  readonly payload: string | Uint8Array;
  readonly qos?: Qos;
  readonly retain?: boolean;
  readonly properties?: Properties;
}

/** What is compared of a message that was heard. */
export function gist({ topicName, payload, qos, retain, properties }: Publish) {
  const text = new TextDecoder().decode(payload);
  return { topicName, text, qos, retain, ...properties === undefined ? {} : { properties } };
}
