import { MqttClient } from "../../lib/client/mod.ts";
import { encodePacket } from "../../lib/codec/mod.ts";
import type { BrokerProcess } from "../../tests/support/broker_process.ts";
import { Certificates } from "../../tests/support/certificates.ts";
import type { RawStream } from "../../tests/support/raw_client.ts";
import { RawWebSocket } from "../../tests/support/raw_web_socket.ts";
import { hasOpenssl, makeCertificates } from "../certs.ts";
import { inGroups, pause, placeOf } from "./process.ts";

/** One kind of thing that the broker holds in memory. */
export interface Subject {
  readonly name: string;
  /** How many are weighed. */
  readonly count: number;
  /** What is counted of each, where that is more than one. */
  readonly entriesEach?: number;
  /** Each of them is a connection that stays open. */
  readonly connects?: boolean;
  readonly isStored?: boolean;
  /** Of the broker. */
  readonly flags?: readonly string[];
  /** Gives the broker those with the numbers from `first` on; what it returns lets go of what they need on this side. */
  readonly add: (broker: BrokerProcess, first: number, count: number) => Promise<() => void>;
  /** Throws where one of so many is not there. */
  readonly check: (broker: BrokerProcess, count: number) => Promise<void>;
}

/** All that there are, and why others are not; disposing removes the certificates. */
export interface Subjects extends AsyncDisposable {
  readonly list: readonly Subject[];
  readonly skipped: readonly string[];
}

/** Clients that come at once. */
const AT_ONCE = 50;
/** Messages and filters under way at once. */
const MESSAGES_AT_ONCE = 500;
const FILTERS_AT_ONCE = 1000;
const PAYLOAD = new Uint8Array(100);
/** Of every subscription. */
const QOS_1 = { qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
const SHARING_CLIENTS = 100;
const DISCONNECT = new Uint8Array([0xe0, 0]);
/** A second for each so many messages must do, and no less than ten. */
const LEAST_PER_SECOND = 2000;
/** Every so many sessions one is asked for. */
const SAMPLE_STEP = 100;

/** Makes the list, with certificates where there is openssl. */
export async function subjects(): Promise<Subjects> {
  const directory = await Deno.makeTempDir({ prefix: "flux-weigh-" });
  const hasTls = await hasOpenssl();
  if (hasTls) await makeCertificates({ directory });
  const tls = hasTls ? [1000, 2000].map((count) => idle("TLS", count, secure(directory))) : [];
  return {
    list: [
      ...[1000, 5000, 10_000].map((count) => idle("TCP", count, PLAIN)),
      ...tls,
      ...[1000, 2000].map((count) => idle("WebSocket", count, WEB_SOCKET)),
      SESSIONS,
      subscriptions("subscription without a wildcard", (i) => `site-${i % 1000}/device-${i}/state`),
      subscriptions("subscription with +", (i) => `site-${i % 1000}/device-${i}/+/state`),
      RETAINED,
      queued("message queued for a client that is away", 100_000, 1),
      queued("message queued for 100 clients that are away, per queue", 1000, SHARING_CLIENTS),
    ],
    skipped: hasTls ? [] : ["TLS: openssl is not installed"],
    [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }),
  };
}

/** What lies below MQTT. */
interface Way {
  readonly flags: readonly string[];
  readonly open: (port: number) => Promise<RawStream>;
}

const PLAIN: Way = {
  flags: [],
  open: (port) => Deno.connect({ hostname: "127.0.0.1", port }),
};
const WEB_SOCKET: Way = {
  flags: ["--protocol", "websockets"],
  open: (port) => RawWebSocket.connect(port),
};

function secure(directory: string): Way {
  const files = new Certificates(directory);
  const { certfile, keyfile } = files.server;
  return {
    flags: ["--certfile", certfile, "--keyfile", keyfile],
    open: (port) => files.connect(port),
  };
}

/** Clients that connect, and say nothing more. */
function idle(what: string, count: number, way: Way): Subject {
  return {
    name: `idle connection over ${what}`,
    count,
    connects: true,
    flags: way.flags,
    async add({ port }, first, count) {
      const streams = await inGroups(count, AT_ONCE, async (i) => {
        const stream = await way.open(port);
        await introduce(stream, `idle-${first + i}`, true);
        return stream;
      });
      return () => streams.forEach((stream) => stream.close());
    },
    check(broker, count) {
      const open = broker.descriptorCount();
      if (open >= count) return Promise.resolve();
      return Promise.reject(new Error(`Of ${count} connections at most ${open} are open`));
    },
  };
}

const SESSIONS: Subject = {
  name: "session of a client that is away",
  count: 10_000,
  isStored: true,
  async add({ port }, first, count) {
    await inGroups(count, AT_ONCE, async (i) => {
      const stream = await PLAIN.open(port);
      await introduce(stream, `away-${first + i}`, false);
      await stream.write(DISCONNECT);
      await stream.read(new Uint8Array(1)); // the end
      stream.close();
    });
    return () => {};
  },
  async check(broker, count) {
    for (let i = 0; i < count; i += SAMPLE_STEP) await (await returning(broker, i)).disconnect();
  },
};

/** All of one client, as those of a program that looks at everything. */
function subscriptions(name: string, filterOf: (i: number) => string): Subject {
  return {
    name,
    count: 100_000,
    async add(broker, first, count) {
      const client = await MqttClient.connect({ ...placeOf(broker), keepAliveSeconds: 0 });
      for (let i = 0; i < count; i += FILTERS_AT_ONCE) {
        const length = Math.min(FILTERS_AT_ONCE, count - i);
        const { reasonCodes } = await client.subscribe(
          Array.from({ length }, (_, k) => ({ topicFilter: filterOf(first + i + k), ...QOS_1 })),
        );
        if (reasonCodes.some((code) => code !== 1)) throw new Error("A subscription was refused");
      }
      return () => client.abort();
    },
    check: () => Promise.resolve(), // Every one has been acknowledged.
  };
}

const RETAINED: Subject = {
  name: "retained message of 100 bytes",
  count: 100_000,
  isStored: true,
  async add(broker, first, count) {
    await publish(broker, count, (i) => `retained/site-${i % 1000}/device-${first + i}`, true);
    return () => {};
  },
  async check(broker, count) {
    let received = 0;
    const client = await MqttClient.connect({ ...placeOf(broker), onMessage: () => received++ });
    await client.subscribe([{ topicFilter: "retained/#", ...QOS_1 }]);
    await arrival(() => received, count);
    await client.disconnect();
  },
};

/** Messages for clients that have gone. */
function queued(name: string, count: number, clients: number): Subject {
  return {
    name,
    count,
    entriesEach: clients,
    isStored: true,
    flags: ["--max-queued-messages", "0", "--max-queued-bytes", "0"],
    async add(broker, first, count) {
      if (first === 0) {
        for (let i = 0; i < clients; i++) await subscribeAndLeave(broker, i);
      }
      await publish(broker, count, (i) => `queued/device-${i % 1000}`, false);
      return () => {};
    },
    async check(broker, count) {
      for (let i = 0; i < clients; i++) {
        let received = 0;
        const client = await returning(broker, i, () => received++);
        await arrival(() => received, count);
        await client.disconnect();
      }
    },
  };
}

async function subscribeAndLeave(broker: BrokerProcess, i: number): Promise<void> {
  const client = await MqttClient.connect({
    ...placeOf(broker),
    protocolVersion: 4,
    clientId: `away-${i}`,
    cleanStart: false,
  });
  await client.subscribe([{ topicFilter: "queued/#", ...QOS_1 }]);
  await client.disconnect();
}

/** A client that was away; throws where its session is gone. */
async function returning(
  broker: BrokerProcess,
  i: number,
  onMessage = () => {},
): Promise<MqttClient> {
  const client = await MqttClient.connect({
    ...placeOf(broker),
    protocolVersion: 4,
    clientId: `away-${i}`,
    cleanStart: false,
    onMessage,
  });
  if (!client.connack.sessionPresent) throw new Error(`The session of away-${i} is gone`);
  return client;
}

/** Says CONNECT with 3.1.1 and expects to be let in. */
async function introduce(stream: RawStream, clientId: string, cleanStart: boolean): Promise<void> {
  const connect = { type: "connect", protocolVersion: 4, keepAliveSeconds: 0 } as const;
  await stream.write(encodePacket({ ...connect, clientId, cleanStart }, 4));
  const connack = new Uint8Array(4);
  for (let at = 0; at < connack.length;) {
    const count = await stream.read(connack.subarray(at));
    if (count === null) throw new Error(`The broker did not answer ${clientId}`);
    at += count;
  }
  if (connack[0] !== 0x20 || connack[3] !== 0) throw new Error(`${clientId} was refused`);
}

/** QoS 1, each message acknowledged. */
async function publish(
  broker: BrokerProcess,
  count: number,
  nameOf: (i: number) => string,
  retain: boolean,
): Promise<void> {
  const client = await MqttClient.connect(placeOf(broker));
  await inGroups(count, MESSAGES_AT_ONCE, async (i) => {
    const reasonCode = await client.publish(nameOf(i), PAYLOAD, { qos: 1, retain });
    if (reasonCode >= 0x80) throw new Error(`A message was refused: 0x${reasonCode.toString(16)}`);
  });
  await client.disconnect();
}

/** Waits until so many messages have come; throws where they do not, or more come. */
async function arrival(received: () => number, count: number): Promise<void> {
  const endMs = performance.now() + Math.max(10, count / LEAST_PER_SECOND) * 1000;
  while (received() < count && performance.now() < endMs) await pause(10);
  if (received() !== count) throw new Error(`Of ${count} messages ${received()} came`);
}
