import { strict as assert } from "node:assert";
import { isDeepStrictEqual } from "node:util";
import { isLeftOut } from "../support/long.ts";
import { MosquittoBroker } from "../support/mosquitto_broker.ts";
import { hasPrograms } from "../support/programs.ts";
import { type Stand, STANDS } from "../support/stands.ts";
import { Administrator, initFile, pluginLines } from "./dynsec.ts";
import { findPlugin } from "./dynsec_rights.ts";

const plugin = await findPlugin();
const ignore = plugin === undefined ||
  !hasPrograms(
    "commands of dynamic security beside a real mosquitto",
    "mosquitto",
    "mosquitto_ctrl",
  );

function c(command: string, more: object = {}): object {
  return { command, ...more };
}

/** Which names the commands want, in order. */
const NAMES: readonly (readonly [command: string, ...names: readonly string[]])[] = [
  ...["createClient", "deleteClient", "disableClient", "enableClient", "setClientId", "getClient"]
    .map((command) => [command, "username"] as const),
  ["setClientPassword", "username"],
  ["modifyClient", "username"],
  ["addClientRole", "username", "rolename"],
  ["removeClientRole", "username", "rolename"],
  ...["createGroup", "deleteGroup", "getGroup", "modifyGroup", "setAnonymousGroup"]
    .map((command) => [command, "groupname"] as const),
  ["addGroupRole", "groupname", "rolename"],
  ["removeGroupRole", "groupname", "rolename"],
  ["addGroupClient", "username", "groupname"],
  ["removeGroupClient", "username", "groupname"],
  ...["createRole", "deleteRole", "getRole", "modifyRole", "addRoleACL", "removeRoleACL"]
    .map((command) => [command, "rolename"] as const),
];
/** Names that are not there or are no text; and the rest of 14-dynsec-*-invalid. */
const INVALID: readonly [command: unknown, ourError?: string][] = [
  ...NAMES.flatMap(([command, first = "", second]): [unknown][] => [
    [c(command)],
    [c(command, { [first]: 5 })],
    ...second === undefined ? [] : [
      [c(command, { [first]: "nobody" })] as [unknown],
      [c(command, { [first]: "nobody", [second]: 5 })] as [unknown],
    ],
  ]),
  [c("createClient", { username: "v", password: 5 }), "Invalid password"],
  [c("createClient", { username: "v", clientid: 5 }), "Invalid clientid"],
  [c("createClient", { username: "v", textname: 5 }), "Invalid textname"],
  [c("createClient", { username: "v", textdescription: 5 }), "Invalid textdescription"],
  [c("createClient", { username: "v" })],
  [c("setClientId", { username: "v", clientid: 5 }), "Invalid clientid"],
  [c("setClientPassword", { username: "v", password: 5 }), "Invalid password"],
  [c("modifyClient", { username: "v", clientid: "" })],
  [c("createGroup", { groupname: "vg", textname: 5 }), "Invalid textname"],
  [c("createGroup", { groupname: "vg", textdescription: 5 }), "Invalid textdescription"],
  [c("createGroup", { groupname: "vg", roles: 5 }), "'roles' not an array"],
  [c("createRole", { rolename: "vr", textname: 5 }), "Invalid textname"],
  [c("createRole", { rolename: "vr", textdescription: 5 }), "Invalid textdescription"],
  [c("createRole", { rolename: "vr" })],
  [c("addRoleACL", { rolename: "vr" })],
  [c("addRoleACL", { rolename: "vr", acltype: 5 })],
  [c("addRoleACL", { rolename: "vr", acltype: "unsubscribePattern", topic: 5 })],
  [c("removeRoleACL", { rolename: "vr" })],
  [c("removeRoleACL", { rolename: "vr", acltype: "notvalid" }), 'Unknown acltype "notvalid"'],
  [c("removeRoleACL", { rolename: "vr", acltype: "unsubscribePattern" })],
  [c("removeRoleACL", { rolename: "vr", acltype: "unsubscribePattern", topic: 5 })],
  [c("setDefaultACLAccess", { acls: "bad" }), "'acls' not an array"],
  [c("setDefaultACLAccess", { actions: "bad" })],
  [c("deleteRole", { rolename: "vr" })],
  [c("deleteClient", { username: "v" })],
];

/** Commands in a row, each on what those before it have made; and our own error where it says more than mosquitto's. */
const rows: readonly [command: unknown, ourError?: string][] = [
  [c("createClient", {
    username: "u1",
    password: "p",
    textname: "T",
    textdescription: "D",
    clientid: "x",
  })],
  [c("createClient", { username: "u1" })],
  [c("createClient")],
  [c("createClient", { username: 5 })],
  [c("createClient", { username: "u2", roles: [{ rolename: "none" }] })],
  [c("createClient", { username: "u2", roles: 5 }), "'roles' not an array"],
  [c("createClient", { username: "u2", groups: [{ groupname: "none" }] })],
  [c("createRole", {
    rolename: "r1",
    textname: "a",
    acls: [{ acltype: "publishClientSend", topic: "a", priority: 1, allow: true }, {
      acltype: "subscribePattern",
      topic: "b/#",
      allow: true,
    }, { acltype: "publishClientSend", topic: "c", priority: 3, allow: false }],
  })],
  [c("createRole", { rolename: "r1" })],
  [c("createRole", {})],
  [c("createRole", { rolename: "r2" })],
  [c("getRole", { rolename: "r1" })],
  [c("getRole", {})],
  [c("getRole", { rolename: "x" })],
  [c("addRoleACL", { rolename: "r2", acltype: "publishClientSend", topic: "a/#", allow: true })],
  [c("addRoleACL", { rolename: "r2", acltype: "publishClientSend", topic: "a/#", allow: true })],
  [
    c("addRoleACL", { rolename: "r2", acltype: "bad", topic: "a/#", allow: true }),
    'Unknown acltype "bad"',
  ],
  [
    c("addRoleACL", { rolename: "r2", acltype: "publishClientSend", topic: "a/#/b", allow: true }),
    '"a/#/b" is not a Topic Filter',
  ],
  [c("addRoleACL", { rolename: "r2", acltype: "publishClientSend", allow: true })],
  [c("addRoleACL", { rolename: "r9", acltype: "publishClientSend", topic: "a" })],
  [c("removeRoleACL", { rolename: "r2", acltype: "publishClientSend", topic: "zz" })],
  [c("removeRoleACL", { rolename: "r2", acltype: "publishClientSend", topic: "a/#" })],
  [c("addClientRole", { username: "u1", rolename: "r1", priority: 4 })],
  [
    c("addClientRole", { username: "u1", rolename: "r1", priority: 4 }),
    "Client already has this role",
  ],
  [c("addClientRole", { username: "u1", rolename: "none" })],
  [c("addClientRole", { username: "none", rolename: "r1" })],
  [c("addClientRole", { username: "u1" })],
  [c("addClientRole", { username: "u1", rolename: "r2" })],
  [c("getClient", { username: "u1" })],
  [c("getClient", { username: "none" })],
  [c("createGroup", { groupname: "g1", textname: "G", roles: [{ rolename: "r1", priority: 2 }] })],
  [c("createGroup", { groupname: "g1" })],
  [c("createGroup", { groupname: "g2" })],
  [c("createGroup", { groupname: "g3", roles: [{ rolename: "none" }] })],
  [c("addGroupClient", { groupname: "g1", username: "u1", priority: 7 })],
  [c("addGroupClient", { groupname: "g1", username: "u1" })],
  [c("addGroupClient", { groupname: "no", username: "u1" })],
  [c("addGroupClient", { groupname: "g1", username: "no" })],
  [c("addGroupRole", { groupname: "g1", rolename: "r2" })],
  [c("addGroupRole", { groupname: "g1", rolename: "r2" })],
  [c("addGroupRole", { groupname: "no", rolename: "r2" })],
  [c("addGroupRole", { groupname: "g1", rolename: "no" })],
  [c("getGroup", { groupname: "g1" })],
  [c("getGroup", { groupname: "no" })],
  [c("getClient", { username: "u1" })],
  [c("listClients")],
  [c("listClients", { verbose: true })],
  [c("listClients", { count: 1, offset: 1 })],
  [c("listGroups")],
  [c("listGroups", { verbose: true })],
  [c("listRoles")],
  [c("listRoles", { verbose: true, offset: 1 })],
  [c("modifyClient", {
    username: "u1",
    textname: "new",
    roles: [{ rolename: "r2", priority: 1 }],
    groups: [{ groupname: "g2" }],
  })],
  [c("getClient", { username: "u1" })],
  [c("modifyClient", { username: "no" })],
  [c("modifyClient", { username: "u1", roles: [{ rolename: "no" }] })],
  [c("modifyGroup", {
    groupname: "g1",
    textdescription: "dd",
    clients: [{ username: "u1", priority: 3 }],
    roles: [],
  })],
  [c("getGroup", { groupname: "g1" })],
  [c("modifyGroup", { groupname: "no" })],
  [c("modifyRole", {
    rolename: "r1",
    textname: "z",
    acls: [{ acltype: "subscribeLiteral", topic: "q", allow: true }],
  })],
  [c("getRole", { rolename: "r1" })],
  [c("modifyRole", { rolename: "no" })],
  [c("getAnonymousGroup")],
  [c("setAnonymousGroup", { groupname: "no" })],
  [c("setAnonymousGroup", { groupname: "g2" })],
  [c("getAnonymousGroup")],
  [c("setAnonymousGroup", {})],
  [c("setDefaultACLAccess", {
    acls: [{ acltype: "publishClientSend", allow: true }, { acltype: "unsubscribe", allow: false }],
  })],
  [c("getDefaultACLAccess")],
  [c("setDefaultACLAccess", {})],
  [c("setClientPassword", { username: "u1" })],
  [c("setClientPassword", { username: "u1", password: "" })],
  [c("setClientPassword", { username: "no", password: "x" })],
  [c("setClientPassword", { username: "u1", password: "y" })],
  [c("setClientId", { username: "u1", clientid: "y" })],
  [c("setClientId", { username: "no" })],
  [c("disableClient", { username: "u1" })],
  [c("getClient", { username: "u1" })],
  [c("enableClient", { username: "u1" })],
  [c("enableClient", { username: "no" })],
  [c("disableClient", {})],
  [c("removeClientRole", { username: "u1", rolename: "r2" })],
  [c("removeClientRole", { username: "u1", rolename: "r2" })],
  [c("removeClientRole", { username: "u1", rolename: "no" })],
  [c("removeGroupClient", { groupname: "g1", username: "u1" })],
  [c("removeGroupClient", { groupname: "g1", username: "u1" })],
  [c("removeGroupClient", { groupname: "g1", username: "no" })],
  [c("removeGroupRole", { groupname: "g1", rolename: "r2" })],
  [c("removeGroupRole", { groupname: "g1", rolename: "no" })],
  [c("deleteRole", { rolename: "r2" })],
  [c("deleteRole", { rolename: "r2" })],
  [c("deleteGroup", { groupname: "g1" })],
  [c("deleteGroup", { groupname: "g1" })],
  [c("deleteClient", { username: "u1" })],
  [c("deleteClient", { username: "u1" })],
  [c("listClients", { verbose: true })],
  [c("listGroups", { verbose: true })],
  [c("listRoles", { verbose: true })],
  [c("nonsense")],
  [{ correlationData: "1", command: "listRoles" }],
  [{ correlationData: 5, command: "listRoles" }, "Invalid correlationData"],
  [7],
  [{}],
  [{ command: 6 }],
  ...INVALID,
];

/** Asks mosquitto, and our brokers in turn. */
async function play(start: Stand["start"]): Promise<void> {
  const directory = await Deno.makeTempDir();
  await Deno.chmod(directory, 0o777);
  const theirs = `${directory}/theirs.json`;
  const ours = ["a", "b"].map((node) => `${directory}/${node}.json`);
  try {
    await initFile(theirs);
    for (const path of ours) await Deno.copyFile(theirs, path);
    await using mosquitto = await MosquittoBroker.start(
      `${pluginLines(theirs, plugin)}set_tcp_nodelay true\n`,
    );
    let count = 0;
    await using brokers = await start(() => ({ config: pluginLines(ours[count++]!) }));
    await using themselves = await Administrator.connect(mosquitto.port);
    await using here = await Administrator.connect(brokers.here.port);
    // An answer comes to all administrators of its broker.
    const isOne = brokers.there === brokers.here;
    await using other = isOne ? undefined : await Administrator.connect(brokers.there.port);
    const there = other ?? here;
    for (const [i, [command, ourError]] of rows.entries()) {
      const expected = await themselves.ask(command);
      const answers = withoutConnections(await (i % 2 === 0 ? here : there).ask(command));
      if (ourError === undefined) assert.deepEqual(answers, expected, JSON.stringify(command));
      else {
        assert.deepEqual(answers.map(({ error }) => error), [ourError], JSON.stringify(command));
        assert.notEqual(expected[0]?.error, undefined, "It is an error to mosquitto as well");
      }
    }
    const wanted = await contentOf(theirs);
    for (const path of ours.slice(0, count)) {
      // Another node writes its file a moment later.
      const isThere = async () => isDeepStrictEqual(await contentOf(path), wanted);
      for (let i = 0; i < 100 && !await isThere(); i++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      assert.deepEqual(await contentOf(path), wanted);
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

for (const { suffix, start, isCluster } of STANDS) {
  const name = `${rows.length} commands are answered as mosquitto's plugin answers them${suffix}`;
  Deno.test({
    name,
    ignore: ignore || isCluster && isLeftOut(name),
    sanitizeOps: true,
    sanitizeResources: true,
    fn: () => play(start),
  });
}

/** mosquitto 2.0 does not know from where clients are connected. */
function withoutConnections<T>(answers: T): T {
  return JSON.parse(
    JSON.stringify(answers, (key, value) => key === "connections" ? undefined : value),
  );
}

/** What is left in the file, but for salts. */
async function contentOf(path: string): Promise<unknown> {
  return JSON.parse(
    await Deno.readTextFile(path),
    (key, value) => ["password", "salt", "iterations"].includes(key) ? undefined : value,
  );
}
