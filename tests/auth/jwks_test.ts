import { strict as assert } from "node:assert";
import { testsWith } from "../support/clients.ts";
import { findJose, type Jose } from "../support/jose.ts";
import { LocalHttp } from "../support/local_http.ts";
import { certificateTest } from "../support/certificates.ts";
import { comeIn, goodClaims, openJwt, type Signer, signer } from "./jwt_support.ts";

const joseTest = testsWith(await findJose());
const NOBODY = "88: the keys for it are not there, since their server has not answered";

/** A key set with these keys by number. */
function keySet(...keys: readonly (readonly [kid: string | undefined, key: Signer])[]): Response {
  return Response.json({
    keys: keys.map(([kid, { publicJwk }]) => kid === undefined ? publicJwk : { ...publicJwk, kid }),
  });
}

/** Access by the keys of a server, with a clock of the test's. */
async function openFrom(server: LocalHttp, options: Record<string, unknown> = {}) {
  let nowMs = 0;
  const opened = await openJwt({}, {
    jwksUrl: server.url("/keys"),
    jwksRefreshSeconds: 300,
    ...options,
  }, {
    nowMs: () => nowMs,
  });
  return { ...opened, wait: (seconds: number) => void (nowMs += seconds * 1000) };
}

joseTest(
  "Keys of a server are had once for all tokens, and again when they are old",
  async (jose) => {
    const key = await signer(jose, "EdDSA");
    await using server = new LocalHttp(() => keySet(["1", key]));
    const opened = await openFrom(server);
    for (let i = 0; i < 5; i++) {
      const token = await key.sign({ header: { kid: "1" }, claims: { jti: String(i) } });
      assert.equal(await comeIn(opened, token), "in as alice");
    }
    assert.equal(server.count, 1);
    opened.wait(301);
    const token = await key.sign({ header: { kid: "1" } });
    assert.equal(await comeIn(opened, token), "in as alice");
    while (server.count < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.equal(await comeIn(opened, token), "in as alice");
    opened.access.close();
  },
);

joseTest(
  "While the server does not answer, the keys that were had last hold; without any nobody comes in, and hears 0x88",
  async (jose) => {
    const key = await signer(jose, "EdDSA");
    await using server = new LocalHttp(() => new Response(null, { status: 500 }));
    const token = await key.sign({ header: { kid: "1" } });
    const opened = await openFrom(server);
    assert.equal(await comeIn(opened, token), NOBODY);
    assert.equal(await comeIn(opened, token), NOBODY);
    assert.equal(server.count, 1, "Not asked again at once");
    server.answer = () => keySet(["1", key]);
    opened.wait(11);
    assert.equal(await comeIn(opened, token), "in as alice");
    await server.end();
    opened.wait(24 * 3600);
    assert.equal(await comeIn(opened, token), "in as alice", "The server is gone");
    assert.equal(await comeIn(opened, await key.sign({ header: { kid: "1" } })), "in as alice");
    // Keys are fetched beside the clients that come in: before the server is there again, it was seen that it was not.
    const isMissed = (line: string) => line.includes("those of before hold");
    while (!opened.log.lines.some(isMissed)) await new Promise((resolve) => setTimeout(resolve, 5));
    server.begin();
    for (const answer of ["{", "[]", '{"keys":[]}', '{"keys":7}', "x".repeat(300_000)]) {
      server.answer = () => new Response(answer);
      opened.wait(1000);
      assert.equal(
        await comeIn(opened, await key.sign({ header: { kid: "1" } })),
        "in as alice",
        answer.slice(0, 9),
      );
    }
    // Until a good answer is there, nothing is sure of the others.
    server.answer = () => keySet(["1", key]);
    const isAgain = (line: string) => line.includes("Keys for tokens are there again");
    while (opened.log.lines.filter(isAgain).length < 2) {
      opened.wait(1000);
      assert.equal(await comeIn(opened, await key.sign({ header: { kid: "1" } })), "in as alice");
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.match(
      opened.log.lines.join("\n"),
      /error: Cannot get keys for tokens, so nobody comes in/,
    );
    assert.match(
      opened.log.lines.join("\n"),
      /warning: Cannot get keys for tokens, so those of before hold/,
    );
    opened.access.close();
  },
);

joseTest(
  "A key that is new is found when a token names it, one that is gone lets nobody in, and made up names make no more requests",
  async (jose) => {
    const [first, second] = [await signer(jose, "EdDSA"), await signer(jose, "EdDSA")];
    await using server = new LocalHttp(() => keySet(["1", first]));
    const opened = await openFrom(server);
    const token = await first.sign({ header: { kid: "1" } });
    assert.equal(await comeIn(opened, token), "in as alice");
    server.answer = () => keySet(["2", second]);
    opened.wait(11);
    assert.equal(await comeIn(opened, await second.sign({ header: { kid: "2" } })), "in as alice");
    assert.equal(server.count, 2);
    assert.equal(await comeIn(opened, token), "86: no key fits its algorithm and key id");
    for (let i = 0; i < 50; i++) {
      const told = await comeIn(opened, await first.sign({ header: { kid: `made up ${i}` } }));
      assert.equal(told, "86: no key fits its algorithm and key id");
    }
    assert.equal(server.count, 2, "At most once in ten seconds");
    // The same key in another set is the same: what it vouched for holds.
    server.answer = () => keySet(["3", first], ["2", second]);
    opened.wait(1000);
    assert.equal(await comeIn(opened, await second.sign({ header: { kid: "2" } })), "in as alice");
    opened.access.close();
  },
);

joseTest("A server of keys that is slow keeps nobody waiting whose key is there", async (jose) => {
  const [first, second] = [await signer(jose, "EdDSA"), await signer(jose, "EdDSA")];
  await using server = new LocalHttp(() => keySet(["1", first]));
  const opened = await openFrom(server);
  const token = await first.sign({ header: { kid: "1" } });
  assert.equal(await comeIn(opened, token), "in as alice");
  const released = Promise.withResolvers<void>();
  server.answer = async () => {
    await released.promise;
    return keySet(["1", first], ["2", second]);
  };
  opened.wait(11);
  const waiting = Array.from(
    { length: 20 },
    async () => await comeIn(opened, await second.sign({ header: { kid: "2" } })),
  );
  while (server.underWay < 1) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.equal(await comeIn(opened, await first.sign({ header: { kid: "1" } })), "in as alice");
  assert.equal(server.count, 2);
  released.resolve();
  assert.deepEqual(new Set(await Promise.all(waiting)), new Set(["in as alice"]));
  opened.access.close();
});

joseTest("A server that redirects, or gives a secret away, is not believed", async (jose) => {
  const key = await signer(jose, "EdDSA");
  await using other = new LocalHttp(() => keySet(["1", key]));
  await using server = new LocalHttp(() => Response.redirect(other.url()));
  const opened = await openFrom(server);
  assert.equal(await comeIn(opened, await key.sign({ header: { kid: "1" } })), NOBODY);
  assert.equal(other.count, 0);
  const k = new TextEncoder().encode("0".repeat(32)).toBase64({ alphabet: "base64url" });
  server.answer = () => Response.json({ keys: [{ kty: "oct", k, kid: "1" }] });
  opened.wait(11);
  assert.equal(await comeIn(opened, await key.sign({ header: { kid: "1" } })), NOBODY);
  opened.access.close();
});

const jose = await findJose();

certificateTest(
  "Over TLS the server of keys must have a certificate of the file that is named; a certificate serves as a key",
  async (files) => {
    if (!("client" in jose)) return;
    const key = await signer(jose.client, "EdDSA");
    const tls = { cert: files.text("server.crt"), key: files.text("server.key") };
    await using server = new LocalHttp(() => keySet(["1", key]), tls);
    const token = await key.sign({ header: { kid: "1" } });
    const trusting = await openJwt({ ca: files.text("ca.crt") }, {
      jwksUrl: server.url(),
      jwksCaFile: "ca",
    });
    assert.equal(await comeIn(trusting, token), "in as alice");
    const wary = await openJwt({}, { jwksUrl: server.url() });
    assert.equal(await comeIn(wary, token), NOBODY);
    trusting.access.close();
    wary.access.close();
    const { algorithm, privateKey } = await importAny(jose.client, tls.key);
    const byCertificate = await openJwt({ cert: tls.cert }, { publicKeyFile: "cert" });
    const signed = await new jose.client.SignJWT(goodClaims()).setProtectedHeader({
      alg: algorithm,
    })
      .sign(privateKey);
    assert.equal(await comeIn(byCertificate, signed), "in as alice");
  },
);

async function importAny(jose: Jose, pem: string) {
  for (const algorithm of ["RS256", "ES256", "EdDSA"]) {
    try {
      return { algorithm, privateKey: await jose.importPKCS8(pem, algorithm) };
    } catch {
      // It is another kind of key.
    }
  }
  throw new Error("The key is of no kind that is known");
}
