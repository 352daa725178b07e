import { strict as assert } from "node:assert";
import { BrokerProcess } from "../support/broker_process.ts";
import { publish, subscribeToEnd } from "../support/mosquitto.ts";
import { hasMosquitto, MosquittoBroker } from "../support/mosquitto_broker.ts";
import { hasPrograms } from "../support/programs.ts";
import { ctrl, initFile, pluginLines } from "./dynsec.ts";
import { findPlugin } from "./dynsec_rights.ts";

const plugin = await findPlugin();
const ignore = !hasMosquitto || plugin === undefined ||
  !hasPrograms("retained messages under dynamic security", "mosquitto_ctrl");

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
  const seen = async () => {
    const eye = ["-u", "eye", "-P", "pw", "-t", "p/#", "-C", "1", "-W", "1"];
    return (await subscribeToEnd(port, eye)).output.replace("Timed out\n", "").trim();
  };
  const all = [await seen()];
  await ctrl(port, "removeClientRole", "pump", "writer");
  all.push(await seen());
  await ctrl(port, "addClientRole", "pump", "writer");
  all.push(await seen());
  await ctrl(port, "deleteClient", "pump");
  all.push(await seen());
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
