import { ClientRights, parseAclFile } from "../../lib/auth/mod.ts";
import { MqttClient } from "../../lib/client/mod.ts";
import { isTopicFilter } from "../../lib/topic/mod.ts";
import type { Random } from "../support/random.ts";

/** Who asks: the user name (none for anonymous clients) and the Client Identifier. */
export type Client = readonly [userName: string | undefined, clientId: string];

/** Those whose rights mean the same to both brokers. */
export const CLIENTS: readonly Client[] = [
  [undefined, "c1"],
  ["alice", "c1"],
  ["bob", "a"],
  ["a+", "c1"],
  ["alice", "c+1"],
  ["alice", "#"],
  ["", "c1"],
];
/** Those with names that we do not put into a pattern as mosquitto does. */
export const ODD_CLIENTS: readonly Client[] = [
  ["alice", "$s"],
  [undefined, "$s"],
  ["$s", "b"],
  ["alice", "a/b"],
  ["alice/b", "c1"],
];
const LEVELS = ["a", "b", "c1", "alice", "$s"];
const TOPICS: readonly string[] = [
  ...LEVELS,
  ...LEVELS.flatMap((one) => ["a", "b", "c1", "alice"].map((two) => `${one}/${two}`)),
  ...["a/b/a", "a/c1/alice", "c1/alice/b", "$s/a/b", "/a", "a/"],
];

/** An ACL file of a few random lines. */
export function randomAcl(random: Random): string {
  const lines: string[] = [];
  const count = 1 + random.int(12);
  for (let i = 0; i < count; i++) {
    if (random.int(4) === 0) lines.push(`user ${random.pick(["alice", "bob", "carol"])}`);
    const isPattern = random.int(3) === 0;
    const access = random.pick(["", "read ", "write ", "readwrite ", "deny "]);
    const filter = randomFilter(random, isPattern);
    if (isTopicFilter(filter)) lines.push(`${isPattern ? "pattern" : "topic"} ${access}${filter}`);
  }
  // The one who asks for the others.
  return `${lines.join("\n")}\nuser admin\ntopic #\ntopic $s/#\n`;
}

function randomFilter(random: Random, isPattern: boolean): string {
  const names = [...LEVELS.slice(0, 4), "+", "+", ...isPattern ? ["%c", "%u", "%c", "%u"] : []];
  const levels = Array.from({ length: 1 + random.int(3) }, () => random.pick(names));
  if (random.int(6) === 0) levels[0] = "$s";
  if (random.int(3) === 0) levels.push("#");
  return levels.join("/");
}

/** A real mosquitto with this ACL; `connect` makes clients of it. */
async function withMosquitto(
  acl: string,
  use: (
    connect: (userName: string | undefined, clientId: string) => Promise<MqttClient>,
  ) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = listener.addr;
  listener.close();
  await Deno.writeTextFile(`${directory}/acl`, acl);
  await Deno.writeTextFile(
    `${directory}/m.conf`,
    `listener ${port} 127.0.0.1\nallow_anonymous true\nacl_file ${directory}/acl\n`,
  );
  await Deno.chmod(directory, 0o755);
  const child = new Deno.Command("mosquitto", {
    args: ["-c", `${directory}/m.conf`],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const connect = async (userName: string | undefined, clientId: string) => {
    const init = {
      hostname: "127.0.0.1",
      port,
      clientId,
      ...userName === undefined ? {} : { userName },
    };
    for (let attempt = 0;; attempt++) {
      try {
        return await MqttClient.connect(init);
      } catch (error) {
        if (attempt === 100) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  };
  try {
    await use(connect);
  } finally {
    child.kill("SIGTERM");
    await child.status;
    await Deno.remove(directory, { recursive: true });
  }
}

/** What mosquitto lets a client read and write of the topics. */
async function askMosquitto(
  client: MqttClient,
  admin: MqttClient,
): Promise<{ read: Set<string>; write: Set<string> }> {
  const read = new Set<string>();
  const write = new Set<string>();
  client.onMessage = ({ topicName, payload }) => {
    if (payload[0] === 1) read.add(topicName);
  };
  const subscriptions = ["#", "$s/#"].map((topicFilter) => ({
    topicFilter,
    qos: 0 as const,
    noLocal: true,
    retainAsPublished: false,
    retainHandling: 2 as const,
  }));
  await client.subscribe(subscriptions);
  for (const topic of TOPICS) {
    await admin.publish(topic, new Uint8Array([1]), { qos: 1 });
    if (await client.publish(topic, new Uint8Array([2]), { qos: 1 }) < 0x80) write.add(topic);
  }
  // What was sent to the client before this answer has arrived before it.
  await client.unsubscribe(["#"]);
  return { read, write };
}

/** What one client may do with one topic by one broker and not by the other. */
export interface Difference {
  readonly client: Client;
  readonly access: "read" | "write";
  readonly topicName: string;
  /** Who allows it. */
  readonly allowedBy: "flux-mqtt" | "mosquitto";
}

/** Where the two brokers do not agree about a file. */
export async function compareRights(
  text: string,
  clients: readonly Client[],
): Promise<{ readonly checks: number; readonly differences: Difference[] }> {
  const acl = parseAclFile("acl", text);
  if (!acl.isValid) throw new Error(acl.problems.join("\n"));
  const differences: Difference[] = [];
  await withMosquitto(text, async (connect) => {
    const admin = await connect("admin", "admin");
    for (const client of clients) {
      const asked = await connect(...client);
      const theirs = await askMosquitto(asked, admin);
      asked.abort();
      await asked.closed;
      const rights: ClientRights = new ClientRights(acl.value, ...client);
      for (const access of ["read", "write"] as const) {
        for (const topicName of TOPICS) {
          const isAllowed = rights.decide(access, topicName).isAllowed;
          if (isAllowed === theirs[access].has(topicName)) continue;
          const allowedBy = isAllowed ? "flux-mqtt" : "mosquitto";
          differences.push({ client, access, topicName, allowedBy });
        }
      }
    }
    admin.abort();
    await admin.closed;
  });
  return { checks: clients.length * TOPICS.length * 2, differences };
}

/** Whether there is a mosquitto to ask. */
export async function hasMosquitto(): Promise<boolean> {
  try {
    await new Deno.Command("mosquitto", { args: ["-h"], stdout: "null" }).output();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
