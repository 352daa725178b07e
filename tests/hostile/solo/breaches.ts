import { hashPassword } from "../../../lib/auth/mod.ts";
import type { Packet } from "../../../lib/codec/mod.ts";
import { publishPacket, type RawClient, subscribePacket } from "../../support/raw_client.ts";
import type { SoloAttack, Target } from "./attack.ts";

/** Those that would get what belongs to somebody else. */
export const BREACHES: readonly SoloAttack[] = [
  {
    name: "remembered-routes",
    what: "a session that was subscribed at a listener with rights, resumed at one without",
    config: `per_listener_settings true
allow_anonymous true
listener PORT2 127.0.0.1
allow_anonymous true
acl_file DIR/acl
`,
    files: () => Promise.resolve({ acl: "topic readwrite public/#\n" }),
    async run(target) {
      const clientId = "dev";
      const properties = { sessionExpiryInterval: 1000 };
      const entitled = await target.enter({ clientId, properties });
      await entitled.subscribe("secret/#", 1);
      // So that the way to it is remembered.
      await publishSecret(target);
      await entitled.send({ type: "puback", packetId: 1, reasonCode: 0 });
      await entitled.ping();
      entitled.close();
      const other = await target.enter(
        { clientId, properties, cleanStart: false },
        target.secondPort,
      );
      await publishSecret(target);
      await listen(target, other, "It got a message that its listener forbids");
    },
  },
  {
    name: "another-session",
    what: "a client with another user's Client Identifier takes the session over, and its queue",
    config: "password_file DIR/users\nacl_file DIR/acl\n",
    files: async () => {
      const line = async (name: string) =>
        `${name}:${await hashPassword(new TextEncoder().encode(name), 1000)}\n`;
      return {
        users: await line("good") + await line("alice") + await line("bob"),
        acl: "user good\ntopic #\nuser alice\ntopic secret/#\nuser bob\ntopic public/#\n",
      };
    },
    credentials: ["good", "good"],
    async run(target) {
      const clientId = "alices";
      const properties = { sessionExpiryInterval: 1000 };
      const alice = await target.enter({
        clientId,
        properties,
        userName: "alice",
        password: "alice",
      });
      await alice.subscribe("secret/#", 1);
      const bob = await target.knock({
        clientId,
        properties,
        cleanStart: false,
        userName: "bob",
        password: "bob",
      });
      const answer = await bob.receive();
      // At the end of the attack all links are closed: then it is the owner who has left.
      const isIn = answer?.type === "connack" && answer.reasonCode === 0;
      if (isIn && (await alice.receive())?.type === "disconnect") {
        target.breach("It took the place of the owner while that was connected");
        if (answer.sessionPresent) target.breach("Session Present was 1");
        await publishSecret(target, { userName: "good", password: "good" });
        await listen(target, bob, "It got a message of the owner's");
      }
      alice.close();
      bob.close();
    },
  },
  {
    name: "dollar-name",
    what: "a client that calls itself $foo, which a pattern denies something",
    config: "acl_file DIR/acl\n",
    files: () =>
      Promise.resolve({
        acl: "topic readwrite good/#\npattern deny %c/locked\npattern readwrite $foo/#\n",
      }),
    async run(target) {
      const client = await target.enter({ clientId: "$foo" });
      await client.send(publishPacket("$foo/locked", "x", 1, 1));
      const answer = await target.until(client.receive()) as Packet | undefined;
      if (answer?.type === "puback" && answer.reasonCode < 0x80) {
        target.breach("It published where a pattern denies it");
      }
      client.close();
      await target.pause(50);
    },
  },
];

async function publishSecret(
  target: Target,
  credentials: { readonly userName?: string; readonly password?: string } = {},
): Promise<void> {
  const publisher = await target.enter(credentials);
  await publisher.send(publishPacket("secret/x", "x", 1, 1));
  await target.until(publisher.receive());
  publisher.close();
}

/** What the client gets until its PINGRESP. */
async function listen(target: Target, client: RawClient, breach: string): Promise<void> {
  await client.send(subscribePacket("public/#"), { type: "pingreq" });
  for (;;) {
    const packet = await target.until(client.receive()) as Packet | undefined;
    if (packet?.type === "publish" && packet.topicName.startsWith("secret/")) target.breach(breach);
    if (packet === undefined || packet.type === "pingresp") break;
  }
  client.close();
}
