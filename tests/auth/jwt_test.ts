import { strict as assert } from "node:assert";
import { createHmac } from "node:crypto";
import { JwtAccess } from "../../lib/auth/jwt/jwt_access.ts";
import { MAX_TOKEN_BYTES } from "../../lib/auth/jwt/token.ts";
import type { EnhancedStep } from "../../lib/broker/mod.ts";
import { testsWith } from "../support/clients.ts";
import { findJose } from "../support/jose.ts";
import { authenticate, identity, LogLines, MemoryFiles, outcome } from "./access_support.ts";
import {
  comeIn,
  forge,
  goodClaims,
  NOW_MS,
  openJwt,
  signer,
  signWithSecret,
} from "./jwt_support.ts";

const joseTest = testsWith(await findJose());
const SECRET = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const NOW = NOW_MS / 1000;

const ASYMMETRIC = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];
for (const algorithm of ASYMMETRIC) {
  joseTest(
    `A token by ${algorithm} of the real library lets in, with a key in PEM and in a key set`,
    async (jose) => {
      const key = await signer(jose, algorithm);
      const token = await key.sign();
      const pem = await openJwt({ key: key.publicPem }, { publicKeyFile: "key" });
      assert.equal(await comeIn(pem, token), "in as alice");
      const keys = JSON.stringify({
        keys: [{ ...key.publicJwk, kid: "1", alg: algorithm, use: "sig" }],
      });
      const set = await openJwt({ keys }, { jwksFile: "keys" });
      assert.equal(await comeIn(set, await key.sign({ header: { kid: "1" } })), "in as alice");
      // One bit of the signature, of the claims, and of the header.
      const [header, claims, signature] = token.split(".") as [string, string, string];
      const flip = (text: string) =>
        (text[9] === "A" ? text.slice(0, 9) + "B" : text.slice(0, 9) + "A") + text.slice(10);
      assert.equal(
        await comeIn(pem, `${header}.${claims}.${flip(signature)}`),
        "86: its signature is wrong",
      );
      assert.match(
        await comeIn(pem, `${header}.${flip(claims)}.${signature}`),
        /^86: its (signature is wrong|claims are no)/,
      );
      assert.equal(await comeIn(pem, `${header}.${claims}.`), "86: its signature is wrong");
      const other = await signer(jose, algorithm);
      assert.equal(await comeIn(pem, await other.sign()), "86: its signature is wrong");
    },
  );
}

for (const [algorithm, length] of [["HS256", 32], ["HS384", 48], ["HS512", 64]] as const) {
  joseTest(
    `A token by ${algorithm} lets in, and a secret that is too short for it is none`,
    async (jose) => {
      const secret = SECRET.slice(0, length);
      const files = await openJwt({ secret: `${secret}\n` }, { secretFile: "secret" });
      assert.equal(
        await comeIn(files, await signWithSecret(jose, secret, {}, algorithm)),
        "in as alice",
      );
      const base64 = new TextEncoder().encode(secret).toBase64();
      const encoded = await openJwt({ secret: `base64:${base64}\n` }, { secretFile: "secret" });
      assert.equal(
        await comeIn(encoded, await signWithSecret(jose, secret, {}, algorithm)),
        "in as alice",
      );
      assert.equal(
        await comeIn(files, await signWithSecret(jose, secret.replace("0", "1"), {}, algorithm)),
        "86: its signature is wrong",
      );
      if (length === 32) return;
      const short = await openJwt({ secret: SECRET.slice(0, 32) }, { secretFile: "secret" });
      const byShort = await signWithSecret(jose, SECRET.slice(0, 32), {}, algorithm);
      assert.equal(await comeIn(short, byShort), "86: no key fits its algorithm and key id");
    },
  );
}

joseTest(
  "No token by `none` lets in, however it is written, nor one by an algorithm of another key",
  async (jose) => {
    const rsa = await signer(jose, "RS256");
    const access = await openJwt({ key: rsa.publicPem, secret: SECRET }, {
      publicKeyFile: "key",
      secretFile: "secret",
    });
    for (
      const alg of [
        "none",
        "None",
        "NONE",
        "nOnE",
        "",
        "HS999",
        "RS256 ",
        "constructor",
        "__proto__",
      ]
    ) {
      const told = await comeIn(access, forge({ alg, typ: "JWT" }, goodClaims()));
      assert.equal(told, "86: no key fits its algorithm and key id", alg);
    }
    for (const alg of [null, 7, ["RS256"], undefined]) {
      assert.match(
        await comeIn(access, forge({ alg, typ: "JWT" }, goodClaims())),
        /^86/,
        String(alg),
      );
    }
  },
);

joseTest(
  "A public key is no secret: HS256 with its PEM, its base64 or its modulus does not let in",
  async (jose) => {
    for (const algorithm of ["RS256", "ES256", "EdDSA"]) {
      const key = await signer(jose, algorithm);
      const jwks = JSON.stringify({ keys: [key.publicJwk] });
      const access = await openJwt({ key: key.publicPem, jwks }, {
        publicKeyFile: "key",
        jwksFile: "jwks",
      });
      const secrets = [
        key.publicPem,
        key.publicPem.trim(),
        key.publicPem.replace(/-----.*-----|\s/g, ""),
        JSON.stringify(key.publicJwk),
        String(key.publicJwk.n ?? key.publicJwk.x),
        jwks,
      ];
      for (const secret of secrets) {
        for (const alg of ["HS256", "HS384", "HS512"]) {
          const unsigned = forge({ alg, typ: "JWT" }, goodClaims()).slice(0, -1);
          const hash = `sha${alg.slice(2)}`;
          const signature = createHmac(hash, secret).update(unsigned).digest("base64url");
          const told = await comeIn(access, `${unsigned}.${signature}`);
          assert.equal(told, "86: no key fits its algorithm and key id", alg);
        }
      }
    }
  },
);

joseTest(
  "Keys that a token brings along are not looked at, and a key id leads nowhere",
  async (jose) => {
    const key = await signer(jose, "ES256");
    const forger = await signer(jose, "ES256");
    const keys = JSON.stringify({ keys: [{ ...key.publicJwk, kid: "1" }] });
    const access = await openJwt({ keys }, { jwksFile: "keys" });
    const headers = [
      { jwk: forger.publicJwk, kid: "1" },
      { jwk: forger.publicJwk },
      { jku: "http://127.0.0.1:1/keys", kid: "1" },
      { x5u: "http://127.0.0.1:1/cert", kid: "1" },
      { kid: "1" },
    ];
    for (const header of headers) {
      assert.equal(
        await comeIn(access, await forger.sign({ header })),
        "86: its signature is wrong",
      );
    }
    for (
      const kid of ["../../../../dev/null", "1' OR '1'='1", "", "2", "__proto__", "x".repeat(2000)]
    ) {
      const told = await comeIn(access, await key.sign({ header: { kid } }));
      assert.equal(told, "86: no key fits its algorithm and key id", kid.slice(0, 20));
    }
    assert((access.log.fields.at(-1)!.keyId as string).length < 100);
    assert.equal(
      await comeIn(access, forge({ alg: "ES256", kid: {} }, goodClaims())),
      "86: its key id is no text",
    );
    const critical = await key.sign({ header: { kid: "1", crit: ["b64"], b64: true } });
    assert.equal(
      await comeIn(access, critical),
      "86: its header has extensions that must be understood",
    );
  },
);

const CLAIMS: [what: string, claims: Readonly<Record<string, unknown>>, expected: string][] = [
  ["expired beyond the leeway", { exp: NOW - 10 }, "86: it has expired"],
  ["expired within the leeway", { exp: NOW - 9 }, "in as alice"],
  ["not valid yet", { nbf: NOW + 11 }, "86: it is not valid yet"],
  ["valid soon, within the leeway", { nbf: NOW + 10 }, "in as alice"],
  ["without exp", { exp: undefined }, "86: it never expires: it has no claim exp"],
  ["with exp that is text", { exp: String(NOW + 60) }, "86: its claim exp is no number"],
  ["with exp that is null", { exp: null }, "86: its claim exp is no number"],
  ["with nbf that is text", { nbf: "0" }, "86: its claim nbf is no number"],
  ["for another audience", { aud: "http" }, "86: it is for another audience (aud)"],
  ["without an audience", { aud: undefined }, "86: it is for another audience (aud)"],
  ["for several audiences, this one among them", { aud: ["http", "mqtt"] }, "in as alice"],
  ["for a list of lists", { aud: [["mqtt"]] }, "86: it is for another audience (aud)"],
  ["from another issuer", { iss: "other" }, "86: it is from another issuer (iss)"],
  ["without an issuer", { iss: undefined }, "86: it is from another issuer (iss)"],
  ["without a user name", { sub: undefined }, "86: its claim sub is no user name"],
  ["with an empty user name", { sub: "" }, "86: its claim sub is no user name"],
  ["with a user name that is a number", { sub: 7 }, "86: its claim sub is no user name"],
  [
    "with half a character in its user name",
    { sub: "\ud800" },
    "86: its claim sub is no user name",
  ],
  ["with a very long user name", { sub: "a".repeat(2000) }, "86: its claim sub is no user name"],
];
for (const [what, claims, expected] of CLAIMS) {
  joseTest(`A token ${what}: ${expected}`, async (jose) => {
    const access = await openJwt({ secret: SECRET }, {
      secretFile: "secret",
      audience: "mqtt",
      issuer: "issuer",
      leewaySeconds: 10,
    });
    // Not by the library, which would not sign all of these.
    const unsigned = forge({ alg: "HS256", typ: "JWT" }, goodClaims(claims)).slice(0, -1);
    const signature = createHmac("sha256", SECRET).update(unsigned).digest("base64url");
    assert.equal(await comeIn(access, `${unsigned}.${signature}`), expected);
    assert.equal(await comeIn(access, `${unsigned}.${signature}`), expected, "The second time");
    assert(jose !== undefined);
  });
}

joseTest(
  "A token without exp lets in where that is allowed; options name other claims, and one for the Client Identifier",
  async (jose) => {
    const access = await openJwt({ secret: SECRET }, {
      secretFile: "secret",
      requireExpiry: false,
      userNameClaim: "https://example.org/user",
      clientIdClaim: "device",
    });
    const claims = { exp: undefined, "https://example.org/user": "bob", device: "pump-7" };
    const token = await signWithSecret(jose, SECRET, { claims });
    assert.equal(await comeIn(access, token, "pump-7"), "in as bob");
    assert.equal(
      await comeIn(access, token, "pump-8"),
      "86: its claim device is another Client Identifier",
    );
    const without = await signWithSecret(jose, SECRET, {
      claims: { ...claims, device: undefined },
    });
    assert.equal(await comeIn(access, without), "86: its claim device is no Client Identifier");
  },
);

joseTest(
  "A token that is too long, encrypted or damaged is refused; what does not look like one is no token",
  async (jose) => {
    const access = await openJwt({ secret: SECRET }, { secretFile: "secret" });
    const long = await signWithSecret(jose, SECRET, {
      claims: { pad: "x".repeat(MAX_TOKEN_BYTES) },
    });
    assert.equal(await comeIn(access, long), `86: it is longer than ${MAX_TOKEN_BYTES} bytes`);
    const encrypted = await new jose.EncryptJWT(goodClaims())
      .setProtectedHeader({ alg: "dir", enc: "A128CBC-HS256" }).encrypt(new Uint8Array(32));
    assert.equal(await comeIn(access, encrypted), "86: it is encrypted, which is not supported");
    const token = await signWithSecret(jose, SECRET);
    for (
      const damaged of [
        `${token}.`,
        `${token}=`,
        `${token}.a.b.c`,
        token.replace(".", ". "),
        `${token}\n`,
      ]
    ) {
      assert.match(
        await comeIn(access, damaged),
        /^86: (it is no signed token|its claims are no JSON)/,
        damaged.slice(-10),
      );
    }
    const garbage = crypto.getRandomValues(new Uint8Array(65_535));
    for (
      const text of [
        "secret",
        "",
        "a.b.c",
        "..",
        "e30.e30.",
        "x".repeat(65_535),
        `${"eyJ".repeat(20_000)}.a.b`,
      ]
    ) {
      assert.equal(await comeIn(access, text), "86: there is none", text.slice(0, 10));
    }
    const password = { password: garbage };
    assert.equal(outcome(await authenticate(access.access, "u", "", password)), "86");
    assert.equal(access.log.lines.every((line) => line === "warning: Token refused"), true);
  },
);

joseTest("Nothing of a token stands in the log, whichever field it comes in", async (jose) => {
  const good = await signWithSecret(jose, SECRET, { claims: { exp: NOW - 100 } });
  const bad = `${good.slice(0, -4)}AAAA`;
  for (const from of ["password", "username"] as const) {
    const { access, log } = await openJwt({ secret: SECRET }, { secretFile: "secret", from });
    for (const token of [good, bad, good.slice(0, 30)]) {
      await authenticate(access, from === "username" ? token : "u", token);
    }
    const said = JSON.stringify([log.lines, log.fields]);
    for (const part of good.split(".")) assert(!said.includes(part.slice(0, 20)), from);
    assert.equal(log.lines.length, 3);
  }
});

joseTest(
  "With jwt_from username the token is the user name, and the claim the name",
  async (jose) => {
    const { access } = await openJwt({ secret: SECRET }, {
      secretFile: "secret",
      from: "username",
    });
    const token = await signWithSecret(jose, SECRET);
    assert.equal(outcome(await authenticate(access, token, undefined)), "in as alice");
    assert.equal(outcome(await authenticate(access, "bob", token)), "86");
  },
);

joseTest("A verdict says for how long the token holds, leeway included", async (jose) => {
  const { access } = await openJwt({ secret: SECRET }, { secretFile: "secret", leewaySeconds: 7 });
  const token = await signWithSecret(jose, SECRET, { claims: { exp: NOW + 60 } });
  const verdict = await authenticate(access, undefined, token);
  assert(verdict.isAllowed);
  assert.equal(verdict.validForMs, 67_000);
});

joseTest(
  "The Authentication Method takes a token as Authentication Data; another method is not known",
  async (jose) => {
    const { access } = await openJwt({ secret: SECRET }, { secretFile: "secret" });
    const request = { ...identity(undefined), password: undefined, allowAnonymous: false } as never;
    const step = (data: string | undefined) =>
      new Promise<EnhancedStep>((resolve) =>
        access.beginEnhanced("JWT", request)!.step(
          data === undefined ? undefined : new TextEncoder().encode(data),
          resolve,
        )
      );
    const right = await step(await signWithSecret(jose, SECRET));
    assert(right.type === "success" && right.userName === "alice");
    assert.deepEqual(await step("nonsense"), { type: "failure", reasonCode: 0x86 });
    assert.deepEqual(await step(undefined), { type: "failure", reasonCode: 0x86 });
    assert.equal(access.beginEnhanced("SCRAM-SHA-256", request), undefined);
  },
);

joseTest(
  "A key that goes out of its file lets nobody in, and whoever came in by it may not stay; a bad file changes nothing",
  async (jose) => {
    const [old, next] = [await signer(jose, "EdDSA"), await signer(jose, "EdDSA")];
    const opened = await openJwt({ keys: old.publicPem }, { publicKeyFile: "keys" });
    const { access, files } = opened;
    const token = await old.sign();
    const verdict = await authenticate(access, undefined, token);
    assert(verdict.isAllowed);
    const client = { ...identity("alice"), grant: verdict.grant };
    files.set("keys", old.publicPem + next.publicPem);
    assert.equal(access.reload().mayStay!(client), true);
    assert.equal(await comeIn(opened, token), "in as alice");
    assert.equal(await comeIn(opened, await next.sign()), "in as alice");
    files.set("keys", "nonsense");
    assert.equal(access.reload().problems.length, 1);
    assert.equal(await comeIn(opened, token), "in as alice");
    files.set("keys", next.publicPem);
    assert.equal(access.reload().mayStay!(client), false);
    assert.equal(await comeIn(opened, token), "86: its signature is wrong");
  },
);

joseTest(
  "Who comes back with a new token and the old rights has the same grant, with others another",
  async (jose) => {
    const { access } = await openJwt({ secret: SECRET }, { secretFile: "secret", aclClaim: "acl" });
    const grantOf = async (acl: unknown, exp: number) => {
      const token = await signWithSecret(jose, SECRET, { claims: { acl, exp } });
      const verdict = await authenticate(access, undefined, token);
      return verdict.isAllowed ? verdict.grant : undefined;
    };
    const first = await grantOf({ pub: ["a"] }, NOW + 60);
    assert.notEqual(first, undefined);
    assert.equal(await grantOf({ pub: ["a"] }, NOW + 61), first);
    assert.notEqual(await grantOf({ pub: ["b"] }, NOW + 60), first);
  },
);

const BAD_FILES: [what: string, option: string, text: string, problem: RegExp][] = [
  ["a short secret", "secretFile", "short", /^f: A secret must have at least 32 bytes/],
  ["a PEM as secret", "secretFile", "-----BEGIN PUBLIC KEY-----\nAAAA", /^f: Holds a key in PEM/],
  ["bad base64", "secretFile", "base64:***", /^f: Must have base64/],
  ["no PEM", "publicKeyFile", "hello", /^f: Must hold a public key in PEM/],
  [
    "a private key",
    "publicKeyFile",
    "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
    /^f: Holds a private key/,
  ],
  [
    "a broken PEM",
    "publicKeyFile",
    "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    /^f: Key 1: It is no public key/,
  ],
  ["no JSON", "jwksFile", "{", /^f: It is no JSON/],
  ["no key set", "jwksFile", "[]", /^f: It is no key set/],
  ["an empty key set", "jwksFile", '{"keys":[]}', /^f: No key can be used: there is none/],
  [
    "a key set of keys that do not serve",
    "jwksFile",
    '{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"},{"kty":"EC","crv":"secp256k1"},7]}',
    /modulus.*no algorithm.*no object/,
  ],
  [
    "a key that is not on its curve",
    "jwksFile",
    '{"keys":[{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"}]}',
    /^f: Cannot use the key/,
  ],
];
for (const [what, option, text, problem] of BAD_FILES) {
  Deno.test(`A file with ${what} is told at the start: ${problem.source}`, async () => {
    const files = new MemoryFiles();
    files.set("f", text);
    const log = new LogLines();
    const opened = await JwtAccess.open({ options: { [option]: "f" }, log, files });
    assert(Array.isArray(opened));
    assert.match(opened[0]!, problem);
  });
}
