import { strict as assert } from "node:assert";
import { encodePacket } from "../../lib/codec/mod.ts";
import { type ProxiedClient, readProxyHeader } from "../../lib/net/proxy_header.ts";
import type { LocalServer } from "../support/local_server.ts";
import { connectPacket, RawClient } from "../support/raw_client.ts";
import { transportTest } from "../support/transports.ts";

const SIGNATURE = "0d0a0d0a000d0a515549540a";
/** 192.0.2.5:6275 to 192.0.2.1:1883. */
const IPV4 = "c0000205" + "c0000201" + "1883" + "075b";
/** [2001:db8::1:0:0:5]:6275 to [2001:db8::1]:1883. */
const IPV6 = "20010db8000000000001000000000005" + "20010db8000000000000000000000001" +
  "1883" + "075b";
/** TLS, a certificate in this session, verified; `TLSv1.3`, CN `pump`. */
const SSL = "20" + "0016" + "05" + "00000000" + "210007" + ascii("TLSv1.3") + "220004" +
  ascii("pump");
const SSL_UNVERIFIED = "20" + "000c" + "05" + "00000001" + "220004" + ascii("pump");
const SSL_NO_CERTIFICATE = "20" + "0005" + "01" + "00000000";

function ascii(text: string): string {
  return new TextEncoder().encode(text).toHex();
}

/** A header of version 2 from its parts in hexadecimal. */
function version2(command: string, family: string, body: string): Uint8Array {
  const length = (body.length / 2).toString(16).padStart(4, "0");
  return Uint8Array.fromHex(SIGNATURE + command + family + length + body);
}

function version1(line: string): Uint8Array {
  return new TextEncoder().encode(line);
}

const NOTHING = { hasTls: false, hasCertificate: false, commonName: "" };

const headers: [name: string, version: 1 | 2, bytes: Uint8Array, client: ProxiedClient][] = [
  ["TCP4", 1, version1("PROXY TCP4 192.0.2.5 192.0.2.1 6275 1883\r\n"), {
    ...NOTHING,
    remoteAddress: "192.0.2.5:6275",
  }],
  ["TCP6", 1, version1("PROXY TCP6 2001:db8::5 2001:db8::1 6275 1883\r\n"), {
    ...NOTHING,
    remoteAddress: "[2001:db8::5]:6275",
  }],
  ["UNKNOWN", 1, version1("PROXY UNKNOWN\r\n"), { ...NOTHING, remoteAddress: undefined }],
  ["UNKNOWN with more", 1, version1("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"), {
    ...NOTHING,
    remoteAddress: undefined,
  }],
  ["LOCAL", 2, version2("20", "00", ""), { ...NOTHING, remoteAddress: undefined }],
  ["IPv4", 2, version2("21", "11", IPV4), { ...NOTHING, remoteAddress: "192.0.2.5:6275" }],
  ["IPv6", 2, version2("21", "21", IPV6), {
    ...NOTHING,
    remoteAddress: "[2001:db8::1:0:0:5]:6275",
  }],
  ["a Unix socket", 2, version2("21", "31", ascii("/run/x").padEnd(432, "0")), {
    ...NOTHING,
    remoteAddress: "unix:/run/x",
  }],
  ["no address", 2, version2("21", "00", ""), { ...NOTHING, remoteAddress: undefined }],
  ["an extension that nobody knows", 2, version2("21", "11", IPV4 + "e000021234"), {
    ...NOTHING,
    remoteAddress: "192.0.2.5:6275",
  }],
  ["TLS with a certificate", 2, version2("21", "11", IPV4 + SSL), {
    remoteAddress: "192.0.2.5:6275",
    hasTls: true,
    hasCertificate: true,
    commonName: "pump",
  }],
  ["TLS with a certificate that is no good", 2, version2("21", "11", IPV4 + SSL_UNVERIFIED), {
    remoteAddress: "192.0.2.5:6275",
    hasTls: true,
    hasCertificate: false,
    commonName: "",
  }],
  ["TLS without certificate", 2, version2("21", "11", IPV4 + SSL_NO_CERTIFICATE), {
    remoteAddress: "192.0.2.5:6275",
    hasTls: true,
    hasCertificate: false,
    commonName: "",
  }],
];
for (const [name, version, bytes, client] of headers) {
  Deno.test(`a PROXY header of version ${version}, ${name}: each part of it waits`, () => {
    for (let length = 0; length < bytes.length; length++) {
      assert.equal(readProxyHeader(version, bytes.slice(0, length)), undefined, `${length} bytes`);
    }
    const more = Uint8Array.from([...bytes, 0x10, 0]);
    assert.deepEqual(readProxyHeader(version, more), { lengthBytes: bytes.length, client });
  });
}

const malformed: [version: 1 | 2, bytes: Uint8Array, why: RegExp][] = [
  [1, version1("GET / HTTP/1.1\r\n"), /does not begin with PROXY/],
  [1, version2("21", "11", IPV4), /does not begin with PROXY/],
  [1, version1("PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n"), /protocol is "TCP5"/],
  [1, version1("PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n"), /addresses are none|ports are none/],
  [1, version1("PROXY TCP4 1.2.3.256 1.2.3.4 1 2\r\n"), /addresses are none/],
  [1, version1("PROXY TCP4 ::1 ::1 1 2\r\n"), /addresses are none/],
  [1, version1("PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n"), /addresses are none/],
  [1, version1("PROXY TCP6 :::: ::1 1 2\r\n"), /addresses are none/],
  [1, version1("PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n"), /ports are none/],
  [1, version1("PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n"), /ports are none/],
  [1, version1("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\rx"), /line has no end/],
  [1, version1("PROXY UNKNOWN " + "x".repeat(107)), /line has no end/],
  [2, version1("PROXY TCP4 192.0.2.5 192.0.2.1 6275 1883\r\n"), /signature/],
  [2, version2("11", "11", IPV4), /version and command are 17/],
  [2, version2("22", "11", IPV4), /version and command are 34/],
  [2, version2("21", "12", IPV4), /family is 18/],
  [2, version2("21", "11", IPV4.slice(2)), /addresses are cut off/],
  [2, version2("21", "21", IPV4), /addresses are cut off/],
  [2, version2("21", "31", IPV4), /addresses are cut off/],
  [2, version2("21", "11", IPV4 + "20"), /extension is cut off/],
  [2, version2("21", "11", IPV4 + "200005"), /extension is cut off/],
  [2, version2("21", "11", IPV4 + "20000101"), /TLS is cut off/],
  [2, version2("21", "11", IPV4 + "2000060100000000" + "22"), /extension is cut off/],
  [2, Uint8Array.fromHex(SIGNATURE + "2111ffff"), /it has 65551 bytes/],
];
for (const [version, bytes, why] of malformed) {
  const shown = version === 1 ? new TextDecoder().decode(bytes).trim().slice(0, 40) : bytes.toHex();
  Deno.test(`no PROXY header of version ${version}: ${shown}`, () => {
    assert.throws(() => readProxyHeader(version, bytes), why);
  });
}

const NO_DEMANDS = { requireTls: false, requireCertificate: false };

/** The address of the one client that is connected, as the broker knows it. */
function address(local: LocalServer): string {
  const [connection] = local.broker.connections;
  return connection!.identity!.remoteAddress;
}

for (const [name, version, bytes, { remoteAddress }] of headers) {
  transportTest(
    `behind a proxy with version ${version}, ${name}, a client has its own address`,
    async (open) => {
      await using local = await open();
      const port = local.server.listen({ port: 0, proxy: { version, ...NO_DEMANDS } });
      const whole = Uint8Array.from([...bytes, ...encodePacket(connectPacket(), 5)]);
      for (const size of [whole.length, bytes.length, 7, 1]) {
        using client = await RawClient.open(port);
        for (let at = 0; at < whole.length; at += size) {
          await client.write(whole.subarray(at, at + size));
        }
        assert.equal((await client.receive())?.type, "connack");
        const found = address(local);
        if (remoteAddress === undefined) assert.match(found, /^127\.0\.0\.1:\d+$/);
        else assert.equal(found, remoteAddress);
        await client.ping();
        client.close();
        await local.settle();
      }
    },
  );
}

transportTest(
  "who sends no header is closed with one line, and so is who sends none in time",
  async (open) => {
    await using local = await open({ connectTimeoutSeconds: 1 });
    const port = local.server.listen({ port: 0, proxy: { version: 2, ...NO_DEMANDS } });
    using client = await RawClient.open(port);
    using slow = await RawClient.open(port);
    await slow.write(Uint8Array.fromHex(SIGNATURE));
    await client.send(connectPacket());
    assert.deepEqual((await client.untilEnd()).packets, []);
    const refused = local.details.filter((line) => line.startsWith("Connection refused"));
    assert.equal(refused.length, 1);
    assert.match(refused[0]!, /Cannot read the PROXY header/);
    assert.deepEqual((await slow.untilEnd()).packets, []);
  },
);

/** What a listener demands of the proxy's clients, and who comes in. */
const demands: [
  demand: "requireTls" | "requireCertificate",
  extensions: string,
  isLetIn: boolean,
][] = [
  ["requireTls", "", false],
  ["requireTls", SSL_NO_CERTIFICATE, true],
  ["requireCertificate", SSL_NO_CERTIFICATE, false],
  ["requireCertificate", SSL_UNVERIFIED, false],
  ["requireCertificate", SSL, true],
];
for (const [demand, extensions, isLetIn] of demands) {
  transportTest(
    `${demand} ${isLetIn ? "lets in" : "refuses"} extensions "${extensions}"`,
    async (open) => {
      await using local = await open();
      const proxy = { version: 2, ...NO_DEMANDS, [demand]: true } as const;
      const port = local.server.listen({ port: 0, proxy });
      using client = await RawClient.open(port);
      await client.write(version2("21", "11", IPV4 + extensions));
      await client.send(connectPacket()).catch(() => {});
      if (!isLetIn) {
        assert.deepEqual((await client.untilEnd()).packets, []);
        return;
      }
      assert.equal((await client.receive())?.type, "connack");
      const [connection] = local.broker.connections;
      const { certificate } = connection!.identity!;
      assert.equal(certificate?.commonName, extensions === SSL ? "pump" : undefined);
    },
  );
}
