import { strict as assert } from "node:assert";
import { inOrder, localDomain, srvPorts } from "../../lib/cli/srv_lookup.ts";
import { MqttClient, SYSTEM_PORTS } from "../../lib/client/mod.ts";
import { certificateTest } from "../support/certificates.ts";
import { DnsServer } from "../support/dns_server.ts";
import { callFlux } from "../support/flux.ts";
import { LocalServer } from "../support/local_server.ts";
import { freePort } from "../support/free_port.ts";

certificateTest("-S goes where the SRV records lead, with TLS to others", async (files) => {
  await using server = new LocalServer();
  const tlsPort = await server.listen({ options: { allowAnonymous: true } }, files.server);
  const target = "localhost";
  await using dns = await DnsServer.start({
    "_mqtt._tcp.site.example": [
      // Nobody is at the first: the next one is asked.
      { priority: 1, weight: 0, port: freePort(), target },
      { priority: 2, weight: 0, port: server.port, target },
    ],
    "_secure-mqtt._tcp.site.example": [{ priority: 0, weight: 0, port: tlsPort, target }],
    "_mqtt._tcp.none.example": [{ priority: 0, weight: 0, port: 0, target: "." }],
  });
  const ports = srvPorts(SYSTEM_PORTS, dns.resolve);
  const connect = async (hostname: string, more: object = {}) => {
    const client = await MqttClient.connect({ hostname, port: 1, ports, ...more });
    await client.publish("t", "x", { qos: 1 });
    await client.disconnect();
  };
  await connect("site.example");
  await connect("site.example", { tls: { caCerts: [files.text("ca.crt")] } });
  assert.deepEqual(dns.asked, ["_mqtt._tcp.site.example", "_secure-mqtt._tcp.site.example"]);
  await assert.rejects(connect("none.example"), { kind: "dns", message: /names no server/ });
  await assert.rejects(connect("else.example"), { kind: "dns", message: /no such record/ });
});

Deno.test("SRV records are tried by priority, then by chance in proportion to their weights", () => {
  const srv = (priority: number, weight: number, target: string) => ({
    priority,
    weight,
    port: 1,
    target,
  });
  const records = [srv(2, 1, "last"), srv(1, 30, "b"), srv(1, 0, "zero"), srv(1, 10, "a")];
  const order = (chance: number) => inOrder(records, () => chance).map(({ target }) => target);
  assert.deepEqual(order(0), ["a", "b", "zero", "last"]);
  assert.deepEqual(order(0.5), ["b", "a", "zero", "last"]);
  const weightless = [srv(1, 0, "a"), srv(1, 0, "b")];
  assert.equal(inOrder(weightless, () => 0.9).length, 2);
});

Deno.test("the domain of this machine is that of its name, else that of resolv.conf", () => {
  assert.equal(localDomain("pi.home.example", "search other"), "home.example");
  assert.equal(localDomain("pi", "nameserver 1.2.3.4\nsearch lan.example b\n"), "lan.example");
  assert.equal(localDomain("pi", "nameserver 1.2.3.4\n"), undefined);
});

Deno.test("pub -S at a name without a record says which was asked for", async () => {
  const args = ["pub", "-S", "-h", "no-such-domain.invalid", "-t", "t", "-m", "x"];
  const { status, error } = await callFlux(args);
  assert.equal(status, 10);
  assert.match(error, /SRV record _mqtt\._tcp\.no-such-domain\.invalid/);
});
