import { strict as assert } from "node:assert";
import { BrokerProcess } from "../support/broker_process.ts";
import { hasPrograms } from "../support/programs.ts";
import { freePort } from "../support/free_port.ts";

/** Lines that mosquitto 2.0 takes, and what ours says of them: they do nothing, or have another name. */
const LINES: readonly (readonly [line: string, note: RegExp | undefined])[] = [
  ["autosave_interval 1800", /Has no effect/],
  ["autosave_on_changes false", /Has no effect/],
  ["persistence_file mosquitto.db", /Has no effect/],
  ["retry_interval 20", /Has no effect/],
  ["websockets_log_level 0", /Has no effect/],
  ["retained_persistence false", /Means here: persistence false/],
  ["websockets_headers_size 512", undefined],
  ["log_dest stderr", undefined],
  ["log_dest topic", undefined],
  ["log_facility 5", undefined],
  // What holds anyway.
  ["protocol mqtt", undefined],
  ["max_connections -1", undefined],
];
/** Lines of a listener. */
const LISTENER_LINES: typeof LINES = [
  ["maximum_qos 1", /Means here: max_qos 1/],
  ["dhparamfile /etc/mosquitto/dhparam.pem", /Has no effect/],
  ["tls_keyform pem", /Has no effect/],
  ["use_username_as_clientid false", undefined],
  ["socket_domain ipv4", undefined],
];

Deno.test({
  name: "a file with every line of mosquitto's that does no harm starts both brokers",
  ignore: !hasPrograms("a file for both brokers", "mosquitto"),
  async fn() {
    const all = [...LINES, ...LISTENER_LINES];
    const text = all.map(([line]) => line).join("\n");
    const directory = await Deno.makeTempDir();
    try {
      const place = `user root\nport ${freePort()}\nbind_address 127.0.0.1\n`;
      await Deno.writeTextFile(`${directory}/m.conf`, place + text);
      assert.match(await saidByMosquitto(`${directory}/m.conf`), / running$/m);

      await using ours = await BrokerProcess.start({ config: text });
      // Notes come behind the first port.
      await ours.untilLog(/tls_keyform: /);
      for (const [line, note] of all) {
        const [name = ""] = line.split(" ");
        const said = ours.log.split("\n").filter((said) => said.includes(` ${name}: `));
        assert.equal(said.length, note === undefined ? 0 : 1, `${line}: ${said.join("\n")}`);
        if (note !== undefined) assert.match(said[0]!, note);
      }
      assert.equal(ours.log.match(/Listening/g)?.length, 1);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});

/** What mosquitto says until it runs or ends. */
async function saidByMosquitto(file: string): Promise<string> {
  await using mosquitto = new Deno.Command("mosquitto", {
    args: ["-c", file],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let said = "";
  for await (const text of mosquitto.stderr.pipeThrough(new TextDecoderStream())) {
    said += text;
    if (/ running$/m.test(said)) break;
  }
  return said;
}
