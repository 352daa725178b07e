import { strict as assert } from "node:assert";
import {
  type AccessFunctions,
  DEFAULT_LISTENER_ACCESS,
  FileAccess,
  FunctionAccess,
  hashPassword,
  type ListenerAccess,
  makeScramCredential,
} from "../../lib/auth/mod.ts";
import type { AccessPort } from "../../lib/broker/mod.ts";
import { ClientError, MqttClient } from "../../lib/client/mod.ts";
import {
  type Auth,
  type Connect,
  decodePacket,
  encodePacket,
  frameLength,
  type Packet,
} from "../../lib/codec/mod.ts";
import { Server } from "../../lib/net/mod.ts";
import { ScramClient } from "../support/scram_client.ts";
import { LogLines, MemoryFiles } from "./access_support.ts";

const text = (text: string) => new TextEncoder().encode(text);

function serverTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: true, sanitizeResources: true });
}

/** A server with listeners of these names; `connect` makes a client of one of them. */
async function withServer(
  access: AccessPort,
  names: readonly string[],
  use: (
    connect: (listener: string, userName?: string, password?: string) => Promise<MqttClient>,
    ports: ReadonlyMap<string, number>,
  ) => Promise<void>,
): Promise<void> {
  const server = new Server({ access });
  const ports = new Map(
    names.map((
      name,
    ) => [name, server.listen({ port: 0, options: { name, allowAnonymous: false } })]),
  );
  const clients: MqttClient[] = [];
  try {
    await use(async (listener, userName, password) => {
      const client = await MqttClient.connect({
        hostname: "127.0.0.1",
        port: ports.get(listener)!,
        ...userName === undefined ? {} : { userName },
        ...password === undefined ? {} : { password: text(password) },
      });
      clients.push(client);
      return client;
    }, ports);
  } finally {
    for (const client of clients) client.abort();
    await Promise.all(clients.map((client) => client.closed));
    await server.close();
  }
}

function refusedWith(reasonCode: number): (error: unknown) => boolean {
  return (error) => error instanceof ClientError && error.reasonCode === reasonCode;
}

function openFiles(
  texts: Readonly<Record<string, string>>,
  listeners: Readonly<Record<string, Partial<ListenerAccess>>>,
): FileAccess {
  const files = new MemoryFiles();
  for (const [path, text] of Object.entries(texts)) files.set(path, text);
  const opened = FileAccess.open({
    listeners: new Map(
      Object.entries(listeners).map((
        [name, access],
      ) => [name, { ...DEFAULT_LISTENER_ACCESS, ...access }]),
    ),
    log: new LogLines(),
    maxFailureDelaySeconds: 0,
    files,
  });
  if (!(opened instanceof FileAccess)) throw new Error(opened.join("\n"));
  return opened;
}

serverTest("Listeners have users and rules of their own", async () => {
  const access = openFiles({
    inside: `alice:${hashPassword(text("in"), 10)}`,
    outside: `alice:${hashPassword(text("out"), 10)}`,
    acl: "user alice\ntopic read a\n",
  }, { inside: { passwordFile: "inside" }, outside: { passwordFile: "outside", aclFile: "acl" } });
  await withServer(access, ["inside", "outside"], async (connect) => {
    await assert.rejects(connect("inside", "alice", "out"), refusedWith(0x86));
    await assert.rejects(connect("outside", "alice", "in"), refusedWith(0x86));
    await assert.rejects(connect("outside"), refusedWith(0x87));
    const inside = await connect("inside", "alice", "in");
    const outside = await connect("outside", "alice", "out");
    assert.equal(await inside.publish("a", text("1"), { qos: 1 }), 0x10);
    assert.equal(await outside.publish("a", text("1"), { qos: 1 }), 0x87);
  });
});

const subscription = (topicFilter: string) => ({
  topicFilter,
  qos: 0 as const,
  noLocal: false,
  retainAsPublished: false,
  retainHandling: 0 as const,
});

const later = <T>(value: T) => new Promise<T>((resolve) => setTimeout(resolve, 5, value));

serverTest(
  "A program's own functions, which take their time, decide who comes in and does what",
  async () => {
    const functions: AccessFunctions = {
      authenticate: ({ password }) => later(new TextDecoder().decode(password) === "token"),
      authorize: (client, { type, topic }) =>
        later(topic.startsWith(`${client.userName}/`) || type === "subscribe" && topic === "all"),
    };
    await withServer(new FunctionAccess(functions), ["x"], async (connect) => {
      await assert.rejects(connect("x", "alice", "no"), refusedWith(0x87));
      const client = await connect("x", "alice", "token");
      const messages: string[] = [];
      client.onMessage = ({ topicName, payload }) =>
        messages.push(`${topicName} ${new TextDecoder().decode(payload)}`);
      const { reasonCodes } = await client.subscribe(["alice/#", "all", "bob/#"].map(subscription));
      assert.deepEqual(reasonCodes, [0, 0, 0x87]);
      const codes = ["alice/1", "bob/1", "alice/2", "alice/1"].map((topic, i) =>
        client.publish(topic, text(String(i)), { qos: (i % 2 + 1) as 1 | 2 })
      );
      assert.deepEqual(await Promise.all(codes), [0, 0x87, 0, 0]);
      await client.subscribe([subscription("alice/3")]);
      assert.deepEqual(messages, ["alice/1 0", "alice/2 2", "alice/1 3"]);
    });
  },
);

/** A 5.0 connection whose packets the test makes itself. */
class RawClient {
  readonly #conn: Deno.TcpConn;
  #bytes = new Uint8Array();

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  static async open(port: number): Promise<RawClient> {
    return new RawClient(await Deno.connect({ port, hostname: "127.0.0.1" }));
  }

  /** Sends a packet, and returns the next one that comes; `undefined`: the end. */
  async ask(packet: Packet): Promise<Packet | undefined> {
    await this.#conn.write(encodePacket(packet, 5));
    return await this.next();
  }

  async next(): Promise<Packet | undefined> {
    for (;;) {
      const length = frameLength(this.#bytes, 0, this.#bytes.length, Infinity);
      if (length > 0 && length <= this.#bytes.length) {
        const packet = decodePacket(this.#bytes, 0, length, 5);
        this.#bytes = this.#bytes.slice(length);
        return packet;
      }
      const buffer = new Uint8Array(4096);
      const count = await this.#conn.read(buffer);
      if (count === null) return undefined;
      this.#bytes = new Uint8Array([...this.#bytes, ...buffer.subarray(0, count)]);
    }
  }

  close(): void {
    this.#conn.close();
  }
}

const METHOD = "SCRAM-SHA-256";

function scramConnect(first: Uint8Array, method = METHOD): Connect {
  return {
    type: "connect",
    protocolVersion: 5,
    cleanStart: true,
    keepAliveSeconds: 0,
    clientId: "c",
    properties: { authenticationMethod: method, authenticationData: first },
  };
}

function scramAuth(data: Uint8Array, reasonCode: Auth["reasonCode"] = 0x18): Auth {
  return {
    type: "auth",
    reasonCode,
    properties: { authenticationMethod: METHOD, authenticationData: data },
  };
}

function dataOf(packet: Packet | undefined): Uint8Array {
  assert(packet !== undefined && "properties" in packet);
  return (packet.properties as { authenticationData: Uint8Array }).authenticationData;
}

/** SCRAM from CONNECT to what the broker says in the end. */
async function logIn(client: RawClient, scram: ScramClient): Promise<Packet | undefined> {
  const challenge = await client.ask(scramConnect(scram.first()));
  return await client.ask(scramAuth(scram.final(dataOf(challenge))));
}

async function withScram(use: (port: number) => Promise<void>): Promise<void> {
  const users = ["alice:pencil", "bob:rubber"].map((user) => {
    const [name, password] = user.split(":");
    return `${name}:${makeScramCredential(password!, 4096)}`;
  });
  const access = openFiles({ users: users.join("\n"), acl: "user alice\ntopic a\n" }, {
    x: { scramFile: "users", aclFile: "acl" },
  });
  await withServer(access, ["x"], (_, ports) => use(ports.get("x")!));
}

serverTest(
  "SCRAM-SHA-256: client and broker prove themselves, in CONNECT and again in the connection [MQTT-4.12.0-2] [MQTT-4.12.1-1]",
  async () => {
    await withScram(async (port) => {
      const client = await RawClient.open(port);
      const scram = new ScramClient("alice", "pencil");
      const connack = await logIn(client, scram);
      assert(connack?.type === "connack" && connack.reasonCode === 0);
      assert(scram.isServer(dataOf(connack)));
      // The user name that was proved is the one that the rules mean.
      const publish = {
        type: "publish",
        payload: text("1"),
        qos: 1,
        retain: false,
        dup: false,
        packetId: 1,
        properties: undefined,
      } as const;
      const puback = await client.ask({ ...publish, topicName: "a" });
      assert(puback?.type === "puback" && puback.reasonCode === 0x10);
      const refused = await client.ask({ ...publish, topicName: "b" });
      assert(refused?.type === "puback" && refused.reasonCode === 0x87);

      const again = new ScramClient("alice", "pencil");
      const challenge = await client.ask(scramAuth(again.first(), 0x19));
      assert(challenge?.type === "auth" && challenge.reasonCode === 0x18);
      const success = await client.ask(scramAuth(again.final(dataOf(challenge))));
      assert(success?.type === "auth" && success.reasonCode === 0);
      assert(again.isServer(dataOf(success)));
      client.close();
    });
  },
);

for (
  const [user, password, why] of [
    ["alice", "rubber", "the password is another's"],
    ["carol", "pencil", "there is no such user"],
  ] as const
) {
  serverTest(`SCRAM-SHA-256 is refused with 0x87 where ${why}`, async () => {
    await withScram(async (port) => {
      const client = await RawClient.open(port);
      const connack = await logIn(client, new ScramClient(user, password));
      assert(connack?.type === "connack" && connack.reasonCode === 0x87);
      assert.equal(await client.next(), undefined);
      client.close();
    });
  });
}

serverTest(
  "A re-authentication that fails, or as another user, ends the connection [MQTT-4.12.1-2]",
  async () => {
    for (const [user, password] of [["alice", "wrong"], ["bob", "rubber"]] as const) {
      await withScram(async (port) => {
        const client = await RawClient.open(port);
        await logIn(client, new ScramClient("alice", "pencil"));
        const scram = new ScramClient(user, password);
        const challenge = await client.ask(scramAuth(scram.first(), 0x19));
        const disconnect = await client.ask(scramAuth(scram.final(dataOf(challenge))));
        assert(disconnect?.type === "disconnect" && disconnect.reasonCode === 0x87);
        client.close();
      });
    }
  },
);

serverTest("A method that is not SCRAM-SHA-256 is refused with 0x8C [MQTT-4.12.0-1]", async () => {
  await withScram(async (port) => {
    const client = await RawClient.open(port);
    const connack = await client.ask(scramConnect(text("n,,n=alice,r=abc"), "SCRAM-SHA-1"));
    assert(connack?.type === "connack" && connack.reasonCode === 0x8c);
    client.close();
  });
});
