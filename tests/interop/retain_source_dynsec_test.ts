import { strict as assert } from "node:assert";
import { BrokerProcess } from "../support/broker_process.ts";
import { publish } from "../support/mosquitto.ts";
import { hasMosquitto, MosquittoBroker } from "../support/mosquitto_broker.ts";
import { hasPrograms } from "../support/programs.ts";
import { RawClient } from "../support/raw_client.ts";
import { ctrl, initFile, pluginLines } from "./dynsec.ts";
import { findPlugin } from "./dynsec_rights.ts";

const plugin = await findPlugin();
const ignore = !hasMosquitto || plugin === undefined ||
  !hasPrograms("retained messages under dynamic security", "mosquitto_ctrl");

/** The payloads that a new subscription of the reader brings: what is retained comes before the answer to a ping. */
async function seenAt(port: number): Promise<string> {
  using reader = await RawClient.open(port, 4);
  await reader.send({
    type: "connect",
    protocolVersion: 4,
    clientId: "eye-1",
    userName: "eye",
    password: new TextEncoder().encode("pw"),
    cleanStart: true,
    keepAliveSeconds: 0,
  });
  assert.equal((await reader.receive())?.type, "connack");
  await reader.subscribe("p/#");
  await reader.send({ type: "pingreq" });
  const payloads: string[] = [];
  for (;;) {
    const packet = await reader.receive();
    if (packet?.type === "publish") payloads.push(new TextDecoder().decode(packet.payload));
    else if (packet?.type === "pingresp") return payloads.join(" ");
    else assert.fail(`Got ${packet?.type}`);
  }
}

/** Publishes a retained message, takes the publisher's right away, gives it back, deletes the publisher; what a reader gets each time. */
async function play(port: number): Promise<readonly string[]> {
  await ctrl(port, "createRole", "writer");
  await ctrl(port, "addRoleACL", "writer", "publishClientSend", "p/#", "allow");
  await ctrl(port, "createClient", "pump", "-p", "pw");
  await ctrl(port, "addClientRole", "pump", "writer");
  await ctrl(port, "createRole", "reader");
  await ctrl(port, "addRoleACL", "reader", "subscribePattern", "#", "allow");
  await ctrl(port, "createClient", "eye", "-p", "pw");
  await ctrl(port, "addClientRole", "eye", "reader");
  const pump = [
    "-u",
    "pump",
    "-P",
    "pw",
    "-i",
    "pump-1",
    "-t",
    "p/1",
    "-m",
    "kept",
    "-r",
    "-q",
    "1",
  ];
  assert.equal((await publish(port, pump)).code, 0);
  const all = [await seenAt(port)];
  await ctrl(port, "removeClientRole", "pump", "writer");
  all.push(await seenAt(port));
  await ctrl(port, "addClientRole", "pump", "writer");
  all.push(await seenAt(port));
  await ctrl(port, "deleteClient", "pump");
  all.push(await seenAt(port));
  return all;
}

Deno.test({
  name: "a retained message whose publisher lost its right in dynamic security: mosquitto and we",
  ignore,
  async fn() {
    const directory = await Deno.makeTempDir({ prefix: "flux-retain-" });
    try {
      const path = `${directory}/dynamic-security.json`;
      const expected = ["kept", "", "kept", ""];
      const config = (file: string) => `check_retain_source true\n${pluginLines(file, plugin)}`;
      await initFile(path);
      {
        await using mosquitto = await MosquittoBroker.start(config(path));
        assert.deepEqual(await play(mosquitto.port), expected, "mosquitto");
      }
      await Deno.remove(path);
      await initFile(path);
      await using ours = await BrokerProcess.start({
        config: `${config(path)}allow_anonymous true\npersistence false\n`,
      });
      assert.deepEqual(await play(ours.port), expected, "ours");
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});
