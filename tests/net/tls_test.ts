import { strict as assert } from "node:assert";
import { encodePacket } from "../../lib/codec/mod.ts";
import { loadTls, SILENT } from "../../lib/net/mod.ts";
import { makeCertificates } from "../../tasks/certs.ts";
import { type Certificates, certificateTest } from "../support/certificates.ts";
import { LocalServer } from "../support/local_server.ts";
import { connectPacket, publishPacket, RawClient } from "../support/raw_client.ts";
import { RawWebSocket } from "../support/raw_web_socket.ts";

const MB = 1024 * 1024;

/** A client over TLS that is connected. */
async function connected(files: Certificates, port: number, client?: string): Promise<RawClient> {
  const stream = await files.connect(port, client === undefined ? {} : { client });
  const raw = RawClient.over(stream);
  try {
    await raw.introduce();
    return raw;
  } catch (error) {
    raw.close();
    throw error;
  }
}

function refusals(local: LocalServer): string[] {
  return local.details.filter((line) => line.startsWith("Connection refused"));
}

certificateTest("clients of TLS and of TCP hear each other, packets of any size", async (files) => {
  await using local = new LocalServer();
  const port = await local.listen({}, files.server);
  using plain = await RawClient.connect(local.port);
  using secure = await connected(files, port);
  await plain.subscribe("to/plain");
  await secure.subscribe("to/secure");
  for (const size of [0, 1, 1000, 20_000, 1_000_000]) {
    await secure.send(publishPacket("to/plain", new Uint8Array(size)));
    await plain.send(publishPacket("to/secure", new Uint8Array(size).fill(7)));
    const [there, back] = [await plain.receive(), await secure.receive()];
    assert.equal(there?.type === "publish" && there.payload.length, size);
    assert.equal(back?.type === "publish" && back.payload.length, size);
  }
  await secure.send({ type: "disconnect", reasonCode: 0 });
  assert.deepEqual(await secure.untilEnd(), { packets: [], isReset: false });
  assert.deepEqual(refusals(local), []);
});

certificateTest(
  "ALPN selects mqtt, and who offers something else only is refused",
  async (files) => {
    await using local = new LocalServer();
    const port = await local.listen({}, files.server);
    const stream = await files.connect(port, { alpnProtocols: ["http/1.1", "mqtt"] });
    assert.equal((await stream.handshake()).alpnProtocol, "mqtt");
    stream.close();
    const silent = await files.connect(port, { alpnProtocols: [] });
    assert.equal((await silent.handshake()).alpnProtocol, null);
    silent.close();
    await assert.rejects(files.connect(port, { alpnProtocols: ["http/1.1"] }));
  },
);

/** Kinds of keys, and the commands of openssl that make them. */
const keys: [name: string, command: string, head: string][] = [
  ["RSA in PKCS#8", "genrsa -out k.key 2048", "BEGIN PRIVATE KEY"],
  ["RSA in PKCS#1", "genrsa -traditional -out k.key 2048", "BEGIN RSA PRIVATE KEY"],
  ["EC in SEC1", "ecparam -name prime256v1 -genkey -noout -out k.key", "BEGIN EC PRIVATE KEY"],
  [
    "EC P-384 in PKCS#8",
    "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out k.key",
    "BEGIN PRIVATE KEY",
  ],
  ["Ed25519", "genpkey -algorithm ed25519 -out k.key", "BEGIN PRIVATE KEY"],
];
for (const [name, command, head] of keys) {
  certificateTest(`a key of kind ${name} works`, async (files) => {
    await files.openssl(command);
    assert.ok(files.text("k.key").includes(head));
    await Deno.writeTextFile(files.path("k.ext"), "subjectAltName=DNS:localhost\n");
    await files.openssl("req -new -key k.key -subj /CN=localhost -out k.csr");
    await files.openssl(
      "x509 -req -in k.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile k.ext -out k.crt",
    );
    await using local = new LocalServer();
    const tls = { certfile: files.path("k.crt"), keyfile: files.path("k.key") };
    using client = await connected(files, await local.listen({}, tls));
    await client.ping();
  });
}

/** `end`, signed by `mid`, which `ca` has signed. */
async function makeChain(files: Certificates): Promise<void> {
  await Deno.writeTextFile(files.path("mid.ext"), "basicConstraints=critical,CA:TRUE\n");
  await Deno.writeTextFile(files.path("end.ext"), "subjectAltName=DNS:localhost\n");
  for (const [name, issuer] of [["mid", "ca"], ["end", "mid"]]) {
    await files.openssl(
      `req -newkey rsa:2048 -nodes -keyout ${name}.key -subj /CN=${name} -out ${name}.csr`,
    );
    await files.openssl(
      `x509 -req -in ${name}.csr -CA ${issuer}.crt -CAkey ${issuer}.key -CAcreateserial -days 2 -extfile ${name}.ext -out ${name}.crt`,
    );
  }
}

certificateTest("a certificate with those between it and the root works", async (files) => {
  await makeChain(files);
  await Deno.writeTextFile(files.path("chain.crt"), files.text("end.crt") + files.text("mid.crt"));
  await using local = new LocalServer();
  const tls = { certfile: files.path("chain.crt"), keyfile: files.path("end.key") };
  using client = await connected(files, await local.listen({}, tls));
  await client.ping();
});

certificateTest(
  "with the certificate alone in certfile those between it and the root come from cafile",
  async (files) => {
    await makeChain(files);
    await Deno.writeTextFile(
      files.path("authorities"),
      files.text("ca.crt") + files.text("mid.crt"),
    );
    const own = { certfile: files.path("end.crt"), keyfile: files.path("end.key") };
    await using local = new LocalServer();
    {
      using client = await connected(
        files,
        await local.listen({}, { ...own, cafile: files.path("authorities") }),
      );
      await client.ping();
    }
    await Deno.mkdir(files.path("directory"));
    await Deno.copyFile(files.path("mid.crt"), files.path("directory/mid.pem"));
    using client = await connected(
      files,
      await local.listen({}, { ...own, capath: files.path("directory") }),
    );
    await client.ping();
    // That there is no way to a root is said, and the listener opens.
    const warned: string[] = [];
    const warning = (message: string) => void warned.push(message);
    (await loadTls(own, { ...SILENT, warning })).close();
    assert.match(warned.join(), /^The certificate's issuer is in none of the files/);
    (await loadTls({ ...own, cafile: files.path("authorities") }, { ...SILENT, warning })).close();
    // Public roots are in no file.
    const half = { ...own, certfile: files.path("half.crt") };
    await Deno.writeTextFile(half.certfile, files.text("end.crt") + files.text("mid.crt"));
    (await loadTls(half, { ...SILENT, warning })).close();
    const self = { certfile: files.path("ca.crt"), keyfile: files.path("ca.key") };
    (await loadTls(self, { ...SILENT, warning })).close();
    assert.equal(warned.length, 1);
  },
);

certificateTest("files that are no good are refused with what is wrong", async (files) => {
  await files.openssl("pkey -in server.key -aes128 -passout pass:x -out encrypted.key");
  await Deno.writeTextFile(files.path("nonsense"), "nonsense\n");
  await Deno.writeTextFile(files.path("damaged"), files.text("server.crt").replace("MII", "AAA"));
  const { certfile, keyfile } = files.server;
  const cases: [tls: Parameters<typeof loadTls>[0], message: RegExp][] = [
    [{ certfile: files.path("none"), keyfile }, /^Cannot read .*none: No such file/],
    [{ certfile, keyfile: files.path("none") }, /^Cannot read .*none: No such file/],
    [{ certfile: files.path("nonsense"), keyfile }, /nonsense: it has no certificate in PEM$/],
    [{ certfile: files.path("damaged"), keyfile }, /damaged: a certificate is damaged/],
    [{ certfile, keyfile: files.path("nonsense") }, /nonsense: it has no private key in PEM/],
    [
      { certfile, keyfile: files.path("client.key") },
      /client\.key: it is not the key of .*server\.crt$/,
    ],
    [{ certfile, keyfile: files.path("encrypted.key") }, /encrypted\.key: the key is encrypted/],
    [
      { certfile, keyfile, requireCertificate: true, cafile: files.path("nonsense") },
      /nonsense: it has no certificate in PEM$/,
    ],
    [
      { certfile, keyfile, requireCertificate: true, capath: files.path("none") },
      /^Cannot list .*none/,
    ],
    [
      { ...files.server, requireCertificate: true, cafile: files.path("ca.crt"), crlfile: keyfile },
      /^Cannot find a revocation list/,
    ],
  ];
  for (const [tls, message] of cases) {
    await assert.rejects(
      loadTls(tls),
      (error: Error) => message.test(error.message) || assert.fail(error),
    );
  }
});

for (const source of ["cafile", "capath"] as const) {
  certificateTest(
    `with require_certificate only those that ${source} vouches for come in`,
    async (files) => {
      await files.openssl(
        "req -x509 -newkey rsa:2048 -nodes -keyout evil.key -subj /CN=client -days 2 -out evil.crt",
      );
      await Deno.mkdir(files.path("authorities"));
      await Deno.copyFile(files.path("ca.crt"), files.path("authorities/ca.pem"));
      await Deno.writeTextFile(files.path("authorities/README"), "not a certificate\n");
      await using local = new LocalServer();
      const port = await local.listen({}, {
        ...files.server,
        requireCertificate: true,
        ...source === "cafile"
          ? { cafile: files.path("ca.crt") }
          : { capath: files.path("authorities") },
      });
      using client = await connected(files, port, "client");
      await client.ping();
      const [connection] = local.broker.connections;
      const { certificate } = connection!.identity!;
      assert.equal(certificate?.commonName, "client");
      assert.equal(certificate.subject, "CN=client");
      assert.match(certificate.fingerprint, /^[0-9A-F]{2}(:[0-9A-F]{2}){31}$/);
      for (const other of ["evil", "server", undefined]) {
        // In TLS 1.3 the client is through before the server has looked: what it says then is lost.
        await assert.rejects(async () => {
          using refused = await connected(files, port, other);
          await refused.ping();
        });
      }
      await local.settle(1);
      assert.equal(refusals(local).length, 3);
      await client.ping();
    },
  );
}

certificateTest("who is refused is told why, where the handshake is not over", async (files) => {
  await using local = new LocalServer();
  const tls = { ...files.server, requireCertificate: true, cafile: files.path("ca.crt") };
  const port = await local.listen({}, tls);
  await assert.rejects(
    files.openssl(`s_client -connect 127.0.0.1:${port} -tls1_2`),
    /alert handshake failure|alert certificate required/,
  );
});

/** Connects with `openssl s_client`, which says CONNECT and DISCONNECT where it is let in; resolves to what it tells. */
async function sayHello(files: Certificates, port: number, args: string): Promise<string> {
  const child = new Deno.Command("openssl", {
    args: `s_client -connect 127.0.0.1:${port} -ign_eof ${args}`.split(" "),
    cwd: files.directory,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  const packets = [connectPacket(), { type: "disconnect", reasonCode: 0 } as const];
  const written = (async () => {
    for (const packet of packets) await writer.write(encodePacket(packet, 5));
    await writer.close();
  })();
  const { stdout } = await child.output();
  await written.catch(() => {}); // It may have been sent away before.
  return new TextDecoder("latin1").decode(stdout);
}

certificateTest(
  "a resumed session counts only where its certificate was verified",
  async (files) => {
    await files.openssl(
      "req -x509 -newkey rsa:2048 -nodes -keyout evil.key -subj /CN=client -days 2 -out evil.crt",
    );
    await using local = new LocalServer();
    const tls = { ...files.server, requireCertificate: true, cafile: files.path("ca.crt") };
    const strict = await local.listen({}, tls);
    const lax = await local.listen({}, files.server);
    const { metrics } = local.broker;
    /** First a full handshake, then one with its session; says who came in. */
    const cases: [name: string, first: number, certificate: string, isLetIn: [boolean, boolean]][] =
      [
        ["good", strict, " -cert client.crt -key client.key", [true, true]],
        ["evil", strict, " -cert evil.crt -key evil.key", [false, false]],
        ["elsewhere", lax, "", [true, false]],
      ];
    for (const version of ["tls1_2", "tls1_3"]) {
      for (const [name, first, certificate, isLetIn] of cases) {
        const countBefore = metrics.connectsAccepted;
        await sayHello(files, first, `-${version}${certificate} -sess_out ${name}.pem`);
        const countBetween = metrics.connectsAccepted;
        const told = await sayHello(files, strict, `-${version} -sess_in ${name}.pem`);
        assert.match(told, /^Reused, /m, "Nothing was resumed, so nothing was tried");
        const came = [countBetween - countBefore, metrics.connectsAccepted - countBetween];
        assert.deepEqual(came.map((count) => count === 1), isLetIn, `${version} ${name}`);
      }
    }
  },
);

certificateTest(
  "a revoked certificate is refused, and all where the list is out of date",
  async (files) => {
    const revoke = async (days: string) => {
      await files.openssl(
        `ca -config ca.conf -gencrl -crldays ${days} -cert ca.crt -keyfile ca.key -out crl.pem`,
      );
    };
    await Deno.writeTextFile(
      files.path("ca.conf"),
      "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ndefault_md=sha256\n",
    );
    await Deno.writeTextFile(files.path("index.txt"), "");
    await revoke("2");
    const tls = {
      ...files.server,
      requireCertificate: true,
      cafile: files.path("ca.crt"),
      crlfile: files.path("crl.pem"),
      watchMs: 20,
    };
    await using local = new LocalServer();
    const port = await local.listen({}, tls);
    using before = await connected(files, port, "client");
    await files.openssl("ca -config ca.conf -revoke client.crt -cert ca.crt -keyfile ca.key");
    await revoke("2");
    await local.until(() => local.log.includes("The certificate is read again"));
    await assert.rejects(connected(files, port, "client"));
    await local.until(() => refusals(local).some((line) => line.includes("it is revoked")));
    await before.ping();
  },
);

certificateTest("each failed handshake is one line, and nobody else notices", async (files) => {
  await using local = new LocalServer();
  const port = await local.listen({}, { ...files.server, minVersion: "TLSv1.3" });
  using client = await connected(files, port);
  const reasons: [reason: RegExp, act: () => Promise<void>][] = [
    [/corrupt message/, async () => {
      const plain = await Deno.connect({ port });
      await plain.write(new TextEncoder().encode("\x10\x0c\0\x04MQTT\x04\x02\0\x3c\0\0 and more"));
      while (await plain.read(new Uint8Array(100)) !== null);
      plain.close();
    }],
    [/the client left/, async () => {
      const reset = await Deno.connect({ port });
      await reset.write(Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01));
      reset.close();
    }],
    [/./, async () => {
      const stranger = await Deno.connectTls({ hostname: "localhost", port });
      await assert.rejects(stranger.handshake());
      stranger.close();
    }],
    [/incompatible/, async () => {
      await assert.rejects(files.openssl(`s_client -connect 127.0.0.1:${port} -tls1_2`));
    }],
  ];
  // Who only looks whether the port is open is no line.
  (await Deno.connect({ port })).close();
  for (const [index, [reason, act]] of reasons.entries()) {
    await act();
    await local.until(() => refusals(local).length === index + 1);
    assert.match(refusals(local)[index]!, reason);
    assert.match(refusals(local)[index]!, /"address":"127\.0\.0\.1:\d+"/);
  }
  await client.ping();
});

certificateTest("what nobody reads is not taken from the network", async (files) => {
  await using local = new LocalServer();
  const port = await local.listen({}, files.server);
  using client = await connected(files, port);
  const [connection] = local.broker.connections;
  connection!.stops.stop("decision");
  let sentBytes = 0;
  const packet = publishPacket("flood", new Uint8Array(MB));
  const sending = (async () => {
    for (let i = 0; i < 40; i++) {
      await client.send(packet);
      sentBytes += MB;
    }
  })();
  const waiting = new Promise((resolve) => setTimeout(resolve, 500));
  await waiting;
  // What the system's own buffers take, and no more.
  assert.ok(sentBytes < 20 * MB, `${sentBytes} bytes were taken`);
  local.broker.core.resume(connection!, "decision");
  await sending;
  assert.equal(sentBytes, 40 * MB);
  await client.ping();
});

certificateTest("a client that never reads is evicted as on TCP", async (files) => {
  await using local = new LocalServer({ maxQueuedBytes: 2 * MB, sendTimeoutSeconds: 1 });
  const stuck = await connected(files, await local.listen({}, files.server));
  await stuck.subscribe("flood");
  using publisher = await RawClient.connect(local.port);
  for (let i = 0; i < 20; i++) await publisher.send(publishPacket("flood", new Uint8Array(MB)));
  await publisher.ping();
  assert.ok(local.broker.levels.bufferedBytes < 4 * MB);
  await local.until(() => local.broker.metrics.slowClientsEvicted === 1, 4000);
  await local.settle(1);
  stuck.close();
});

certificateTest(
  "changed files are noticed, connections stay, a bad file keeps the old",
  async (files) => {
    await using local = new LocalServer();
    const port = await local.listen({}, { ...files.server, watchMs: 20 });
    using client = await connected(files, port);
    const original = files.text("server.crt");
    const replace = async (name: string, text: string) => {
      await Deno.writeTextFile(files.path("new"), text);
      await Deno.rename(files.path("new"), files.path(name));
    };
    await replace("server.crt", "nonsense");
    await local.until(() =>
      local.log.some((line) => line.startsWith("The old certificate stays: "))
    );
    (await files.connect(port)).close();
    // Another authority's, in two steps: key, then certificate.
    const authority = files.text("ca.crt");
    await Deno.mkdir(files.path("other"));
    await makeCertificates({ directory: files.path("other") });
    await replace("server.key", files.text("other/server.key"));
    await replace("server.crt", files.text("other/server.crt"));
    await local.until(() => local.log.includes("The certificate is read again"));
    await assert.rejects(files.connect(port));
    await replace("ca.crt", files.text("other/ca.crt"));
    (await files.connect(port)).close();
    await client.ping();
    // And by a signal: what SIGHUP calls.
    const count = local.log.length;
    local.server.reloadCertificates();
    assert.deepEqual(local.log.slice(count), ["The certificate is read again"]);
    await replace("server.crt", original);
    local.server.reloadCertificates();
    assert.match(local.log.at(-1)!, /^The old certificate stays: .* it is not the key of /);
    (await files.connect(port)).close();
    await replace("ca.crt", authority);
    await assert.rejects(files.connect(port));
  },
);

certificateTest("a WebSocket over TLS", async (files) => {
  await using local = new LocalServer();
  const port = await local.listen({ protocol: "websockets" }, files.server);
  const stream = await files.connect(port, { alpnProtocols: [] });
  using socket = await RawWebSocket.over(stream);
  const client = RawClient.over(socket);
  await client.introduce();
  await client.subscribe("a");
  await client.send(publishPacket("a", new Uint8Array(200_000)));
  const packet = await client.receive();
  assert.equal(packet?.type === "publish" && packet.payload.length, 200_000);
});
