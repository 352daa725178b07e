import { strict as assert } from "node:assert";
import { BrokerProcess } from "../../tests/support/broker_process.ts";
import { publish } from "./clients.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;
/** The return code of CONNACK for a wrong user name or password, as `mosquitto_pub` tells it. */
const REFUSED = 4;

/** Without a password file everybody is let in; with one only who knows a password of it. */
export async function tryAuthentication(): Promise<string> {
  const directory = await Deno.makeTempDir({ prefix: "flux-acceptance-" });
  try {
    await expectWithoutFile();
    const file = `${directory}/passwords`;
    await makePasswordFile(file, "user", "pass");
    await using broker = await BrokerProcess.start({
      flags: ["--password-file", file, "--no-allow-anonymous"],
    });
    const good = await publish(broker.port, message("-u", "user", "-P", "pass"));
    assert.equal(good.code, 0, good.output);
    for (const credentials of [["-u", "user", "-P", "wrong"], ["-u", "nobody", "-P", "pass"]]) {
      const { code, output } = await publish(broker.port, message(...credentials));
      assert.equal(code, REFUSED, `${credentials.join(" ")}: ${output}`);
    }
    const anonymous = await publish(broker.port, message());
    assert.notEqual(anonymous.code, 0, "Nobody's name gets in");
    return "Without a file everybody gets in; with one only the right user and password";
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function expectWithoutFile(): Promise<void> {
  await using broker = await BrokerProcess.start();
  for (const credentials of [[], ["-u", "user", "-P", "pass"]]) {
    const { code, output } = await publish(broker.port, message(...credentials));
    assert.equal(code, 0, output);
  }
}

/** With the product's own command, which reads the password from standard input. */
async function makePasswordFile(file: string, user: string, password: string): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", MAIN, "passwd", "-c", "--stdin", file, user],
    stdin: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(`${password}\n`));
  await writer.close();
  const { code } = await child.status;
  assert.equal(code, 0, "flux-mqtt passwd fails");
}

function message(...credentials: readonly string[]): string[] {
  return ["-t", "test/auth", "-m", "hello", "-q", "1", ...credentials];
}
