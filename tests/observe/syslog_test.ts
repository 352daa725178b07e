import { strict as assert } from "node:assert";
import type { LogLevel, LogSink } from "../../lib/observe/mod.ts";
import { SyslogSink } from "../../lib/observe/syslog_sink.ts";

const DAEMON = 3;

/** Lines that syslog did not take. */
class Fallback implements LogSink {
  readonly linesLost = 0;
  text = "";
  write(line: Uint8Array): void {
    this.text += new TextDecoder().decode(line);
  }
  close(): void {}
}

function line(text: string): Uint8Array {
  return new TextEncoder().encode(text + "\n");
}

/** Syslog sockets as Linux has them: what is sent to a path arrives there, message by message. */
function syslogTest(name: string, fn: (path: string) => Promise<void>): void {
  Deno.test({
    name,
    ignore: Deno.build.os !== "linux",
    sanitizeOps: true,
    sanitizeResources: true,
    async fn() {
      const directory = await Deno.makeTempDir();
      try {
        await fn(`${directory}/log`);
      } finally {
        await Deno.remove(directory, { recursive: true });
      }
    },
  });
}

function listen(path: string): Deno.DatagramConn {
  return Deno.listenDatagram({ transport: "unixpacket", path });
}

async function receive(socket: Deno.DatagramConn): Promise<string> {
  const [bytes] = await socket.receive();
  return new TextDecoder().decode(bytes);
}

const priorities: [level: LogLevel, facility: number, priority: number][] = [
  ["error", DAEMON, 27],
  ["warning", DAEMON, 28],
  ["info", DAEMON, 30],
  ["debug", DAEMON, 31],
  ["info", 16, 134],
  ["error", 23, 187],
];
for (const [level, facility, priority] of priorities) {
  syslogTest(`${level} of facility ${facility} has the priority ${priority}`, async (path) => {
    const socket = listen(path);
    const sink = new SyslogSink(facility, { path });
    sink.write(line("info  Zürich listens port=1883"), level);
    const text = await receive(socket);
    assert.match(
      text,
      new RegExp(
        `^<${priority}>[A-Z][a-z]{2} [ 1-3]\\d \\d\\d:\\d\\d:\\d\\d flux-mqtt\\[${Deno.pid}\\]: ` +
          "info  Zürich listens port=1883$",
      ),
    );
    await sink.flush();
    sink.close();
    socket.close();
  });
}

syslogTest("lines arrive in their order, and flush() waits for them", async (path) => {
  const socket = listen(path);
  const sink = new SyslogSink(DAEMON, { path });
  for (let i = 0; i < 5; i++) sink.write(line(`line ${i}`), "info");
  await sink.flush();
  for (let i = 0; i < 5; i++) assert((await receive(socket)).endsWith(`: line ${i}`));
  sink.close();
  socket.close();
});

syslogTest(
  "where there is no syslog, it is said once and lines go elsewhere, until it is there",
  async (path) => {
    const fallback = new Fallback();
    const sink = new SyslogSink(DAEMON, { path, fallback });
    sink.write(line("first"), "info");
    sink.write(line("second"), "error");
    await sink.flush();
    await Promise.resolve();
    assert.match(
      fallback.text,
      /^Cannot reach syslog at \S+\/log: .*; its lines come here\nfirst\nsecond\n$/,
    );
    assert.equal(sink.linesLost, 0);

    const socket = listen(path);
    sink.write(line("third"), "info");
    assert((await receive(socket)).endsWith(": third"));
    await sink.flush();
    assert.doesNotMatch(fallback.text, /third/);
    socket.close();
    sink.close();
  },
);

syslogTest(
  "of lines that a syslog is too slow for, those beyond a thousand are lost and counted",
  async (path) => {
    const fallback = new Fallback();
    const sink = new SyslogSink(DAEMON, { path, fallback });
    for (let i = 0; i < 1003; i++) sink.write(line(`line ${i}`), "info");
    await sink.flush();
    assert.equal(sink.linesLost, 3);
    sink.close();
  },
);
