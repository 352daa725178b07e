import { strict as assert } from "node:assert";
import { openHttpAccess, openJwtAccess } from "../../lib/auth/mod.ts";
import type { AccessPort } from "../../lib/broker/mod.ts";
import type { Connect, Packet } from "../../lib/codec/mod.ts";
import { Server } from "../../lib/net/mod.ts";
import { testsWith } from "../support/clients.ts";
import { findJose } from "../support/jose.ts";
import { LocalHttp } from "../support/local_http.ts";
import { connectPacket, publishPacket, RawClient, subscribePacket } from "../support/raw_client.ts";
import { LogLines, MemoryFiles } from "./access_support.ts";
import { signWithSecret } from "./jwt_support.ts";

const joseTest = testsWith(await findJose());
const SECRET = "0123456789abcdef0123456789abcdef";

async function openTokens() {
  const files = new MemoryFiles();
  files.set("secret", SECRET);
  const log = new LogLines();
  const options = { secretFile: "secret", leewaySeconds: 0, aclClaim: "acl" };
  return { access: await openJwtAccess({ options, files, log }), log };
}

async function withServer(access: AccessPort, use: (port: number) => Promise<void>): Promise<void> {
  const server = new Server({ access });
  const port = server.listen({ port: 0, options: { allowAnonymous: false } });
  try {
    await use(port);
  } finally {
    await server.close();
  }
}

/** CONNECT with this; what the broker answers. */
async function come(client: RawClient, more: Partial<Connect>): Promise<Packet | undefined> {
  await client.send({ ...connectPacket({ protocolVersion: client.protocolVersion }), ...more });
  return await client.receive();
}

const bytes = (text: string) => new TextEncoder().encode(text);
const codeOf = (packet: Packet | undefined) =>
  packet !== undefined && "reasonCode" in packet
    ? `${packet.type} ${packet.reasonCode.toString(16)}`
    : packet?.type;

joseTest(
  "A token lets in by 3.1.1 and 5.0, its rules hold, and a forged one is refused",
  async (jose) => {
    const { access, log } = await openTokens();
    const sign = (claims: object) =>
      signWithSecret(jose, SECRET, {
        claims: { nbf: undefined, exp: Date.now() / 1000 + 60, ...claims },
      });
    const token = await sign({ acl: { pub: ["up/%c"], sub: ["down/%u"] } });
    await withServer(access, async (port) => {
      for (const version of [4, 5] as const) {
        using client = await RawClient.open(port, version);
        const connack = await come(client, {
          clientId: "pump",
          userName: "x",
          password: bytes(token),
        });
        assert.equal(codeOf(connack), "connack 0");
        await client.send(publishPacket("up/pump", "", 1, 1), publishPacket("up/other", "", 1, 2));
        assert.equal(codeOf(await client.receive()), version === 5 ? "puback 10" : "puback 0");
        assert.equal(codeOf(await client.receive()), version === 5 ? "puback 87" : "puback 0");
        await client.send(subscribePacket("down/alice"), subscribePacket("down/bob"));
        const subacks = [await client.receive(), await client.receive()];
        assert.deepEqual(
          subacks.map((packet) => packet?.type === "suback" && packet.reasonCodes[0]),
          [
            0,
            version === 5 ? 0x87 : 0x80,
          ],
        );
        using forger = await RawClient.open(port, version);
        const refusal = await come(forger, {
          userName: "x",
          password: bytes(`${token.slice(0, -3)}AAA`),
        });
        assert.equal(codeOf(refusal), version === 5 ? "connack 86" : "connack 4");
        assert.equal(await forger.receive(), undefined);
      }
    });
    assert(log.lines.every((line) => line === "warning: Token refused"));
  },
);

joseTest(
  "When its token expires a client is disconnected, by 5.0 with 0xA0; who brings a new one by AUTH before stays",
  async (jose) => {
    const { access } = await openTokens();
    const sign = (seconds: number, claims: object = {}) =>
      signWithSecret(jose, SECRET, {
        claims: { nbf: undefined, exp: Date.now() / 1000 + seconds, ...claims },
      });
    const auth = async (client: RawClient, token: string): Promise<Packet | undefined> => {
      await client.send({
        type: "auth",
        reasonCode: 0x19,
        properties: { authenticationMethod: "JWT", authenticationData: bytes(token) },
      });
      return await client.receive();
    };
    const enhanced = async (token: string) => ({
      properties: { authenticationMethod: "JWT", authenticationData: bytes(await token) },
    });
    await withServer(access, async (port) => {
      using old = await RawClient.open(port, 4);
      using plain = await RawClient.open(port);
      using renewing = await RawClient.open(port);
      using failing = await RawClient.open(port);
      using other = await RawClient.open(port);
      assert.equal(
        codeOf(await come(old, { userName: "x", password: bytes(await sign(1)) })),
        "connack 0",
      );
      assert.equal(codeOf(await come(plain, { password: bytes(await sign(1)) })), "connack 0");
      assert.equal(codeOf(await come(renewing, await enhanced(await sign(1)))), "connack 0");
      assert.equal(codeOf(await come(failing, await enhanced(await sign(60)))), "connack 0");
      assert.equal(codeOf(await come(other, await enhanced(await sign(60)))), "connack 0");
      assert.equal(codeOf(await auth(renewing, await sign(60))), "auth 0");
      assert.equal(codeOf(await auth(failing, await sign(-1))), "disconnect 87");
      assert.equal(
        codeOf(await auth(other, await sign(60, { sub: "bob" }))),
        "disconnect 87",
        "Another user",
      );
      assert.equal(codeOf(await plain.receive()), "disconnect a0");
      assert.equal(await old.receive(), undefined);
      await renewing.ping();
    });
  },
);

Deno.test("While a service is slow only who asks waits, in the order of their packets", async () => {
  const asked = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  await using service = new LocalHttp(async (request) => {
    const { topic = "" } = await request.json();
    if (topic.startsWith("slow")) {
      asked.resolve();
      await release.promise;
    }
    return new Response(null, { status: topic === "slow/no" ? 403 : 200 });
  });
  const access = await openHttpAccess({
    options: { authUrl: service.url("/auth"), aclUrl: service.url("/acl") },
    log: new LogLines(),
  });
  await withServer(access, async (port) => {
    using slow = await RawClient.open(port);
    using quick = await RawClient.open(port);
    assert.equal(codeOf(await come(slow, { userName: "slow", password: bytes("x") })), "connack 0");
    assert.equal(
      codeOf(await come(quick, { userName: "quick", password: bytes("x") })),
      "connack 0",
    );
    await quick.subscribe("#");
    await slow.send(
      publishPacket("slow/a", "1", 1, 1),
      publishPacket("b", "2", 1, 2),
      publishPacket("slow/no", "3", 1, 3),
      subscribePacket("slow/c"),
      publishPacket("d", "4", 1, 4),
    );
    await asked.promise;
    // The other goes on, and nothing of the slow one has happened.
    for (const payload of ["x", "y"]) {
      await quick.send(publishPacket("quick", payload));
      const packet = await quick.receive();
      assert.equal(packet?.type === "publish" && packet.topicName, "quick");
    }
    release.resolve();
    const codes = [];
    for (let i = 0; i < 5; i++) codes.push(codeOf(await slow.receive()));
    assert.deepEqual(codes, ["puback 0", "puback 0", "puback 87", "suback", "puback 0"]);
    for (const topicName of ["slow/a", "b", "d"]) {
      const packet = await quick.receive();
      assert.equal(packet?.type === "publish" && packet.topicName, topicName);
    }
  });
  access.close();
});

Deno.test("Tokens and services are loaded only where they are asked for", async () => {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", new URL("../../main.ts", import.meta.url).pathname],
  }).output();
  interface Module {
    readonly specifier: string;
    readonly dependencies?: readonly {
      readonly code?: { readonly specifier: string };
      readonly isDynamic?: boolean;
    }[];
  }
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as {
    modules: readonly Module[];
  };
  const parts = modules.filter(({ specifier }) => /lib\/auth\/(jwt|http)\//.test(specifier));
  assert(parts.length > 15, "The executable has them");
  const bySpecifier = new Map(modules.map((module) => [module.specifier, module]));
  const isPart = ({ specifier }: Module) => parts.some((part) => part.specifier === specifier);
  for (const start of modules.filter((module) => !isPart(module))) {
    for (const { code, isDynamic } of start.dependencies ?? []) {
      const target = code === undefined ? undefined : bySpecifier.get(code.specifier);
      if (target === undefined || isDynamic) continue;
      assert(!isPart(target), `${start.specifier} loads ${target.specifier}`);
    }
  }
});
