import { strict as assert } from "node:assert";
import { BrokerProcess } from "../support/broker_process.ts";
import { publish, subscribeToEnd } from "../support/mosquitto.ts";
import { hasPrograms } from "../support/programs.ts";
import { ctrl, initFile, pluginLines } from "./dynsec.ts";

const ignore = !hasPrograms(
  "dynamic security by mosquitto_ctrl",
  "mosquitto_ctrl",
  "mosquitto_pub",
  "mosquitto_sub",
);

Deno.test({
  name: "mosquitto_ctrl makes the file, and clients, groups and roles while the broker runs",
  ignore,
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    const directory = await Deno.makeTempDir();
    const path = `${directory}/dynamic-security.json`;
    try {
      await initFile(path);
      await using broker = await BrokerProcess.start({ config: pluginLines(path) });
      const { port } = broker;
      const login = ["-u", "pump", "-P", "pw1", "-i", "pump-1"];
      const mayPublish = async (topic: string) =>
        /PUBACK \(Mid: 1, RC:(0|16)\)/.test(
          (await publish(port, ["-V", "5", "-q", "1", ...login, "-t", topic, "-m", "x", "-d"]))
            .output,
        );

      const refused = await publish(port, [...login, "-t", "a", "-m", "x"]);
      assert.notEqual(refused.code, 0);
      await ctrl(port, "createClient", "pump", "-p", "pw1");
      await ctrl(port, "createRole", "sensor");
      await ctrl(port, "addRoleACL", "sensor", "publishClientSend", "pumps/#", "allow", "5");
      await ctrl(port, "addRoleACL", "sensor", "subscribePattern", "orders/#", "allow");
      assert.equal(await mayPublish("pumps/1"), false, "without the role");
      await ctrl(port, "addClientRole", "pump", "sensor", "3");
      assert.equal(await mayPublish("pumps/1"), true);
      assert.equal(await mayPublish("other"), false);

      const subscribed = await subscribeToEnd(port, [...login, "-t", "orders/#", "-E"]);
      assert.equal(subscribed.code, 0, subscribed.output);
      const denied = await subscribeToEnd(port, [...login, "-t", "#", "-E", "-d"]);
      assert.match(denied.output, /denied|failed|rejected|128|135/i);

      await ctrl(port, "createGroup", "plant");
      await ctrl(port, "addGroupRole", "plant", "sensor", "2");
      await ctrl(port, "addGroupClient", "plant", "pump", "9");
      await ctrl(port, "removeClientRole", "pump", "sensor");
      assert.equal(await mayPublish("pumps/1"), true, "by its group");
      await ctrl(port, "setDefaultACLAccess", "publishClientSend", "allow");
      assert.equal(await mayPublish("other"), true, "by the default");
      assert.match(await ctrl(port, "getDefaultACLAccess"), /publishClientSend\s*:\s*allow/);
      await ctrl(port, "setAnonymousGroup", "plant");
      assert.match(await ctrl(port, "getAnonymousGroup"), /plant/);

      const client = await ctrl(port, "getClient", "pump");
      assert.match(client, /Username:\s+pump/);
      assert.match(client, /Groups:\s+plant \(priority: 9\)/);
      assert.match(await ctrl(port, "listClients"), /^admin\npump\n/);
      assert.match(
        await ctrl(port, "getRole", "sensor"),
        /publishClientSend\s*:\s*allow\s*:\s*pumps\/# \(priority: 5\)/,
      );
      assert.match(await ctrl(port, "listRoles"), /^admin\nsensor\n/);
      assert.match(await ctrl(port, "getGroup", "plant"), /Groupname:\s+plant/);
      assert.match(await ctrl(port, "listGroups"), /^plant\n/);

      await ctrl(port, "setClientPassword", "pump", "pw2");
      assert.notEqual((await publish(port, [...login, "-t", "pumps/1", "-m", "x"])).code, 0);
      login[3] = "pw2";
      assert.equal(await mayPublish("pumps/1"), true);
      await ctrl(port, "setClientId", "pump", "another");
      assert.notEqual((await publish(port, [...login, "-t", "pumps/1", "-m", "x"])).code, 0);
      await ctrl(port, "setClientId", "pump", "pump-1");
      await ctrl(port, "disableClient", "pump");
      assert.notEqual((await publish(port, [...login, "-t", "pumps/1", "-m", "x"])).code, 0);
      await ctrl(port, "enableClient", "pump");
      assert.equal(await mayPublish("pumps/1"), true);

      await ctrl(port, "removeRoleACL", "sensor", "publishClientSend", "pumps/#");
      await ctrl(port, "removeGroupClient", "plant", "pump");
      await ctrl(port, "removeGroupRole", "plant", "sensor");
      await ctrl(port, "deleteRole", "sensor");
      await ctrl(port, "deleteClient", "pump");
      assert.notEqual((await publish(port, [...login, "-t", "pumps/1", "-m", "x"])).code, 0);

      const { mode } = await Deno.stat(path);
      assert.equal(mode! & 0o777, 0o600);
      const names = [...Deno.readDirSync(directory)].map(({ name }) => name);
      assert.deepEqual(names, ["dynamic-security.json"]);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});
