import { strict as assert } from "node:assert";
import { hashPassword } from "../../lib/auth/mod.ts";
import { makeCertificates } from "../../tasks/certs.ts";
import { BrokerProcess } from "../support/broker_process.ts";
import { certificateTest } from "../support/certificates.ts";
import { callFlux } from "../support/flux.ts";

/** A failure of a client command: its exit status, and what it says is to be done. */
type Failure = readonly [line: string, status: number | readonly number[], error: RegExp];

/** Runs each line, with the words `PORT` and `DIR` in it replaced, as a step. */
async function tryAll(
  t: Deno.TestContext,
  failures: readonly Failure[],
  port: number,
  directory = "",
): Promise<void> {
  for (const [line, status, error] of failures) {
    await t.step(`${line}: status ${status}`, async () => {
      const words = line.replaceAll("PORT", String(port)).replaceAll("DIR", directory).split(" ");
      const run = await callFlux(words);
      assert([status].flat().includes(run.status), `${run.status}: ${run.error}`);
      // What is wrong comes first; behind it stands what would hold.
      assert.match(run.out, line.startsWith("check ") ? /^OPTION +VALUE +FROM$/m : /^$/);
      assert.match(run.error, error);
    });
  }
}

function failureTest(name: string, fn: (t: Deno.TestContext) => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: true, sanitizeResources: true });
}

/** Answers each connection in its own way, until it is disposed of. */
function strangeServer(answer: (conn: Deno.Conn) => Promise<void>) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections: Deno.Conn[] = [];
  const ended = (async () => {
    for await (const conn of listener) {
      connections.push(conn);
      await answer(conn);
    }
  })();
  return {
    port: listener.addr.port,
    async [Symbol.asyncDispose]() {
      listener.close();
      await ended;
      for (const conn of connections) {
        try {
          conn.close();
        } catch {
          // It has closed it itself.
        }
      }
    },
  };
}

failureTest(
  "a command line that is not understood: status 2, before anything is sent",
  async (t) => {
    await tryAll(t, [
      ["pub -m x", 2, /^-t: Name the one topic/],
      ["pub -t a/# -m x", 2, /^-t: Must be a Topic Name, is "a\/#"/],
      ["pub -t a", 2, /^Name the payload: -m TEXT/],
      ["pub -t a -m x -n", 2, /^--message and --null-message: Name one payload/],
      ["pub -t a -m x -q 3", 2, /^--qos: Must be a whole number from 0 to 2, is "3"/],
      ["pub -t a -m x -V 4", 2, /^-V: Must be 5, 311 or 31/],
      ["pub -t a -m x -p 0", 2, /^--port: Must be a whole number from 1 to 65535/],
      ["pub -t a -m x -D publish", 2, /^-D: Needs PACKET NAME VALUE/],
      ["pub -t a -m x -D pub content-type x", 2, /^-D: "pub" must be connect, publish/],
      ["pub -t a -m x -D publish receive-maximum 1", 2, /^-D publish: "receive-maximum" is no/],
      ["pub -t a -m x -D publish topic-alias x", 2, /^-D publish topic-alias: Must be a whole/],
      ["pub -t a -m x -V 311 -D publish content-type x", 2, /^-D: Needs -V 5/],
      ["pub -t a -m x --cert c.pem", 2, /^--cert and --key: Need each other/],
      ["pub -t a -m x --will-retain", 2, /^--will-retain: Needs --will-topic/],
      ["sub", 2, /^-t: Name a Topic Filter/],
      ["sub -t a/#/b", 2, /^-t: Must be a Topic Filter/],
      ["sub -t a -c", 2, /^-c: Needs -i/],
      ["sub -t a -z", 2, /^-z: Is not a flag\nSee flux-mqtt sub --help/],
      ["rr -t a -m x", 2, /^-e: Name the response's topic/],
      ["health -W 0", 2, /^--timeout: Must be a whole number from 1/],
      ["bench -s x", 2, /^--seconds: Must be a whole number/],
      ["bench -r none", 2, /^-r: There is no load none/],
      ["completions tcsh", 2, /^Name a shell: bash, zsh, fish/],
    ], 0);
  },
);

failureTest("who cannot reach a broker is told which part failed", async (t) => {
  const silent = strangeServer(() => Promise.resolve());
  const rude = strangeServer(async (conn) => {
    await conn.read(new Uint8Array(1024));
    conn.close();
  });
  const web = strangeServer(async (conn) => {
    await conn.read(new Uint8Array(1024));
    await conn.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
  });
  /** Lets everybody in, and says nothing more. */
  const mute = strangeServer(async (conn) => {
    await conn.read(new Uint8Array(1024));
    await conn.write(Uint8Array.of(0x20, 3, 0, 0, 0));
  });
  const [nobody] = [Deno.listen({ hostname: "127.0.0.1", port: 0 })];
  const free = nobody.addr.port;
  nobody.close();
  await using _ = silent, __ = rude, ___ = web, ____ = mute;
  const at = (port: number) => `-h 127.0.0.1 -p ${port}`;
  await tryAll(t, [
    [
      "health -h no-such-name.invalid",
      10,
      /^Cannot find no-such-name.invalid:1883: .* check the name/,
    ],
    [`health ${at(free)}`, 11, /^Cannot connect to 127.0.0.1:\d+: .*; check that the broker runs/],
    [`health ${at(silent.port)} -W 1`, 12, /^No CONNACK within 1000 ms; check -p/],
    [`sub ${at(silent.port)} -t a -W 1`, 12, /^No CONNACK within 1000 ms; check -p/],
    [`health ${at(silent.port)} -W 1 --insecure`, 12, /no answer within 1000 ms; check -p/],
    [`sub ${at(mute.port)} -t a -W 1`, 27, /^$/],
    [`health ${at(web.port)}`, 16, /; check -p and -V: is it an MQTT broker/],
    [`health ${at(web.port)} --insecure`, 16, /^127.0.0.1:\d+ does not speak TLS: /],
    [`health ${at(rude.port)}`, 17, /^The broker closed the connection without a CONNACK/],
  ], 0);
});

failureTest(
  "who is refused is told why: 14, or 15 where name and rights are the reason",
  async (t) => {
    const directory = await Deno.makeTempDir();
    await Deno.writeTextFile(
      `${directory}/users`,
      `ann:${hashPassword(new TextEncoder().encode("secret"), 10)}\n`,
    );
    await Deno.writeTextFile(`${directory}/rules`, "user ann\ntopic read open/#\n");
    try {
      await using broker = await BrokerProcess.start({
        flags: [
          ...["--no-persistence", "--no-allow-anonymous", "--accept-protocol-versions", "5"],
          ...["--password-file", `${directory}/users`, "--acl-file", `${directory}/rules`],
        ],
      });
      const ann = "-h 127.0.0.1 -p PORT -u ann -P secret";
      await tryAll(t, [
        ["health -h 127.0.0.1 -p PORT", 0, /^$/],
        [
          "health -h 127.0.0.1 -p PORT -u ann -P wrong",
          15,
          /; check -u and -P, and the broker's rules/,
        ],
        [
          "sub -h 127.0.0.1 -p PORT -t open/1",
          15,
          /^The broker refused the connection: .*check -u/,
        ],
        [`sub ${ann} -t shut/1`, 15, /^The broker refused shut\/1: /],
        [`pub ${ann} -t open/1 -m x -q 1`, 15, /^The broker did not take the message: /],
        [`pub ${ann} -t open/1 -m x -q 1 --quiet`, 15, /^$/],
        [`rr ${ann} -t open/1 -e open/2 -m x -q 1`, 15, /^The broker did not take the message: /],
        [
          `health ${ann} -V 311`,
          14,
          /^The broker refused the connection: unacceptable protocol version/,
        ],
        [`health ${ann}`, 0, /^$/],
      ], broker.port);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
);

certificateTest("TLS: what is not trusted is told, status 13", async (files, t) => {
  const tls = ["--certfile", files.path("server.crt"), "--keyfile", files.path("server.key")];
  await using open = await BrokerProcess.start({ flags: ["--no-persistence", ...tls] });
  await tryAll(
    t,
    [
      ["health -h localhost -p PORT --cafile DIR/ca.crt", 0, /^$/],
      ["health -h localhost -p PORT --insecure", 0, /^$/],
      // An alert, or the end of the connection: what comes first.
      ["health -h localhost -p PORT", [16, 17], /TLS/],
      [
        "health -h localhost -p PORT --cafile DIR/none.crt",
        1,
        /^--cafile: Cannot read .*none\.crt: /,
      ],
      [
        "health -h localhost -p PORT --cafile DIR/ca.key",
        1,
        /^--cafile: There is no certificate in PEM in .*ca\.key/,
      ],
      ...["ca.key", "ca.crt"].map((key): Failure => [
        `health -h localhost -p PORT --cafile DIR/ca.crt --cert DIR/client.crt --key DIR/${key}`,
        13,
        /^Cannot use our certificate and its key: .* ours with --cert and --key/,
      ]),
    ],
    open.port,
    files.directory,
  );

  // Another name than ours is in this one, and it wants to know who we are.
  await Deno.mkdir(files.path("other"));
  await makeCertificates({ directory: files.path("other"), subjectAltName: "DNS:elsewhere" });
  const other = (name: string) => files.path(`other/${name}`);
  await using closed = await BrokerProcess.start({
    flags: [
      ...["--no-persistence", "--certfile", other("server.crt"), "--keyfile", other("server.key")],
      ...["--require-certificate", "--cafile", other("ca.crt")],
    ],
  });
  const ours = "--cert DIR/other/client.crt --key DIR/other/client.key";
  const trust = "-h localhost -p PORT --cafile DIR/other/ca.crt";
  await tryAll(
    t,
    [
      [`health ${trust} ${ours}`, 13, /^Cannot trust localhost:\d+: .*not valid for name/],
      [`health ${trust} --insecure`, [13, 17], /--cert/],
      [`health ${trust} --insecure ${ours}`, 0, /^$/],
    ],
    closed.port,
    files.directory,
  );
});

certificateTest(
  "check reads certificates and keys as the start does, status 3",
  async (files, t) => {
    const tls = "check --listener 8883 --allow-anonymous --certfile DIR/server.crt --keyfile";
    await tryAll(
      t,
      [
        [`${tls} DIR/none.key`, 3, /^--listener: listener 8883: Cannot read .*none\.key: /],
        [`${tls} DIR/ca.key`, 3, /^--listener: listener 8883: .*ca\.key/],
      ],
      0,
      files.directory,
    );
    const well = await callFlux(
      `${tls} DIR/server.key`.replaceAll("DIR", files.directory).split(" "),
    );
    assert.deepEqual([well.status, well.error], [0, ""]);
  },
);
