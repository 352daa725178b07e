import { equal } from "node:assert/strict";
import { MqttClient } from "../../lib/client/mod.ts";
import type { ClusterOptions } from "../../lib/cluster/mod.ts";
import {
  JetStream,
  NatsConnection,
  NatsError,
  ObjectStore,
  type StreamInfo,
} from "../../lib/cluster/nats/mod.ts";
import { damagedSubject } from "../../lib/cluster/snapshot.ts";
import { parseNatsPlaces } from "../../lib/config/mod.ts";
import { BrokerProcess } from "../support/broker_process.ts";
import { type NatsServer, until } from "../support/nats_server.ts";
import { RawClient } from "../support/raw_client.ts";

/** The least that can be set: a snapshot is due at a quarter of it. */
const LOG_BYTES = 1024 * 1024;
/** A session that outlives its connection. */
export const SESSION = { cleanStart: false, properties: { sessionExpiryInterval: 3600 } };

/** Nodes of a cluster as processes, with stores in one directory. */
export class Cluster {
  readonly directory = Deno.makeTempDirSync({ prefix: "flux-cluster-" });
  readonly #brokers = new Set<BrokerProcess>();
  readonly #look: NatsConnection;
  #lastSnapshot = -1;

  constructor(readonly nats: NatsServer) {
    this.#look = new NatsConnection({
      places: parseNatsPlaces(nats.url),
      credentials: { kind: "none" },
      tls: { caCerts: [] },
      name: "test",
    });
  }

  async start(node: string, ...more: readonly string[]): Promise<BrokerProcess> {
    const flags = ["--cluster", this.nats.url, "--cluster-node", node];
    const limits = ["--cluster-max-log-bytes", `${LOG_BYTES}`, "--max-queued-messages", "0"];
    const broker = await BrokerProcess.start({
      flags: [...flags, ...limits, "--persistence-location", `${this.directory}/${node}`, ...more],
    });
    this.#brokers.add(broker);
    return broker;
  }

  get options(): ClusterOptions {
    return {
      places: parseNatsPlaces(this.nats.url),
      credentials: { kind: "none" },
      caCerts: [],
      name: "flux",
      node: "looker",
      replicas: 1,
      maxLogBytes: LOG_BYTES,
      isolationTimeoutMs: 0,
    };
  }

  /** Where snapshots are. */
  get objects(): ObjectStore {
    return new ObjectStore(new JetStream(this.#look), "FLUX_flux_snapshots");
  }

  /** Where the log stands. */
  async log(): Promise<StreamInfo> {
    await until("NATS is there", () => this.#look.isConnected);
    return (await new JetStream(this.#look).streamInfo("FLUX_flux"))!;
  }

  /** Waits until there is a snapshot that goes farther than the one before. */
  async snapshot(): Promise<void> {
    const { objects } = this;
    const sequence = async () =>
      Number((await objects.info("snapshot"))?.info.metadata["sequence"]);
    try {
      await until("a snapshot is made", async () => {
        try {
          if (!(await sequence() > this.#lastSnapshot)) return false;
          this.#lastSnapshot = await sequence();
          return true;
        } catch (error) {
          if (!(error instanceof NatsError)) throw error;
          return false;
        }
      }, 60_000);
    } catch (error) {
      const logs = [...this.#brokers].map(({ log }) => log).join("\n");
      throw new Error(`${error}\n${JSON.stringify(await this.log())}\n${logs}`);
    }
  }

  /** Resolves when a node says that the snapshot is damaged. */
  damageSaid(): Promise<void> {
    return new Promise((resolve) => this.#look.subscribe(damagedSubject("flux"), () => resolve()));
  }

  /** The number of the first record that is there. */
  async first(): Promise<number> {
    return (await this.log()).firstSequence;
  }

  /** Ends all nodes properly, the last one first: what it says at its end the others still hear. */
  async stop(): Promise<void> {
    for (const broker of [...this.#brokers].reverse()) if (!broker.isEnded) await broker.stop();
  }

  /** What a node has logged, over all its starts. */
  logOf(node: string): string {
    return [...this.#brokers].map(({ log }) => log).filter((log) => log.includes(`node=${node}`))
      .join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const broker of this.#brokers) await broker.kill();
    await this.#look.close();
    await Deno.remove(this.directory, { recursive: true });
  }
}

/** A client with a session that outlives its connection; `got` has topic and beginning of what it gets. */
export const connect = (broker: BrokerProcess, clientId: string, got?: string[]) =>
  MqttClient.connect({
    hostname: "127.0.0.1",
    port: broker.port,
    clientId,
    ...SESSION,
    onMessage: ({ topicName, payload }) => {
      got?.push(`${topicName} ${new TextDecoder().decode(payload.subarray(0, 8)).trimEnd()}`);
    },
  });

/** A text of a thousand bytes. */
export const padded = (text: string) => text.padEnd(8) + "x".repeat(1000);

/** The client "unreleased" has sent a message of QoS 2, Packet Identifier 7, which it has not released, and is away. */
export async function leaveUnreleased(broker: BrokerProcess): Promise<void> {
  const client = await RawClient.connect(broker.port, { clientId: "unreleased", ...SESSION });
  await client.send({
    type: "publish",
    topicName: "k/unreleased",
    payload: new TextEncoder().encode(padded("u")),
    qos: 2,
    retain: false,
    dup: false,
    packetId: 7,
    properties: {},
  });
  equal((await client.receive())?.type, "pubrec");
  client.close();
}

/** Retains a message at each of `r/0` to `r/49`. */
export async function retainFifty(publisher: MqttClient): Promise<void> {
  for (let i = 0; i < 50; i++) {
    await publisher.publish(`r/${i}`, padded(`${i}`), { qos: 1, retain: true });
  }
}
