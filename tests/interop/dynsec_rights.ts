import { DynamicRights } from "../../lib/auth/dynamic/dynamic_rights.ts";
import { DynamicAccess } from "../../lib/auth/dynamic/dynamic_access.ts";
import type { AuthenticationRequest } from "../../lib/broker/mod.ts";
import type { MqttClient } from "../../lib/client/mod.ts";
import { SILENT } from "../../lib/net/mod.ts";
import { hashPassword, parsePasswordHash } from "../../lib/auth/mod.ts";
import { freePort } from "../support/free_port.ts";
import type { Random } from "../support/random.ts";
import { connectAs, subscription } from "./dynsec.ts";

/** Who asks: the user name, if any, the password and the Client Identifier. */
type Login = readonly [userName: string | undefined, password: string | undefined, id: string];

const LOGINS: readonly Login[] = [
  [undefined, undefined, "c0"],
  ["alice", "pw", "c1"],
  ["alice", "no", "c1"],
  ["alice", undefined, "c1"],
  ["bob", "pw", "c2"],
  ["bob", "pw", "other"],
  ["carol", "pw", "c3"],
  ["nobody", "pw", "c4"],
];
const LEVELS = ["a", "b", "$s"];
const TOPICS = [
  ...LEVELS,
  ...LEVELS.flatMap((one) => ["a", "b"].map((two) => `${one}/${two}`)),
  ...["a/b/a", "a//b", "/a", "a/", "$CONTROL/x"],
];
const FILTERS = [...TOPICS, "+", "+/+", "a/#", "+/b", "a/+/#", "/#", "a/+", "+/#", "$s/#", "$s/+"];
const EVERYTHING = ["#", "$s/#", "$CONTROL/x"];
const TYPES = [
  "publishClientSend",
  "publishClientReceive",
  "subscribeLiteral",
  "subscribePattern",
  "unsubscribeLiteral",
  "unsubscribePattern",
];

/** A file of random clients, groups and roles. */
export function randomFile(random: Random): string {
  const roleNames = ["r0", "r1", "r2", "r3"];
  const priority = () => random.int(2) === 0 ? {} : { priority: random.int(4) };
  const some = <T>(list: readonly T[]) => list.filter(() => random.int(2) === 0);
  const roles = (names = some(roleNames)) => names.map((rolename) => ({ rolename, ...priority() }));
  const { hash } = parsePasswordHash(hashPassword(new TextEncoder().encode("pw"), 101)) as {
    hash: { digest: Uint8Array; salt: Uint8Array };
  };
  const client = (username: string, more: object = {}) => ({
    username,
    password: hash.digest.toBase64(),
    salt: hash.salt.toBase64(),
    iterations: 101,
    roles: [{ rolename: "watch", priority: 1000 }, ...roles()],
    ...more,
  });
  const members = () =>
    some(["alice", "bob", "carol"]).map((username) => ({ username, ...priority() }));
  const file = {
    defaultACLAccess: Object.fromEntries(
      ["publishClientSend", "publishClientReceive", "subscribe", "unsubscribe"]
        .map((type) => [type, random.int(2) === 0]),
    ),
    clients: [
      client("alice"),
      client("bob", { clientid: "c2" }),
      client("carol", random.int(2) === 0 ? { disabled: true } : {}),
      client("admin", { roles: [{ rolename: "all" }] }),
    ],
    groups: [
      { groupname: "g0", roles: roles(), clients: members() },
      { groupname: "g1", roles: roles(), clients: members() },
      { groupname: "g2", roles: [{ rolename: "watch", priority: 1000 }, ...roles()], clients: [] },
    ],
    ...random.int(4) === 0 ? {} : { anonymousGroup: "g2" },
    roles: [
      // Everybody may subscribe to this, so that what may be received can be seen.
      {
        rolename: "watch",
        acls: EVERYTHING.flatMap((topic) => [
          { acltype: "subscribeLiteral", topic, priority: 0, allow: true },
          { acltype: "unsubscribeLiteral", topic, priority: 0, allow: true },
        ]),
      },
      {
        rolename: "all",
        acls: EVERYTHING.map((topic) => ({
          acltype: "publishClientSend",
          topic,
          priority: 0,
          allow: true,
        })),
      },
      ...roleNames.map((rolename) => ({ rolename, acls: randomAcls(random) })),
    ],
  };
  return JSON.stringify(file, null, "\t");
}

function randomAcls(random: Random): object[] {
  const acls = new Map<string, object>();
  const count = random.int(12);
  for (let i = 0; i < count; i++) {
    const acltype = random.pick(TYPES);
    const topic = random.pick(
      acltype.startsWith("publish") ? [...FILTERS, "#"] : [...FILTERS, "#"],
    );
    if (EVERYTHING.includes(topic) && acltype.endsWith("Literal")) continue;
    acls.set(`${acltype} ${topic}`, {
      acltype,
      topic,
      priority: random.int(3),
      allow: random.int(2) === 0,
    });
  }
  return [...acls.values()];
}

/** What the rules let a client do: one line each. */
type Rights = ReadonlySet<string>;

/** What both brokers let each client do; `undefined`: it is not let in. */
export interface Compared {
  readonly login: string;
  readonly onlyOurs: readonly string[];
  readonly onlyTheirs: readonly string[];
}

/** Asks mosquitto and us about everything; returns where the answers differ, and how many were compared. */
export async function compareDynamicRights(
  text: string,
): Promise<{ differences: readonly Compared[]; checks: number }> {
  const differences: Compared[] = [];
  let checks = 0;
  await withMosquitto(text, async (port, path) => {
    const access = DynamicAccess.open({
      path,
      listeners: new Set([""]),
      log: SILENT,
      maxFailureDelaySeconds: 0,
    });
    if (!(access instanceof DynamicAccess)) throw new Error(access.join("\n"));
    const admin = await connectAs(port, "admin", "pw", "admin");
    for (const login of LOGINS) {
      const theirs = await askMosquitto(port, login, admin);
      const ours = await askUs(access, login);
      checks += TOPICS.length * 2 + FILTERS.length * 2 + 1;
      const onlyOurs = [...ours].filter((line) => !theirs.has(line));
      const onlyTheirs = [...theirs].filter((line) => !ours.has(line));
      if (onlyOurs.length + onlyTheirs.length > 0) {
        differences.push({ login: String(login), onlyOurs, onlyTheirs });
      }
    }
    await admin.disconnect();
  });
  return { differences, checks };
}

async function askUs(
  access: DynamicAccess,
  [userName, password, clientId]: Login,
): Promise<Rights> {
  const identity = {
    clientId,
    userName,
    protocolVersion: 5 as const,
    remoteAddress: "127.0.0.1:1",
    listener: "",
  };
  if (userName !== undefined) {
    const request = {
      ...identity,
      password: password === undefined ? undefined : new TextEncoder().encode(password),
      allowAnonymous: true,
    } as AuthenticationRequest;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    access.authenticate(request, ({ isAllowed }) => resolve(isAllowed));
    if (!await promise) return new Set();
  }
  const rights = new DynamicRights(access.document);
  const lines = new Set(["connect"]);
  for (const topic of TOPICS) {
    if (rights.decideSend(identity, topic).isAllowed) lines.add(`send ${topic}`);
    // mosquitto hands $CONTROL to its plugins, and to nobody else.
    const isRouted = !topic.startsWith("$CONTROL");
    if (isRouted && rights.decideReceive(identity, topic).isAllowed) lines.add(`receive ${topic}`);
  }
  for (const filter of FILTERS) {
    if (rights.decideSubscribe(identity, filter).isAllowed) lines.add(`subscribe ${filter}`);
    if (rights.decideUnsubscribe(identity, filter).isAllowed) lines.add(`unsubscribe ${filter}`);
  }
  // Without its group an anonymous client may not watch, so that it is not seen what it may receive.
  const canWatch = EVERYTHING.every((filter) => rights.decideSubscribe(identity, filter).isAllowed);
  return canWatch ? lines : new Set([...lines].filter((line) => !line.startsWith("receive ")));
}

async function askMosquitto(
  port: number,
  [userName, password, id]: Login,
  admin: MqttClient,
): Promise<Rights> {
  let client: MqttClient;
  try {
    client = await connectAs(port, userName, password, id);
  } catch {
    return new Set();
  }
  const lines = new Set(["connect"]);
  for (const topic of TOPICS) {
    const code = await client.publish(topic, new Uint8Array([2]), { qos: 1 });
    if (code < 0x80) lines.add(`send ${topic}`);
  }
  for (const filter of FILTERS) {
    const [granted = 0x80] = (await client.subscribe([subscription(filter)])).reasonCodes;
    if (granted < 0x80) lines.add(`subscribe ${filter}`);
    const [ended = 0x80] = (await client.unsubscribe([filter])).reasonCodes;
    if (ended < 0x80) lines.add(`unsubscribe ${filter}`);
  }
  // Only what may be watched by a subscription of its own counts: others were perhaps not ended.
  const watching = await client.subscribe(
    // At QoS 0: at QoS 1 mosquitto sends twenty before it waits, and the answer below overtakes the rest.
    EVERYTHING.map((filter) => ({ ...subscription(filter), qos: 0 as const })),
  );
  if (watching.reasonCodes.every((code) => code < 0x80)) {
    client.onMessage = ({ topicName, payload }) => {
      if (payload[0] === 1) lines.add(`receive ${topicName}`);
    };
    for (const topic of TOPICS) await admin.publish(topic, new Uint8Array([1]), { qos: 1 });
    // What was sent before this answer has arrived before it.
    await client.unsubscribe(["nothing"]);
  }
  await client.disconnect();
  return lines;
}

async function withMosquitto(
  text: string,
  use: (port: number, path: string) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  const port = freePort();
  const path = `${directory}/dynsec.json`;
  await Deno.writeTextFile(path, text);
  await Deno.writeTextFile(
    `${directory}/m.conf`,
    `listener ${port} 127.0.0.1\nallow_anonymous true\nuser root\n` +
      `plugin ${await findPlugin()}\nplugin_opt_config_file ${path}\n`,
  );
  const child = new Deno.Command("mosquitto", {
    args: ["-c", `${directory}/m.conf`],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    await untilListening(port);
    await use(port, path);
  } finally {
    child.kill("SIGTERM");
    await child.status;
    await Deno.remove(directory, { recursive: true });
  }
}

async function untilListening(port: number): Promise<void> {
  for (let attempt = 0;; attempt++) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch (error) {
      if (attempt === 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** Where Debian and others have mosquitto's plugin. */
const PLACES = [
  "/usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so",
  "/usr/lib/aarch64-linux-gnu/mosquitto_dynamic_security.so",
  "/usr/lib/mosquitto_dynamic_security.so",
];

/** mosquitto's own plugin; `undefined`: it is not here. */
export async function findPlugin(): Promise<string | undefined> {
  for (const place of PLACES) {
    if (await Deno.stat(place).then(() => true, () => false)) return place;
  }
  return undefined;
}
