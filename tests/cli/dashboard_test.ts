import { strict as assert } from "node:assert";
import { BrokerProcess } from "../support/broker_process.ts";
import { certificateTest } from "../support/certificates.ts";

Deno.test("a broker whose file names an http_api listener says where its dashboard is, and serves it", async () => {
  await using broker = await BrokerProcess.start({
    config:
      `listener ${freePort()} 127.0.0.1\nlistener ${freePort()} 127.0.0.1\nprotocol http_api\n`,
    flags: [],
    isPortOwn: true,
  });
  await broker.untilLog(/Dashboard: http:\/\/127\.0\.0\.1:\d+/);
  const url = /Dashboard: (\S+)/.exec(broker.log)![1];
  const response = await fetch(`${url}/health/ready`);
  assert.deepEqual(await response.json(), { status: "ready" });
});

Deno.test("a dashboard that nobody asked for and whose port is taken is a warning, and the broker goes on", async () => {
  using _taken = take(9883);
  await using broker = await BrokerProcess.start({ flags: ["--dashboard"] });
  await broker.untilLog(/warning There is no dashboard: cannot listen on port 9883/);
});

Deno.test("a dashboard that is configured and whose port is taken is an error, and the broker ends", async () => {
  using taken = take(0);
  const config =
    `listener ${freePort()} 127.0.0.1\nlistener ${taken.port} 127.0.0.1\nprotocol http_api\n`;
  const broker = await BrokerProcess.start({ config, isPortOwn: true });
  const { code } = await broker.ending(5000);
  assert.equal(code, 1);
  assert.match(broker.log, /error Cannot listen on port \d+ \(flux\.conf:2\)/);
});

/** Somebody listens there, be it this test or another program. */
function take(port: number): Disposable & { readonly port: number } {
  try {
    const listener = Deno.listen({ hostname: "127.0.0.1", port });
    return { port: listener.addr.port, [Symbol.dispose]: () => listener.close() };
  } catch {
    return { port, [Symbol.dispose]() {} };
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

certificateTest(
  "a dashboard behind TLS tells when its certificate ends, and sets cookies for TLS only",
  async (files) => {
    const broker = await BrokerProcess.start({
      config:
        `listener ${freePort()} 127.0.0.1\nlistener ${freePort()} 127.0.0.1\nprotocol http_api\n` +
        `certfile ${files.directory}/server.crt\nkeyfile ${files.directory}/server.key\n`,
      isPortOwn: true,
    });
    const client = Deno.createHttpClient({
      caCerts: [await Deno.readTextFile(`${files.directory}/ca.crt`)],
    });
    await broker.untilLog(/Dashboard: https:\/\//);
    const port = /Dashboard: https:\/\/127\.0\.0\.1:(\d+)/.exec(broker.log)![1];
    const metrics = await fetch(`https://localhost:${port}/metrics`, { client });
    assert.match(
      await metrics.text(),
      /^fluxmqtt_certificate_expiry_timestamp_seconds\{listener="127\.0\.0\.1:\d+"\} \d+$/m,
    );
    const logOut = await fetch(`https://localhost:${port}/api/v1/session`, {
      client,
      method: "DELETE",
      headers: { "x-flux-mqtt": "1" },
    });
    await logOut.body?.cancel();
    assert.match(logOut.headers.get("set-cookie")!, /; Secure/);
    client.close();
    await broker.stop();
  },
);
