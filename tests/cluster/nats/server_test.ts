import { deepEqual, equal, match, rejects } from "node:assert/strict";
import {
  type ClientCertificate,
  type Credentials,
  JetStream,
  KeyValue,
  NatsConnection,
  NatsError,
  parseCredentialsFile,
  parseSeedFile,
  publicNkey,
  seedOf,
  Tail,
} from "../../../lib/cluster/nats/mod.ts";
import { parseNatsPlaces } from "../../../lib/config/cluster_address.ts";
import { NatsServer, natsTest, until, whyNoNatsServer } from "../../support/nats_server.ts";
import { certificateTest } from "../../support/certificates.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const NONE: Credentials = { kind: "none" };

function connect(
  urls: string,
  credentials: Credentials = NONE,
  more: {
    caCerts?: readonly string[];
    own?: ClientCertificate;
    onLost?: (reason: string) => void;
  } = {},
) {
  const { caCerts = [], own, onLost } = more;
  return new NatsConnection({
    places: parseNatsPlaces(urls),
    credentials,
    tls: { caCerts, own },
    name: "test",
    ...onLost === undefined ? {} : { onLost },
  });
}

const streamOf = (name: string) => ({
  name,
  subjects: [`${name}.>`],
  num_replicas: 1,
  max_bytes: -1,
  max_msgs_per_subject: -1,
  duplicate_window: 120e9,
});

natsTest("a message reaches who subscribes, with wildcards, and not its publisher", async () => {
  await using server = await NatsServer.start();
  const one = connect(server.url);
  const other = connect(server.url);
  const got: string[] = [];
  const own: string[] = [];
  other.subscribe(
    "a.>",
    ({ subject, payload }) => got.push(`${subject} ${decoder.decode(payload)}`),
  );
  one.subscribe("a.>", ({ subject }) => own.push(subject));
  await until("both are in", () => one.isConnected && other.isConnected);
  await until("it has come", () => {
    one.publish("a.b.c", encoder.encode("x"));
    return got.length > 0;
  });
  equal(got[0], "a.b.c x");
  equal(own.length, 0);
  await Promise.all([one.close(), other.close()]);
});

natsTest("a request is answered; one that nobody hears fails at once", async () => {
  await using server = await NatsServer.start();
  const one = connect(server.url);
  const other = connect(server.url);
  other.subscribe("double", ({ reply, payload }) => {
    other.publish(reply, encoder.encode(decoder.decode(payload).repeat(2)));
  });
  await until("both are in", () => one.isConnected && other.isConnected);
  await until("it is answered", async () => {
    try {
      const { payload } = await one.request("double", encoder.encode("ab"), { timeoutMs: 5000 });
      return decoder.decode(payload) === "abab";
    } catch {
      return false;
    }
  });
  await rejects(
    one.request("nobody", new Uint8Array(0), { timeoutMs: 5000 }),
    (error: unknown) => error instanceof NatsError && error.kind === "no_responders",
  );
  await Promise.all([one.close(), other.close()]);
});

const LOGINS: [
  name: string,
  config: (key: string) => string,
  credentials: (seed: string) => Credentials,
][] = [
  [
    "user and password",
    () => "authorization { user: u, password: p }",
    () => ({ kind: "password", user: "u", password: "p" }),
  ],
  ["a token", () => "authorization { token: t }", () => ({ kind: "token", token: "t" })],
  [
    "an nkey",
    (key) => `authorization { users: [ { nkey: ${key} } ] }`,
    (seed) => parseSeedFile(`# a comment\n${seed}\n`),
  ],
];
for (const [name, config, credentials] of LOGINS) {
  natsTest(`a server lets in ${name}, and nobody else`, async () => {
    const seed = seedOf(crypto.getRandomValues(new Uint8Array(32)));
    await using server = await NatsServer.start(config(await publicNkey(seed)));
    const right = connect(server.url, credentials(seed));
    await until("it is in", () => right.isConnected);
    const reasons: string[] = [];
    const wrong = connect(server.url, NONE, { onLost: (reason) => reasons.push(reason) });
    await until("it is refused", () => reasons.length > 0);
    equal(reasons[0]!.includes("uthorization"), true, reasons[0]);
    equal(wrong.isConnected, false);
    await Promise.all([right.close(), wrong.close()]);
  });
}

Deno.test("a credentials file is read, and a damaged one refused", async () => {
  const seed = seedOf(new Uint8Array(32).fill(7));
  const text = (key: string) =>
    `-----BEGIN NATS USER JWT-----\nab.cd.ef\n------END NATS USER JWT------\n\n` +
    `-----BEGIN USER NKEY SEED-----\n${key}\n------END USER NKEY SEED------\n`;
  deepEqual(parseCredentialsFile(text(seed)), { kind: "nkey", seed, jwt: "ab.cd.ef" });
  equal((await publicNkey(seed)).startsWith("U"), true);
  const damaged = seed[20] === "A" ? "B" : "A";
  await rejects(async () => {
    await Promise.resolve();
    parseCredentialsFile(text(seed.slice(0, 20) + damaged + seed.slice(21)));
  }, TypeError);
});

const WHY_NOT = whyNoNatsServer();
if (WHY_NOT === undefined) {
  certificateTest(
    "TLS: a server of our authority is good, one that nobody knows is not",
    async (files) => {
      const { certfile, keyfile } = files.server;
      await using server = await NatsServer.start(
        `tls { cert_file: "${certfile}", key_file: "${keyfile}" }`,
      );
      const url = `tls://localhost:${server.port}`;
      const good = connect(url, NONE, { caCerts: [files.text("ca.crt")] });
      await until("it is in", () => good.isConnected);
      const reasons: string[] = [];
      const bad = connect(url, NONE, { onLost: (reason) => reasons.push(reason) });
      await until("it is refused", () => reasons.length > 0);
      equal(bad.isConnected, false);
      await Promise.all([good.close(), bad.close()]);
    },
  );
  certificateTest(
    "TLS: a server that asks for certificates lets in who has one of its authority, and nobody else",
    async (files) => {
      const { certfile, keyfile } = files.server;
      await using server = await NatsServer.start(
        `tls { cert_file: "${certfile}", key_file: "${keyfile}", ca_file: "${
          files.path("ca.crt")
        }", verify: true }`,
      );
      const url = `tls://localhost:${server.port}`;
      const caCerts = [files.text("ca.crt")];
      const own = { cert: files.text("client.crt"), key: files.text("client.key") };
      const good = connect(url, NONE, { caCerts, own });
      await until("it is in", () => good.isConnected);
      const got: string[] = [];
      good.subscribe("a", ({ payload }) => got.push(decoder.decode(payload)));
      const other = connect(url, NONE, { caCerts, own });
      await until("it is in", () => other.isConnected);
      const large = "x".repeat(300_000);
      await until("a large message comes", () => {
        other.publish("a", encoder.encode(large));
        return got.includes(large);
      });
      const reasons: string[] = [];
      const bad = connect(url, NONE, { caCerts, onLost: (reason) => reasons.push(reason) });
      await until("it is refused", () => reasons.length > 0);
      equal(bad.isConnected, false);
      // The server says that after the handshake, more than once, and hangs up: the process has to outlive that.
      const swapped = connect(url, NONE, {
        caCerts,
        own: { cert: own.key, key: own.cert },
        onLost: (reason) => reasons.push(reason),
      });
      reasons.length = 0;
      await until("it is refused again and again", () => reasons.length > 3);
      equal(swapped.isConnected, false);
      await Promise.all([good.close(), other.close(), bad.close(), swapped.close()]);
    },
  );
}

natsTest("a server that refuses, or has no TLS, is named with what it was shown", async () => {
  await using server = await NatsServer.start("authorization { user: node, password: secret }");
  const wrong = { kind: "password", user: "node", password: "wrong" } as const;
  const ways: [credentials: Credentials, isTls: boolean, like: RegExp][] = [
    [NONE, false, /^Cannot log in at nats:\S+ without a user: Authorization Violation$/],
    [wrong, false, /^Cannot log in at nats:\S+ as user node with its password: Authorization Viol/],
    [{ kind: "token", token: "x" }, false, /^Cannot log in at nats:\S+ with the token: Authori/],
    [NONE, true, /^Cannot connect to tls:\S+: the server offers no TLS$/],
  ];
  for (const [credentials, isTls, like] of ways) {
    const reasons: string[] = [];
    const url = `${isTls ? "tls" : "nats"}://127.0.0.1:${server.port}`;
    const nats = connect(url, credentials, { onLost: (reason) => reasons.push(reason) });
    await until("it is refused", () => reasons.length > 0);
    match(reasons[0]!, like);
    await nats.close();
  }
});

natsTest("JetStream stores a message of one Nats-Msg-Id once", async () => {
  await using server = await NatsServer.start();
  const nats = connect(server.url);
  const jetStream = new JetStream(nats);
  await until("it is in", () => nats.isConnected);
  await jetStream.ensureStream(streamOf("S"));
  await jetStream.ensureStream(streamOf("S"));
  const id = [["Nats-Msg-Id", "one"]] as const;
  const first = await jetStream.publish("S.a", encoder.encode("x"), id);
  const again = await jetStream.publish("S.a", encoder.encode("x"), id);
  deepEqual([first, again], [{ sequence: 1, isDuplicate: false }, {
    sequence: 1,
    isDuplicate: true,
  }]);
  equal((await jetStream.streamInfo("S"))!.lastSequence, 1);
  equal(await jetStream.streamInfo("T"), undefined);
  await nats.close();
});

natsTest("KeyValue: of two who put after the same revision one wins", async () => {
  await using server = await NatsServer.start();
  const nats = connect(server.url);
  const bucket = new KeyValue(new JetStream(nats), "B");
  await until("it is in", () => nats.isConnected);
  await bucket.ensure(1);
  equal(await bucket.get("k"), undefined);
  const puts = await Promise.all(
    ["a", "b"].map((text) => bucket.put("k", encoder.encode(text), 0)),
  );
  equal(puts.filter((revision) => revision !== undefined).length, 1);
  const { value, revision } = (await bucket.get("k"))!;
  equal(["a", "b"].includes(decoder.decode(value)), true);
  const third = await bucket.put("k", encoder.encode("c"), revision);
  deepEqual(await bucket.get("k"), { value: encoder.encode("c"), revision: third });
  await nats.close();
});

natsTest("Tail reads all in order and once while the server is killed and comes back", async () => {
  await using server = await NatsServer.start("", undefined);
  const nats = connect(server.url);
  const jetStream = new JetStream(nats);
  await until("it is in", () => nats.isConnected);
  await jetStream.ensureStream(streamOf("S"));
  const got: number[] = [];
  const texts: string[] = [];
  const tail = new Tail(nats, jetStream, "S", 1, {
    message: (sequence, _, payload) => {
      got.push(sequence);
      texts.push(decoder.decode(payload));
    },
    gap: (expected, from) => texts.push(`gap ${expected} ${from}`),
    trouble: () => {},
  });
  const put = async (from: number, to: number) => {
    for (let i = from; i < to; i++) {
      for (;;) {
        try {
          await jetStream.publish("S.a", encoder.encode(`${i}`), [["Nats-Msg-Id", `${i}`]]);
          break;
        } catch {
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      }
    }
  };
  await put(0, 600);
  await until("all have come", () => got.length >= 600);
  await server.kill();
  const rest = put(600, 1000);
  await server.restart();
  await rest;
  await until("all have come", () => got.length >= 1000);
  deepEqual(texts, Array.from({ length: 1000 }, (_, i) => `${i}`));
  deepEqual(got, Array.from({ length: 1000 }, (_, i) => i + 1));
  tail.close();
  await nats.close();
});

natsTest("a client goes to another server when its own is killed", async () => {
  await using first = await NatsServer.start();
  await using second = await NatsServer.start();
  const nats = connect(`${first.url},${second.url}`);
  await until("it is in", () => nats.isConnected);
  const got: string[] = [];
  nats.subscribe("a", ({ payload }) => got.push(decoder.decode(payload)));
  await first.kill();
  const other = connect(second.url);
  await until("it hears what is said at the second", () => {
    other.publish("a", encoder.encode("x"));
    return got.length > 0;
  });
  await Promise.all([nats.close(), other.close()]);
});
