import { strict as assert } from "node:assert";
import { BrokerProcess } from "../support/broker_process.ts";
import { TRANSPORTS } from "../support/transports.ts";

const CLIENTS = 700;
/** What the system lets wait at most, where it tells. */
const MOST = Number(await Deno.readTextFile("/proc/sys/net/core/somaxconn").catch(() => "0"));
// deno-lint-ignore no-console -- whoever reads the results is to know
if (MOST < CLIENTS) console.log(`Skipped: connections that wait to be accepted: ${MOST} may`);

for (const transport of TRANSPORTS) {
  Deno.test({
    name:
      `${CLIENTS} clients that come while the broker stands all have a place to wait, over ${transport}`,
    ignore: MOST < CLIENTS,
    async fn() {
      await using broker = await BrokerProcess.start({
        config: "bind_address 127.0.0.1\nallow_anonymous true\npersistence false\n",
        transport,
      });
      const { port } = broker;
      broker.signal("SIGSTOP");
      const sockets: Deno.TcpConn[] = [];
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise((resolve) => timer = setTimeout(resolve, 20_000));
      const come = async () => {
        while (sockets.length < CLIENTS) {
          sockets.push(await Deno.connect({ hostname: "127.0.0.1", port }));
        }
      };
      await Promise.race([come(), late]);
      clearTimeout(timer);
      const count = sockets.length;
      broker.signal("SIGCONT");
      for (const socket of sockets) socket.close();
      assert.equal(count, CLIENTS);
    },
  });
}
