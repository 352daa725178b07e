import { strict as assert } from "node:assert";
import {
  AccessChain,
  DEFAULT_LISTENER_ACCESS,
  type DynamicDocument,
  FileAccess,
  hashPassword,
  type ListenerAccess,
} from "../../lib/auth/mod.ts";
import { DynamicAccess } from "../../lib/auth/dynamic/dynamic_access.ts";
import { DynamicRights } from "../../lib/auth/dynamic/dynamic_rights.ts";
import { filterCovers } from "../../lib/auth/dynamic/filter_covers.ts";
import { parseDynamicFile } from "../../lib/auth/dynamic/parse_document.ts";
import { writeDocument } from "../../lib/auth/dynamic/write_document.ts";
import type { AuthenticationRequest, AuthenticationVerdict } from "../../lib/broker/mod.ts";
import { SILENT } from "../../lib/net/mod.ts";

function parse(json: unknown): DynamicDocument {
  const parsed = parseDynamicFile("f", typeof json === "string" ? json : JSON.stringify(json));
  assert(parsed.isValid, JSON.stringify(parsed));
  return parsed.value;
}

const PASSWORD = hashPassword(new TextEncoder().encode("pw"), 1);

const wrong: [what: string, json: unknown, problem: RegExp][] = [
  ["no JSON", "{", /^f: Is not JSON: /],
  ["no object", [], /^f: Must be an object$/],
  ["no list", { roles: {} }, /^f: roles: 'roles' not an array$/],
  ["a nameless role", { roles: [{}] }, /^f: roles\[0\]: Invalid\/missing rolename$/],
  [
    "a type of rule that there is not",
    { roles: [{ rolename: "r", acls: [{ acltype: "publish", topic: "a" }] }] },
    /^f: roles\[0\] "r": Unknown acltype "publish"$/,
  ],
  [
    "a rule for what is no filter",
    { roles: [{ rolename: "r", acls: [{ acltype: "subscribePattern", topic: "a/#/b" }] }] },
    /^f: roles\[0\] "r": "a\/#\/b" is not a Topic Filter$/,
  ],
  [
    "a word in the place of yes or no",
    {
      roles: [{
        rolename: "r",
        acls: [{ acltype: "subscribePattern", topic: "a", allow: "false" }],
      }],
    },
    /^f: roles\[0\] "r": Invalid allow$/,
  ],
  ["a role twice", { roles: [{ rolename: "r" }, { rolename: "r" }] }, /"r": Is there twice$/],
  [
    "a role that is not there",
    { clients: [{ username: "u", roles: [{ rolename: "r" }] }] },
    /^f: clients "u": roles: There is no "r"$/,
  ],
  [
    "a member that is not there",
    { groups: [{ groupname: "g", clients: [{ username: "u" }] }] },
    /^f: groups "g": clients: There is no "u"$/,
  ],
  ["an anonymous group that is not there", { anonymousGroup: "g" }, /There is no "g"$/],
  [
    "a password that is none",
    { clients: [{ username: "u", password: "x", salt: "eHg=", iterations: 1 }] },
    /^f: clients\[0\] "u": password: /,
  ],
  ["a default that is no yes or no", { defaultACLAccess: { subscribe: 1 } }, /Invalid subscribe$/],
];
for (const [what, json, expected] of wrong) {
  Deno.test(`A file of dynamic security with ${what} is not valid`, () => {
    const parsed = parseDynamicFile("f", typeof json === "string" ? json : JSON.stringify(json));
    assert(!parsed.isValid);
    assert.match(parsed.problems[0]!, expected);
  });
}

/** Of "password", by libargon2. */
const ARGON2 =
  "$argon2id$v=19$m=4096,t=3,p=1$c29tZXNhbHQ$qLml5cbqFAO6YxVHhrSBHP0UWdxrIxkNcM8aMX3blzU";

Deno.test("What is written is read as the same, Argon2 passwords and wildcards of 2.1 included", () => {
  const [, , iterations, salt, password] = PASSWORD.split("$");
  const document = parse({
    defaultACLAccess: { publishClientReceive: true },
    clients: [
      {
        username: "a",
        textName: "A",
        password,
        salt,
        iterations: Number(iterations),
        disabled: true,
      },
      { username: "b", clientid: "c", encoded_password: PASSWORD, roles: [{ rolename: "r" }] },
      { username: "c", encoded_password: ARGON2 },
    ],
    groups: [{
      groupname: "g",
      roles: [{ rolename: "r", priority: 2 }],
      clients: [{ username: "a", priority: 3 }, { username: "b" }],
    }],
    roles: [{
      rolename: "r",
      textdescription: "D",
      allowwildcardsubs: false,
      acls: [{ acltype: "SubscribePattern", topic: "a", priority: -2, allow: true }],
    }],
    anonymousGroup: "g",
  });
  assert.equal(document.clients.get("a")?.textName, "A");
  assert.deepEqual(
    document.clients.get("a")?.password?.hash,
    document.clients.get("b")?.password?.hash,
  );
  assert.equal(document.clients.get("c")?.password?.hash.kind, "argon2id");
  assert.equal(JSON.parse(writeDocument(document)).clients[2].encoded_password, ARGON2);
  assert.deepEqual(parse(writeDocument(document)), document);
});

const covers: [pattern: string, topicFilter: string, expected: boolean][] = [
  ["#", "$SYS/#", true],
  ["a/#", "a", true],
  ["a/#", "a/#", true],
  ["a/#", "a/+/b/#", true],
  ["a/#", "+/b", false],
  ["a/+", "a/#", false],
  ["a/+", "a/+", true],
  ["+/+", "a/b", true],
  ["+", "#", false],
  ["a/+/#", "a/#", false],
  ["a/b", "a/+", false],
  ["+/b", "a/b/c", false],
];
for (const [pattern, topicFilter, expected] of covers) {
  Deno.test(`The pattern ${pattern} ${expected ? "covers" : "does not cover"} ${topicFilter}`, () => {
    assert.equal(filterCovers(pattern, topicFilter), expected);
  });
}

const acl = (acltype: string, topic: string, allow: boolean, priority = 0) => ({
  acltype,
  topic,
  allow,
  priority,
});
const RIGHTS = new DynamicRights(parse({
  defaultACLAccess: { publishClientSend: true },
  clients: [
    { username: "u", roles: [{ rolename: "named" }] },
    { username: "+", roles: [{ rolename: "named" }] },
    { username: "w", roles: [{ rolename: "flat" }, { rolename: "wide" }] },
  ],
  roles: [
    {
      rolename: "named",
      acls: [
        acl("publishClientReceive", "in/%c/%u", true),
        acl("publishClientReceive", "%c/x", true),
        acl("publishClientSend", "locked/%u/#", false),
      ],
    },
    { rolename: "flat", allowwildcardsubs: false, acls: [acl("subscribeLiteral", "a", true)] },
    { rolename: "wide", acls: [acl("subscribePattern", "#", true)] },
  ],
}));

const decided: [what: string, who: [string, string], act: string, topic: string, is: boolean][] = [
  ["its names stand for %c and %u", ["u", "c1"], "Receive", "in/c1/u", true],
  ["another's do not", ["u", "c1"], "Receive", "in/c2/u", false],
  ["a name that is a wildcard gets nothing", ["+", "c1"], "Receive", "in/c1/u", false],
  ["a denial holds for its own", ["u", "c1"], "Send", "locked/u/x", false],
  ["and not for others", ["u", "c1"], "Send", "locked/v/x", true],
  ["but for a wildcard's name for all", ["+", "c1"], "Send", "locked/v/x", false],
  ["a client called $SYS does not own it", ["u", "$SYS"], "Receive", "$SYS/x", false],
  ["without wildcards a later role lets in", ["w", "c1"], "Subscribe", "b", true],
  ["with wildcards the first refuses", ["w", "c1"], "Subscribe", "b/#", false],
  ["who is not in the file has no default", ["x", "c1"], "Send", "a", false],
  ["no default is about $CONTROL", ["u", "c1"], "Send", "$CONTROL/x", false],
];
for (const [what, [userName, clientId], act, topic, expected] of decided) {
  Deno.test(`Rights of dynamic security: ${what} (${topic})`, () => {
    const decide = { Send: "decideSend", Receive: "decideReceive", Subscribe: "decideSubscribe" }[
      act as "Send"
    ] as "decideSend";
    assert.equal(RIGHTS[decide]({ userName, clientId }, topic).isAllowed, expected);
  });
}

/** Access by a file of dynamic security and a password file; at the second listener certificates are names. */
function chain(): AccessChain {
  const file = {
    clients: [
      { username: "alice", encoded_password: PASSWORD },
      { username: "ann", encoded_password: ARGON2 },
      { username: "cert", disabled: true },
    ],
  };
  const files = {
    readFile: (path: string) => path === "d" ? JSON.stringify(file) : `bob:${PASSWORD}\n`,
    stamp: () => "1",
  };
  const access: ListenerAccess = { ...DEFAULT_LISTENER_ACCESS, passwordFile: "p" };
  const opened = FileAccess.open({
    listeners: new Map([
      ["both", access],
      ["cert", { ...access, certificateUserName: "common_name" }],
    ]),
    log: SILENT,
    maxFailureDelaySeconds: 0,
    files,
  });
  assert(opened instanceof FileAccess);
  const dynamic = DynamicAccess.open({
    path: "d",
    listeners: new Set(["both", "cert"]),
    log: SILENT,
    maxFailureDelaySeconds: 0,
    files,
  });
  assert(dynamic instanceof DynamicAccess);
  return new AccessChain({ files: opened, dynamic, log: SILENT });
}

function comeIn(
  access: AccessChain,
  init: Partial<AuthenticationRequest>,
): Promise<AuthenticationVerdict> {
  const request = {
    clientId: "c",
    userName: undefined,
    password: undefined,
    protocolVersion: 5,
    remoteAddress: "127.0.0.1:1",
    listener: "both",
    allowAnonymous: true,
    ...init,
  } as AuthenticationRequest;
  return new Promise((resolve) => access.authenticate(request, resolve));
}

Deno.test("Dynamic security lets in by password, others by allow_anonymous, and who is disabled not even by certificate", async () => {
  const access = chain();
  const password = new TextEncoder().encode("pw");
  const certificate = (commonName: string) => ({ commonName, subject: "", fingerprint: "" });
  const attempts: [init: Partial<AuthenticationRequest>, isAllowed: boolean][] = [
    [{ userName: "alice", password }, true],
    [{ userName: "alice", password: new Uint8Array() }, false],
    [{ userName: "alice" }, false],
    [{ userName: "ann", password: new TextEncoder().encode("password") }, true],
    [{ userName: "ann", password }, false],
    [{ userName: "bob", password }, true],
    [{ userName: "stranger", password }, false],
    [{}, true],
    [{ allowAnonymous: false }, false],
    [{ listener: "cert", certificate: certificate("other") }, true],
    [{ listener: "cert", certificate: certificate("cert") }, false],
  ];
  for (const [init, isAllowed] of attempts) {
    assert.equal((await comeIn(access, init)).isAllowed, isAllowed, JSON.stringify(init));
  }
});
