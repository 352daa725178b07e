import { strict as assert } from "node:assert";
import { freePort } from "../support/free_port.ts";
import { publish } from "../support/mosquitto.ts";
import { hasMosquitto, MosquittoBroker } from "../support/mosquitto_broker.ts";
import { hasPrograms } from "../support/programs.ts";
import { until } from "../support/nats_server.ts";
import { RawClient } from "../support/raw_client.ts";
import { STANDS } from "../support/stands.ts";
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
  const connack = await reader.receive();
  assert.equal(connack?.type, "connack");
  if (connack.reasonCode !== 0) return "refused";
  const retained = await reader.retained("p/#");
  return retained.map(({ payload }) => new TextDecoder().decode(payload)).join(" ");
}

/** Ports of brokers under test: the publisher and mosquitto_ctrl come to the one, the reader to the other; it may be the same. */
interface Tried {
  readonly here: { readonly port: number };
  readonly there: { readonly port: number };
}

const PUMP = ["-u", "pump", "-P", "pw", "-i", "pump-1", "-t", "p/1", "-m", "kept", "-r", "-q", "1"];

/** Publishes a retained message, takes the publisher's right away, gives it back, deletes the publisher; a reader gets it accordingly. */
async function play({ here: { port }, there }: Tried): Promise<void> {
  // What is changed at one node holds at the other within moments.
  const sees = (what: string, expected: string) =>
    until(what, async () => await seenAt(there.port) === expected, 5000);
  await ctrl(port, "createRole", "writer");
  await ctrl(port, "addRoleACL", "writer", "publishClientSend", "p/#", "allow");
  await ctrl(port, "createClient", "pump", "-p", "pw");
  await ctrl(port, "addClientRole", "pump", "writer");
  await ctrl(port, "createRole", "reader");
  await ctrl(port, "addRoleACL", "reader", "subscribePattern", "#", "allow");
  await ctrl(port, "createClient", "eye", "-p", "pw");
  await ctrl(port, "addClientRole", "eye", "reader");
  assert.equal((await publish(port, PUMP)).code, 0);
  await sees("with the right", "kept");
  await ctrl(port, "removeClientRole", "pump", "writer");
  await sees("without the right", "");
  await ctrl(port, "addClientRole", "pump", "writer");
  await sees("with the right again", "kept");
  await ctrl(port, "deleteClient", "pump");
  await sees("without the publisher", "");
}

const what = "a retained message whose publisher lost its right in dynamic security is held back";

/** Plays it with files that mosquitto_ctrl has made. */
async function withFiles(
  start: (config: () => string) => Promise<Tried & AsyncDisposable>,
): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "flux-retain-" });
  try {
    const paths = ["one", "two"].map((name) => `${directory}/${name}.json`);
    await initFile(paths[0]!);
    await Deno.copyFile(paths[0]!, paths[1]!);
    let count = 0;
    await using brokers = await start(() =>
      `check_retain_source true\n${pluginLines(paths[count++]!, plugin)}`
    );
    await play(brokers);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test({
  name: `${what}: mosquitto`,
  ignore,
  fn: () =>
    withFiles(async (config) => {
      const broker = await MosquittoBroker.start(config());
      const end = () => broker[Symbol.asyncDispose]();
      return { here: broker, there: broker, [Symbol.asyncDispose]: end };
    }),
});

for (const { suffix, start } of STANDS) {
  Deno.test({
    name: `${what}: ours${suffix}`,
    ignore,
    // The listeners of two machines have addresses, and names, of their own.
    fn: () =>
      withFiles((config) =>
        start(() => ({
          config: `listener ${freePort()} 127.0.0.1\nallow_anonymous true\n${config()}` +
            "persistence false\n",
          isPortOwn: true,
        }))
      ),
  });
}
