import { strict as assert } from "node:assert";
import { AccessChain, hashPassword } from "../../lib/auth/mod.ts";
import { HttpAccess, type HttpAccessInit } from "../../lib/auth/http/http_access.ts";
import type { AuthenticationRequest } from "../../lib/broker/mod.ts";
import { testsWith } from "../support/clients.ts";
import { findJose } from "../support/jose.ts";
import { LocalHttp } from "../support/local_http.ts";
import { authenticate, identity, openFiles, outcome } from "./access_support.ts";
import { openJwt, signWithSecret } from "./jwt_support.ts";

const joseTest = testsWith(await findJose());
const SECRET = "0123456789abcdef0123456789abcdef";
const USERS = `filed:${hashPassword(new TextEncoder().encode("right"), 10)}\n`;

/** Files, tokens and perhaps a service, which lets in whose password is `service`. */
async function openChain(
  texts: Readonly<Record<string, string>>,
  options: { aclClaim?: string; service?: HttpAccessInit["options"]; listener?: object } = {},
) {
  const { access: files, log } = openFiles(texts, options.listener);
  const { access: jwt } = await openJwt({ secret: SECRET }, {
    secretFile: "secret",
    aclClaim: options.aclClaim ?? "",
  }, { log });
  const http = options.service === undefined
    ? undefined
    : HttpAccess.open({ options: options.service, log }) as HttpAccess;
  const chain = new AccessChain({ files, jwt, ...http === undefined ? {} : { http }, log });
  return { chain, log };
}

joseTest(
  "Who comes in is decided by the first that knows of them: certificate, token, password file, then allow_anonymous",
  async (jose) => {
    const token = await signWithSecret(jose, SECRET);
    const { chain } = await openChain({ password_file: USERS });
    const asks: [
      user: string | undefined,
      password: string | undefined,
      more: Partial<AuthenticationRequest>,
      expected: string,
    ][] = [
      ["filed", "right", {}, "in"],
      ["filed", "wrong", {}, "86"],
      // A token is looked at before the name, and says the name.
      ["filed", token, {}, "in as alice"],
      ["unknown", token, {}, "in as alice"],
      [undefined, token, {}, "in as alice"],
      ["filed", `${token.slice(0, -4)}AAAA`, {}, "86"],
      ["unknown", "right", {}, "86"],
      [undefined, undefined, {}, "87"],
      [undefined, undefined, { allowAnonymous: true }, "in"],
      ["", "", { allowAnonymous: true }, "in"],
      // Not taken as it is given, even where everybody may come in.
      ["unknown", undefined, { allowAnonymous: true }, "86"],
    ];
    for (const [user, password, more, expected] of asks) {
      const told = outcome(await authenticate(chain, user, password, more));
      assert.equal(told, expected, `${user} ${password?.slice(0, 5)}`);
    }
    const bare = await openChain({});
    const named = await authenticate(bare.chain, "alice", "x", { allowAnonymous: true });
    assert.equal(outcome(named), "86");
  },
);

joseTest(
  "Prefixes of Client Identifiers and names by certificate come before tokens, for AUTH as well",
  async (jose) => {
    const token = await signWithSecret(jose, SECRET);
    const prefixed = await openChain({}, { listener: { clientIdPrefixes: "dev-" } });
    assert.equal(outcome(await authenticate(prefixed.chain, undefined, token)), "87");
    const request = { ...identity(undefined), password: undefined, allowAnonymous: false } as never;
    const step = await new Promise((resolve) =>
      prefixed.chain.beginEnhanced("JWT", request)!.step(new TextEncoder().encode(token), resolve)
    );
    assert.deepEqual(step, { type: "failure", reasonCode: 0x87 });
    const named = await openChain({}, { listener: { certificateUserName: "common_name" } });
    const certificate = { subject: "CN=pump", commonName: "pump", fingerprint: "" };
    assert.equal(outcome(await authenticate(named.chain, undefined, token)), "87");
    assert.equal(
      outcome(await authenticate(named.chain, undefined, token, { certificate })),
      "in as pump",
    );
  },
);

/** The client that comes in by a token. */
async function clientOf(chain: AccessChain, token: string) {
  const verdict = await authenticate(chain, undefined, token);
  assert(verdict.isAllowed);
  return { ...identity(verdict.userName), grant: verdict.grant };
}

joseTest(
  "What a client may do is decided by its token's rules, else by the ACL file; a token that should bring rules and has none may nothing",
  async (jose) => {
    const acl = "topic read anonymous\nuser alice\ntopic file/#\nuser filed\ntopic filed/#\n";
    const withClaim = await signWithSecret(jose, SECRET, { claims: { acl: { all: ["token/#"] } } });
    const without = await signWithSecret(jose, SECRET);
    const may = (chain: AccessChain, client: ReturnType<typeof identity>) =>
      ["token/x", "file/x", "filed/x"].map((topic) =>
        [
          chain.mayPublish(client, topic, 0, false),
          chain.maySubscribe(client, topic, 0),
          chain.mayRead(client, topic),
        ]
          .map((isAllowed) => isAllowed === true ? "y" : "n").join("")
      ).join(" ");
    const both = (await openChain({ acl_file: acl }, { aclClaim: "acl" })).chain;
    assert(both.checksTopics);
    assert.equal(may(both, await clientOf(both, withClaim)), "yyy nnn nnn");
    assert.equal(may(both, await clientOf(both, without)), "nnn yyy nnn");
    assert.equal(may(both, identity("filed")), "nnn nnn yyy");
    assert.match(
      both.explain(await clientOf(both, withClaim), "publish", "token/x")!,
      /^Rule 1 of its token/,
    );
    assert.match(both.explain(identity("filed"), "publish", "filed/x")!, /^acl_file:5/);
    const claimOnly = (await openChain({}, { aclClaim: "acl" })).chain;
    assert.equal(may(claimOnly, await clientOf(claimOnly, withClaim)), "yyy nnn nnn");
    assert.equal(may(claimOnly, await clientOf(claimOnly, without)), "nnn nnn nnn");
    assert.equal(may(claimOnly, identity("filed")), "yyy yyy yyy");
    const neither = (await openChain({})).chain;
    assert(!neither.checksTopics);
  },
);

joseTest(
  "Rules of files hold for a retained message whose publisher is away, those of its token while it is here",
  async (jose) => {
    const acl = "user alice\ntopic file/#\n";
    const withClaim = await signWithSecret(jose, SECRET, { claims: { acl: { all: ["token/#"] } } });
    const without = await signWithSecret(jose, SECRET);
    const { clientId, userName, listener } = identity("alice");
    const still = (chain: AccessChain, client?: ReturnType<typeof identity>) =>
      ["token/x", "file/x"].map((topic) =>
        chain.mayStillPublish({ clientId, userName, listener }, topic, client)
      );
    const both = (await openChain({ acl_file: acl }, { aclClaim: "acl" })).chain;
    assert.deepEqual(still(both, await clientOf(both, withClaim)), [true, false]);
    assert.deepEqual(still(both, await clientOf(both, without)), [false, true]);
    // Which rights its token gave is not known any more: nothing is held back.
    assert.deepEqual(still(both), [true, true]);
    // Tokens that bring no rules leave them to the file, which goes by names.
    const byFile = (await openChain({ acl_file: acl })).chain;
    assert.deepEqual(still(byFile), [false, true]);
    assert.deepEqual(still(byFile, await clientOf(byFile, without)), [false, true]);
    assert.deepEqual(still((await openChain({})).chain), [true, true]);
  },
);

joseTest(
  "With a service, whoever is in no file is asked about there, and what may be done is asked of it for those it let in",
  async (jose) => {
    const asked: string[] = [];
    const service = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      async (request) => {
        const { username, password, topic } = await request.json();
        asked.push(topic === undefined ? `auth ${username}` : `acl ${username} ${topic}`);
        const isAllowed = topic === undefined ? password === "service" : topic === "served";
        return new Response(null, { status: isAllowed ? 200 : 403 });
      },
    );
    const url = `http://127.0.0.1:${service.addr.port}/`;
    const acl = "user filed\ntopic filed\n";
    const { chain } = await openChain({ password_file: USERS, acl_file: acl }, {
      service: { authUrl: url, aclUrl: url },
    });
    try {
      assert.equal(outcome(await authenticate(chain, "filed", "right")), "in");
      assert.equal(outcome(await authenticate(chain, "filed", "service")), "86");
      assert.equal(
        outcome(await authenticate(chain, undefined, await signWithSecret(jose, SECRET))),
        "in as alice",
      );
      assert.deepEqual(asked, []);
      const verdict = await authenticate(chain, "other", "service");
      assert(verdict.isAllowed);
      assert.equal(outcome(await authenticate(chain, "other", "wrong")), "86");
      assert.deepEqual(asked.splice(0), ["auth other", "auth other"]);
      const served = { ...identity("other"), grant: verdict.grant };
      for (const [topic, expected] of [["served", true], ["filed", false]] as const) {
        assert.equal(chain.mayPublish(served, topic, 0, false), "pending");
        await new Promise<void>((resolve) => chain.decided(served, resolve));
        assert.equal(chain.mayPublish(served, topic, 0, false), expected);
      }
      assert.deepEqual(asked.splice(0), ["acl other served", "acl other filed"]);
      assert.equal(chain.mayPublish(identity("filed"), "filed", 0, false), true);
      assert.equal(chain.mayPublish(identity("filed"), "served", 0, false), false);
      assert.deepEqual(asked, []);
    } finally {
      chain.close();
      await service.shutdown();
    }
  },
);

joseTest(
  "Each listener may have tokens and a service of its own: nobody comes in by those of another",
  async (jose) => {
    const [ours, theirs] = [SECRET, SECRET.replaceAll("0", "9")];
    const { access: files, log } = openFiles({ acl_file: "topic file/#\n" });
    const tokens = async (secret: string) =>
      (await openJwt({ secret }, { secretFile: "secret", aclClaim: "acl" }, { log })).access;
    const jwt = new Map([["one", await tokens(ours)], ["two", await tokens(theirs)]]);
    const service = new LocalHttp(async (request) =>
      new Response(null, { status: (await request.json()).topic === "no" ? 403 : 200 })
    );
    await using _ = service;
    const options = { authUrl: service.url("/auth"), aclUrl: service.url("/acl") };
    const http = new Map([["three", HttpAccess.open({ options, log }) as HttpAccess]]);
    const chain = new AccessChain({ files, jwt, http, log });
    const claims = { acl: { pub: ["token"] } };
    const [ourToken, theirToken] = [
      await signWithSecret(jose, ours, { claims }),
      await signWithSecret(jose, theirs, { claims }),
    ];
    const come = async (listener: string, password: string) => {
      const verdict = await authenticate(chain, "bob", password, { listener });
      const grant = verdict.isAllowed ? verdict.grant : undefined;
      const client = { ...identity("bob"), listener, ...grant === undefined ? {} : { grant } };
      return { told: outcome(verdict), client };
    };
    const table: [listener: string, password: string, expected: string][] = [
      ["one", ourToken, "in as alice"],
      ["one", theirToken, "86"],
      ["two", theirToken, "in as alice"],
      ["two", ourToken, "86"],
      ["three", ourToken, "in"], // The service takes any password.
      ["four", ourToken, "86"],
    ];
    for (const [listener, password, expected] of table) {
      assert.equal((await come(listener, password)).told, expected, listener);
    }
    assert.equal(service.count, 1);
    const request = { ...identity(undefined), listener: "three" } as never;
    assert.equal(chain.beginEnhanced("JWT", request), undefined);
    // Rights too are those of the client's own listener.
    const [one, three] = [(await come("one", ourToken)).client, (await come("three", "x")).client];
    assert.equal(chain.mayPublish(one, "token", 0, false), true);
    assert.equal(chain.mayPublish({ ...one, listener: "two" }, "other", 0, false), false);
    assert.equal(chain.mayPublish(three, "no", 0, false), "pending");
    await new Promise<void>((resolve) => chain.decided(three, resolve));
    assert.equal(chain.mayPublish(three, "no", 0, false), false);
    chain.close();
  },
);

joseTest(
  "A key that goes out of one listener's file ends nobody whom it vouches for at another",
  async (jose) => {
    const { access: files, log } = openFiles({});
    const open = () => openJwt({ secret: SECRET }, { secretFile: "secret" }, { log });
    const [one, two] = [await open(), await open()];
    const chain = new AccessChain({
      files,
      jwt: new Map([["one", one.access], ["two", two.access]]),
      log,
    });
    const come = async (listener: string) => {
      const token = await signWithSecret(jose, SECRET);
      const verdict = await authenticate(chain, undefined, token, { listener });
      assert(verdict.isAllowed);
      return { ...identity("alice"), listener, grant: verdict.grant };
    };
    const [atOne, atTwo] = [await come("one"), await come("two")];
    one.files.set("secret", SECRET.replaceAll("0", "9"));
    const { mayStay } = chain.reload();
    assert.deepEqual([mayStay!(atOne), mayStay!(atTwo)], [false, true]);
  },
);
