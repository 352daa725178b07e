import { deepEqual, equal, match, notEqual } from "node:assert/strict";
import { hashPassword } from "../../lib/auth/mod.ts";
import { certificateTest } from "../support/certificates.ts";
import { findMosquitto } from "../support/clients.ts";
import { MosquittoSub, publish, subscribeToEnd } from "../support/mosquitto.ts";
import { whyNoNatsServer } from "../support/nats_server.ts";
import { TwoNodes } from "../support/two_nodes.ts";

const mosquitto = await findMosquitto();
const missing = whyNoNatsServer() ?? ("missing" in mosquitto ? mosquitto.missing : undefined);
// deno-lint-ignore no-console -- whoever reads the results is to know
if (missing !== undefined) console.log(`Skipped: access at two nodes: ${missing}`);

const ACL = "user alice\ntopic readwrite #\nuser bob\ntopic read t/open\n";

if (missing === undefined) {
  certificateTest(
    "mosquitto's clients over TLS at two nodes get what the files of their own node allow",
    async (files) => {
      const users = ["alice", "bob"].map((name) =>
        `${name}:${hashPassword(new TextEncoder().encode("secret"), 1000)}\n`
      );
      Deno.writeTextFileSync(files.path("passwords"), users.join(""));
      Deno.writeTextFileSync(files.path("acl"), ACL);
      const { certfile, keyfile } = files.server;
      await using nodes = await TwoNodes.start({
        config: `certfile ${certfile}\nkeyfile ${keyfile}\nallow_anonymous false\n` +
          `password_file ${files.path("passwords")}\nacl_file ${files.path("acl")}\n`,
      });
      const [here, there] = nodes.ports;
      const tls = ["--cafile", files.path("ca.crt"), "-V", "5"];
      const as = (user: string) => [...tls, "-u", user, "-P", "secret"];
      await using reader = await MosquittoSub.start(there, [
        ...as("bob"),
        ...["-v", "-q", "1", "-t", "t/#"],
      ]);
      for (const [topic, text] of [["t/secret", "1"], ["t/open", "2"]] as const) {
        for (const qos of ["1", "2"]) {
          const args = [...as("alice"), "-t", topic, "-q", qos, "-r", "-m", text];
          equal((await publish(here, args)).code, 0);
        }
      }
      deepEqual(await reader.take(2), ["t/open 2", "t/open 2"]);
      const retained = await subscribeToEnd(there, [
        ...as("bob"),
        ...["-v", "-t", "t/#", "-W", "1"],
      ]);
      deepEqual(retained.output.match(/^t\/.*$/gm), ["t/open 2"]);
      // Who may not publish does so at no node.
      const refused = await publish(there, [...as("bob"), "-t", "t/open", "-q", "1", "-m", "3"]);
      match(refused.output, /Not authorized/);
      notEqual(
        (await publish(here, [...tls, "-u", "bob", "-P", "wrong", "-t", "x", "-m", "4"])).code,
        0,
      );
    },
    true,
  );
}
