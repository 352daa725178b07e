import { strict as assert } from "node:assert";
import { ServiceManager } from "../../lib/cli/notify.ts";
import { BrokerProcess } from "../support/broker_process.ts";
import { Lines } from "../support/lines.ts";

/** A datagram socket as systemd has one: Deno cannot make those with a name of others' choice, Python can. */
const SOCKET = `
import socket, sys
name = sys.argv[1]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("\\0" + name[1:] if name[0] == "@" else name)
print("bound", flush=True)
while True:
    print(s.recv(4096).decode(), flush=True)
`;
const HAS_PYTHON = await isInstalled("python3") && Deno.build.os === "linux";
// deno-lint-ignore no-console -- whoever reads the results is to know
if (!HAS_PYTHON) console.log("Skipped: sd_notify is tried on Linux, with python3");

async function isInstalled(command: string): Promise<boolean> {
  try {
    await new Deno.Command(command, { args: ["--version"], stdout: "null", stderr: "null" })
      .output();
    return true;
  } catch {
    return false;
  }
}

/** The socket of a service manager, and what comes to it. */
async function manager(name: string) {
  const child = new Deno.Command("python3", {
    args: ["-c", SOCKET, name],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const lines = new Lines(child.stdout);
  await lines.until(([first]) => first === "bound");
  return {
    get told() {
      return lines.all.slice(1);
    },
    until: (isSo: (told: readonly string[]) => boolean) => lines.until((all) => isSo(all.slice(1))),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
      await lines.ended;
    },
  };
}

const SILENT = {
  debugOn: false,
  debug: () => {},
  info: () => {},
  warning: () => {},
  error: () => {},
};

function notifyTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: !HAS_PYTHON, fn, sanitizeOps: true, sanitizeResources: true });
}

notifyTest(
  "systemd is told what happens to a broker, at a path and at an abstract name",
  async () => {
    const directory = await Deno.makeTempDir();
    try {
      for (const name of [`${directory}/notify`, `@flux-test-${crypto.randomUUID()}`]) {
        await using systemd = await manager(name);
        await using broker = await BrokerProcess.start({
          flags: ["--persistence-location", `${directory}/store`],
          environment: { NOTIFY_SOCKET: name, WATCHDOG_USEC: "200000" },
        });
        await systemd.until((told) => told.filter((word) => word === "WATCHDOG=1").length >= 3);
        broker.signal("SIGHUP");
        await systemd.until((told) => told.filter((word) => word === "READY=1").length === 2);
        await broker.stop();
        await systemd.until((told) => told.includes("STOPPING=1"));
        const told = systemd.told.filter((word) => word !== "WATCHDOG=1");
        assert.deepEqual(told, ["READY=1", "RELOADING=1", "READY=1", "STOPPING=1"]);
        assert(!broker.log.includes("warning"), broker.log);
      }
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
);

notifyTest("the watchdog is not fed while the store does not answer", async () => {
  const name = `@flux-test-${crypto.randomUUID()}`;
  await using systemd = await manager(name);
  const errors: string[] = [];
  const log = { ...SILENT, error: (text: string) => void errors.push(text) };
  const service = new ServiceManager({ socket: name, watchdogUsec: "40000" }, log);
  assert.equal(service.watchdogMs, 40);
  let isWell = true;
  service.watch(() => isWell);
  await systemd.until((told) => told.length >= 2);
  isWell = false;
  await service.close();
  const { length } = systemd.told;
  const ill = new ServiceManager({ socket: name, watchdogUsec: "40000" }, log);
  ill.watch(() => isWell);
  ill.tell("STOPPING=1");
  await ill.close();
  await systemd.until((told) => told.includes("STOPPING=1"));
  assert.deepEqual(systemd.told.slice(length).filter((word) => word !== "WATCHDOG=1"), [
    "STOPPING=1",
  ]);
  assert.match(errors[0]!, /^The store does not answer/);
});

Deno.test("nobody is told where nobody asked, and another process's watchdog is not ours", async () => {
  const deaf = new ServiceManager({}, SILENT);
  deaf.tell("READY=1");
  deaf.watch(() => assert.fail("nobody asked"));
  await deaf.close();
  const other = new ServiceManager(
    { socket: "/nonexistent", watchdogUsec: "1000", watchdogPid: "1" },
    SILENT,
  );
  assert.equal(other.watchdogMs, 0);
  await other.close();
});

Deno.test("a socket that is not there is told in the log, and the broker goes on", async () => {
  const warnings: string[] = [];
  const log = { ...SILENT, warning: (text: string) => void warnings.push(text) };
  const service = new ServiceManager({ socket: "/nonexistent/notify" }, log);
  service.tell("READY=1");
  await service.close();
  if (Deno.build.os === "linux") assert.match(warnings.join(), /^Cannot tell the service manager/);
});
