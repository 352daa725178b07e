import { strict as assert } from "node:assert";
import { compareConfigs, keepUntilRestart } from "../../lib/config/mod.ts";
import { load, problems } from "./support.ts";

/** The settings of the file that Debian installs with mosquitto. */
const DEBIAN = `
pid_file /run/mosquitto/mosquitto.pid
persistence true
persistence_location /var/lib/mosquitto/
log_dest file /var/log/mosquitto/mosquitto.log
include_dir /etc/mosquitto/conf.d
`;
const DEBIAN_FILE = "/etc/mosquitto/mosquitto.conf";
const hasDebianFile = (() => {
  try {
    return Deno.statSync(DEBIAN_FILE).isFile;
  } catch {
    // deno-lint-ignore no-console -- whoever reads the results is to know
    console.log(`Skipped: there is no ${DEBIAN_FILE} here`);
    return false;
  }
})();
const files = { "/etc/mosquitto/conf.d/README": "Any files placed here must end in .conf" };

Deno.test("Debian's mosquitto.conf works as it is", () => {
  const config = load({ file: DEBIAN, files });
  assert.equal(config.pidFile, "/run/mosquitto/mosquitto.pid");
  assert(config.persistence);
  assert.equal(config.durability, "always");
  assert.equal(config.persistenceLocation, "/var/lib/mosquitto/");
  assert.deepEqual(config.log.destinations, [
    { type: "file", path: "/var/log/mosquitto/mosquitto.log" },
  ]);
  assert.deepEqual(config.listeners.map(({ port, address }) => [port, address]), [[
    1883,
    "127.0.0.1",
  ]]);
});

Deno.test({
  name: "these settings are those of the file that is installed here, and the file itself works",
  ignore: !hasDebianFile,
  fn: () => {
    const text = Deno.readTextFileSync(DEBIAN_FILE);
    const settings = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    assert.deepEqual(settings, DEBIAN.split("\n").filter((line) => line !== ""));
    assert.equal(load({ file: text, files }).persistenceLocation, "/var/lib/mosquitto/");
  },
});

for (const flags of ["--no-persistence", "--durability none"]) {
  Deno.test(`with ${flags} nothing is stored, and a location has no effect`, () => {
    const config = load({ file: DEBIAN, files, flags });
    assert(!config.persistence);
    const texts = config.notes.map((note) => note.text);
    const expected = "m.conf:4: persistence_location: Has no effect: there is no durable store";
    assert(texts.includes(expected));
  });
}

Deno.test("a file beside Debian's that opens the broker works with it", () => {
  const config = load({
    file: DEBIAN,
    files: { "/etc/mosquitto/conf.d/lan.conf": "listener 1883\nallow_anonymous true" },
    environment: { MQTT_PERSISTENCE: "false" },
  });
  assert.deepEqual(config.listeners.map(({ address, origin }) => [address, origin]), [
    ["", "/etc/mosquitto/conf.d/lan.conf:1"],
  ]);
});

const users: [user: string, isRoot: boolean | undefined, name: string, outcome: RegExp][] = [
  [
    "mosquitto",
    true,
    "root",
    /^m\.conf:1: user: Cannot give up the rights of root to become mosquitto; .*`user root`/,
  ],
  ["root", true, "root", /^$/],
  ["root", true, "", /^$/],
  ["alice", false, "alice", /^$/],
  [
    "mosquitto",
    false,
    "alice",
    /^m\.conf:1: user: Has no effect: the broker was not started as root$/,
  ],
  [
    "mosquitto",
    undefined,
    "",
    /^m\.conf:1: user: Has no effect: .* may not ask who that is; .* start it as mosquitto/,
  ],
];
for (const [wanted, isRoot, name, outcome] of users) {
  const who = isRoot === undefined ? "nobody knows whom" : isRoot ? "root" : name;
  Deno.test(`user ${wanted}, started by ${who} (named "${name}"): ${outcome.source}`, () => {
    const given = { file: `user ${wanted}`, user: { name, isRoot } };
    const isError = outcome.source.includes("Cannot");
    const lines = isError ? problems(given) : load(given).notes.map((note) => note.text);
    const found = lines.filter((line) => line.startsWith("m.conf:1: user:"));
    assert.match(found.join("\n"), outcome);
  });
}

Deno.test("retain_expiry_interval is mosquitto's: it deletes nothing here, and says so", () => {
  const config = load({ file: "retain_expiry_interval 5" });
  assert.equal(config.broker.retainExpiryIntervalSeconds, 0);
  const texts = config.notes.map((note) => note.text);
  assert(
    texts.some((text) => text.startsWith("m.conf:1: retain_expiry_interval: Has no effect: ")),
  );
});

Deno.test("another reading of the configuration tells each change and whether a running broker takes it over", () => {
  const before = load({ file: "log_type error\nlistener 1883\nmax_qos 1" });
  const after = load({
    file: "log_type debug\nlistener 1884\nmax_sessions 7\nallow_anonymous true",
  });
  const changes = compareConfigs(before, after).filter((change) =>
    ["log_type", "listener", "max_sessions"].includes(change.name)
  );
  assert.deepEqual(changes, [
    { name: "listener", listener: "1884", before: undefined, after: "1884", isReloadable: false },
    { name: "max_sessions", listener: "", before: "100000", after: "7", isReloadable: true },
    { name: "log_type", listener: "", before: "error", after: "debug", isReloadable: true },
    { name: "listener", listener: "1883", before: "1883", after: undefined, isReloadable: false },
  ]);
  assert.deepEqual(compareConfigs(before, before), []);
});

Deno.test("a listener's own auto_id_prefix waits for a restart, the broker's does not", () => {
  const file = (prefix: string) =>
    `auto_id_prefix ${prefix}\nlistener 1883\nlistener_auto_id_prefix ${prefix}`;
  const changes = compareConfigs(load({ file: file("a-") }), load({ file: file("b-") }));
  assert.deepEqual(
    changes.map(({ name, listener, isReloadable }) => [name, listener, isReloadable]).sort(),
    [["auto_id_prefix", "", true], ["auto_id_prefix", "1883", false]],
  );
});

Deno.test("what only a restart takes over is told again by the next reading, with what holds until then", () => {
  const started = load({ file: "max_topic_levels 10\nmax_sessions 5" });
  const second = load({ file: "max_topic_levels 20\nmax_sessions 6" });
  const third = load({ file: "max_topic_levels 30\nmax_sessions 7" });
  const changes = compareConfigs(keepUntilRestart(second, started), third);
  assert.deepEqual(changes.map(({ name, before, after }) => [name, before, after]), [
    ["max_topic_levels", "10", "30"],
    ["max_sessions", "6", "7"],
  ]);
});

Deno.test("a listener that is new or gone is one change, not one for each of its options", () => {
  const at = (port: number) =>
    load({ file: `listener ${port}\nmax_qos 1`, environment: { MQTT_ALLOW_ANONYMOUS: "true" } });
  const changes = compareConfigs(at(1883), at(1884));
  assert.deepEqual(changes.map(({ name, before, after }) => ({ name, before, after })), [
    { name: "listener", before: undefined, after: "1884" },
    { name: "listener", before: "1883", after: undefined },
  ]);
});
