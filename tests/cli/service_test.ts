import { strict as assert } from "node:assert";
import { unitText } from "../../lib/cli/service/unit.ts";
import { type FluxRun, runFlux } from "../support/flux.ts";

const UNIT = "etc/systemd/system/flux-mqtt.service";

/** A root with an executable, a configuration and its secrets; `store`: what the configuration says of the store. */
async function inRoot(
  act: (root: string, flux: (...args: string[]) => Promise<FluxRun>) => Promise<void>,
  store = "",
): Promise<void> {
  const root = await Deno.makeTempDir({ prefix: "flux-root-" });
  try {
    await Deno.mkdir(`${root}/etc/flux-mqtt`, { recursive: true });
    await Deno.mkdir(`${root}/opt`);
    await Deno.writeTextFile(`${root}/opt/flux-mqtt`, "#!/bin/true\n", { mode: 0o755 });
    const config = `listener 1883
allow_anonymous true
password_file /etc/flux-mqtt/passwords
${store}`;
    await Deno.writeTextFile(`${root}/etc/flux-mqtt/flux.conf`, config, { mode: 0o600 });
    for (const name of ["passwords", "ca.key", "shadow"]) {
      await Deno.writeTextFile(`${root}/etc/flux-mqtt/${name}`, "", { mode: 0o600 });
    }
    await act(root, (...args) => runFlux(["service", ...args, "--root", root]));
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

const INSTALL = ["install", "--executable", "/opt/flux-mqtt"];

Deno.test("service install writes unit and user below a root, and says what is left; status and remove follow", () =>
  inRoot(async (root, flux) => {
    assert.equal((await flux("status")).status, 1);
    const { status, out, error } = await flux(...INSTALL);
    assert.deepEqual([status, error], [0, ""]);
    const unit = await Deno.readTextFile(`${root}/${UNIT}`);
    assert.match(unit, /^ExecStart=\/opt\/flux-mqtt -c \/etc\/flux-mqtt\/flux\.conf$/m);
    assert.match(unit, /^After=.*time-sync\.target$/m);
    assert.match(await Deno.readTextFile(`${root}/etc/sysusers.d/flux-mqtt.conf`), /^u flux-mqtt /);
    assert.match(out, /^ {2}chgrp flux-mqtt '\/etc\/flux-mqtt\/passwords' && chmod 640 /m);
    assert(!out.includes("ca.key"));
    assert.match(out, /^ {2}systemctl enable --now flux-mqtt\.service$/m);
    assert.match((await flux("status")).out, /^installed {2}\/etc.*\nenabled +no\nrunning +no$/m);
    const removed = await flux("remove");
    assert.equal(removed.status, 0);
    assert.match(removed.out, /^ {2}systemctl disable --now flux-mqtt\.service$/m);
    assert.throws(() => Deno.statSync(`${root}/${UNIT}`), Deno.errors.NotFound);
    assert(Deno.statSync(`${root}/etc/flux-mqtt/flux.conf`).isFile);
  }));

Deno.test("service install --dry-run prints the unit and changes nothing", () =>
  inRoot(async (root, flux) => {
    const { status, out } = await flux(...INSTALL, "--dry-run");
    assert.equal(status, 0);
    assert.match(out, /^write \/etc\/systemd\/system\/flux-mqtt\.service$/m);
    assert.match(out, /^ProtectSystem=strict$/m);
    assert.throws(() => Deno.statSync(`${root}/${UNIT}`), Deno.errors.NotFound);
  }));

Deno.test(
  "service install shares what the broker has to read with the service's group, where there is one",
  {
    ignore: Deno.build.os === "windows",
  },
  () =>
    inRoot(async (root, flux) => {
      // The group of this process: another could not be given by everybody.
      const { gid } = await Deno.stat(root);
      await Deno.writeTextFile(`${root}/etc/group`, `root:x:0:\nflux-mqtt:x:${gid}:\n`);
      assert.equal((await flux(...INSTALL)).status, 0);
      const mode = (name: string) => Deno.statSync(`${root}/etc/flux-mqtt/${name}`).mode! & 0o777;
      assert.deepEqual([mode("passwords"), mode("flux.conf")], [0o640, 0o640]);
      // What the configuration does not name is not the broker's.
      assert.deepEqual([mode("ca.key"), mode("shadow")], [0o600, 0o600]);
    }),
);

const refusals: [args: string[], store: string, error: RegExp, status: number][] = [
  [["install"], "", /^--executable: Must name the executable.*`deno task compile`/m, 2],
  [["install", "--executable", "/opt/none"], "", /\/opt\/none: Does not exist$/m, 1],
  [["install", "--executable", "/opt/a b"], "", /Cannot stand in a unit/, 1],
  [INSTALL, "max_qoss 1\n", /max_qoss/, 3],
  [
    INSTALL,
    "persistence_location /srv/x\n",
    /^persistence_location: Must be \/var\/lib\/flux-mqtt/m,
    1,
  ],
  [["start"], "", /^start: Is not an action; needs one of install, remove, status$/m, 2],
  [["instal"], "", /^instal: Is not an action; did you mean install\?$/m, 2],
  [[], "", /^Needs one of install, remove, status$/m, 2],
  [[...INSTALL, "x"], "", /^x: Is not understood$/m, 2],
];
for (const [args, store, error, status] of refusals) {
  Deno.test(`flux-mqtt service ${args.join(" ")} ${store.trim()} is refused: status ${status}`, () =>
    inRoot(async (root, flux) => {
      const run = await flux(...args);
      assert.equal(run.status, status, run.error);
      assert.match(run.error, error);
      assert.throws(() => Deno.statSync(`${root}/${UNIT}`), Deno.errors.NotFound);
    }, store));
}

Deno.test("service install says where systemd does not run", async () => {
  const isThere = await Deno.stat("/run/systemd/system").then(() => true, () => false);
  // deno-lint-ignore no-console -- whoever reads the results is to know
  if (isThere) return console.log("Not tried: systemd runs here, and would be changed");
  const { status, error } = await runFlux(["service", ...INSTALL]);
  assert.deepEqual([status, error.split(":")[0]], [1, "systemd does not run here"]);
});

Deno.test("a Deno that cannot notify systemd gets a unit that does not wait for it", () => {
  const unit = unitText("/opt/x", "/etc/x.conf", false);
  assert.match(unit, /^Type=exec$/m);
  assert.match(unit, /^WatchdogSec=0$/m);
  assert.match(unitText("/opt/x", "/etc/x.conf", true), /^Type=notify$/m);
});
