import { strict as assert } from "node:assert";
import { type Given, load, problems } from "./support.ts";

/** Port, address and whether anonymous clients may connect, of every listener. */
const cases: [given: Given, listeners: string[], why: string][] = [
  [{}, ["1883@127.0.0.1 anonymous"], "nothing configured: this machine only"],
  [{ file: "max_qos 1" }, ["1883@127.0.0.1 anonymous"], "no listener line: this machine only"],
  [{ file: "listener 1884" }, ["1884@ nobody"], "a listener line: every address, nobody in"],
  [{ file: "listener 1884 localhost" }, ["1884@localhost nobody"], "a listener at one address"],
  [{ file: "listener 1884 # all" }, ["1884@ nobody"], "a comment is no address"],
  [{ file: "listener 1884 ::1\nallow_anonymous true" }, ["1884@::1 anonymous"], "IPv6"],
  [
    { file: "listener 1884\nallow_anonymous true\nlistener 1885" },
    ["1884@ anonymous", "1885@ anonymous"],
    "allow_anonymous holds for all without per_listener_settings",
  ],
  [
    { file: "per_listener_settings true\nlistener 1884\nallow_anonymous true\nlistener 1885" },
    ["1884@ anonymous", "1885@ nobody"],
    "allow_anonymous holds for its listener with per_listener_settings",
  ],
  [
    { file: "per_listener_settings true\nallow_anonymous true\nport 1883\nlistener 1884" },
    ["1883@ anonymous", "1884@ nobody"],
    "before port it holds for the default listener, as in mosquitto",
  ],
  [
    {
      file:
        "per_listener_settings true\nallow_anonymous true\nbind_address ::1\nallow_anonymous false\nlistener 1884",
    },
    ["1883@::1 nobody", "1884@ nobody"],
    "the last line of the default listener counts, before port or behind it",
  ],
  [
    { file: "per_listener_settings true\nallow_anonymous false" },
    ["1883@127.0.0.1 nobody"],
    "and so it does where there is no other listener",
  ],
  [
    {
      file:
        "per_listener_settings true\nper_listener_settings false\nlistener 1884\nallow_anonymous true\nlistener 1885",
    },
    ["1884@ anonymous", "1885@ nobody"],
    "per_listener_settings stays true once it is",
  ],
  [
    {
      file:
        "allow_anonymous false\nlistener 1884\nlistener 1885 127.0.0.1\nlistener_allow_anonymous true",
    },
    ["1884@ nobody", "1885@127.0.0.1 anonymous"],
    "listener_allow_anonymous goes over allow_anonymous",
  ],
  [
    { file: "allow_anonymous false" },
    ["1883@127.0.0.1 nobody"],
    "false is false on this machine too",
  ],
  [
    { file: "port 1884" },
    ["1884@ nobody"],
    "port in a file opens the default listener to all, as in mosquitto",
  ],
  [
    { file: "bind_address localhost" },
    ["1883@localhost nobody"],
    "bind_address opens the default listener there",
  ],
  [
    { file: "port 1884\nbind_address 10.0.0.1\nallow_anonymous true" },
    ["1884@10.0.0.1 anonymous"],
    "both",
  ],
  [
    { file: "max_connections 5\nlistener 1884" },
    ["1883@127.0.0.1 nobody", "1884@ nobody"],
    "a listener option before the first listener line belongs to the default listener",
  ],
  [
    { file: "protocol mqtt\nmax_qos 2\nmax_connections -1\nlistener 1884" },
    ["1884@ nobody"],
    "options at their default before the first listener line open no listener, as in mosquitto",
  ],
  [
    { file: "protocol mqtt\nallow_anonymous true\nlistener 1883" },
    ["1883@ anonymous"],
    "nor are they in the way of one at the same port",
  ],
  [{ file: "protocol mqtt" }, ["1883@127.0.0.1 anonymous"], "without a listener line there is one"],
  [
    { file: "port 1883\nlistener 1884" },
    ["1883@ nobody", "1884@ nobody"],
    "port opens the default listener, whatever it says",
  ],
  [
    { file: "max_qos 1\nmax_qos 2\nlistener 1884" },
    ["1884@ nobody"],
    "the last line counts here as well",
  ],
  [{ flags: "-p 1884" }, ["1884@127.0.0.1 anonymous"], "-p alone stays on this machine"],
  [{ flags: "-p 0" }, ["0@127.0.0.1 anonymous"], "-p 0 takes any free port"],
  [{ environment: { MQTT_PORT: "1884" } }, ["1884@127.0.0.1 anonymous"], "MQTT_PORT is as -p"],
  [
    { environment: { MQTT_PORT: "1884" }, flags: "-p 1885" },
    ["1885@127.0.0.1 anonymous"],
    "-p goes over MQTT_PORT",
  ],
  [
    { file: "max_qos 1", flags: "-p 1884" },
    ["1884@127.0.0.1 anonymous"],
    "-p with a file that defines no listener",
  ],
  [{ file: "port 1883", flags: "-p 1884" }, ["1884@ nobody"], "-p goes over port"],
  [
    { flags: "--bind-address 0.0.0.0" },
    ["1883@0.0.0.0 nobody"],
    "--bind-address opens to the network",
  ],
  [
    { flags: "--listener 1884 --allow-anonymous" },
    ["1884@ anonymous"],
    "a listener by flags alone",
  ],
  [
    { environment: { MQTT_LISTENER: "1884 127.0.0.1; 1885", MQTT_ALLOW_ANONYMOUS: "yes" } },
    ["1884@127.0.0.1 anonymous", "1885@ anonymous"],
    "several listeners in one variable",
  ],
  [
    { file: "listener 1884", flags: "--listener 1885" },
    ["1884@ nobody", "1885@ nobody"],
    "a flag adds a listener",
  ],
  [
    {
      file: "per_listener_settings true\nlistener 1884\nallow_anonymous false\nlistener 1885",
      flags: "--allow-anonymous",
    },
    ["1884@ anonymous", "1885@ anonymous"],
    "a flag holds for every listener",
  ],
];
for (const [given, listeners, why] of cases) {
  Deno.test(`${JSON.stringify(given)} listens on ${listeners.join(" and ")}: ${why}`, () => {
    const found = load(given).listeners.map(({ port, address, options }) =>
      `${port}@${address} ${options.allowAnonymous ? "anonymous" : "nobody"}`
    );
    assert.deepEqual(found, listeners);
  });
}

Deno.test("options below a listener line are that listener's; the others keep the defaults", () => {
  const file = [
    "listener 1883",
    "max_connections 5",
    "max_qos 1",
    "mount_point floor1/",
    "accept_protocol_versions 5, 4",
    "listener 1884 127.0.0.1",
    "max_topic_alias 0",
    "max_topic_alias_broker 7",
    "protocol mqtt",
  ].join("\n");
  const [first, second] = load({ file }).listeners.map((listener) => listener.options);
  assert.deepEqual(first, {
    name: "1883",
    maxConnections: 5,
    maxQos: 1,
    maxTopicAlias: 10,
    maxTopicAliasBroker: 10,
    mountPoint: "floor1/",
    acceptProtocolVersions: [4, 5],
    allowAnonymous: false,
    useUserNameAsClientId: false,
  });
  assert.deepEqual(second, {
    name: "127.0.0.1:1884",
    maxConnections: -1,
    maxQos: 2,
    maxTopicAlias: 0,
    maxTopicAliasBroker: 7,
    mountPoint: "",
    acceptProtocolVersions: [3, 4, 5],
    allowAnonymous: false,
    useUserNameAsClientId: false,
  });
});

Deno.test("a listener option as flag holds for every listener", () => {
  const config = load({ file: "listener 1883\nmax_qos 2\nlistener 1884", flags: "--max-qos 1" });
  assert.deepEqual(config.listeners.map((listener) => listener.options.maxQos), [1, 1]);
});

const INTERFACES = {
  lo: ["127.0.0.1", "::1"],
  eth0: ["10.0.0.5", "fd00::2", "fe80::fc:ff:fe00:1"],
  wlan0: ["fe80::1"],
};

/** `bind_interface` and `socket_domain` of a file, and the addresses of the listeners. */
const addresses: [file: string, listeners: string[]][] = [
  ["listener 1883\nbind_interface eth0", ["10.0.0.5", "fd00::2"]],
  ["listener 1883\nbind_interface eth0\nsocket_domain ipv4", ["10.0.0.5"]],
  ["listener 1883\nbind_interface eth0\nsocket_domain ipv6", ["fd00::2"]],
  ["listener 1883 10.0.0.9\nbind_interface lo", ["127.0.0.1", "::1"]],
  ["listener 1883\nsocket_domain ipv4", ["0.0.0.0"]],
  ["listener 1883\nsocket_domain any", [""]],
  ["listener 1883 ::1\nsocket_domain ipv6", ["::1"]],
  ["listener 1883 localhost\nsocket_domain ipv4", ["localhost"]],
  ["listener 0 /s\nsocket_domain ipv4", [""]],
  ["socket_domain ipv4", ["127.0.0.1"]],
  ["port 1884\nsocket_domain ipv4", ["0.0.0.0"]],
  ["bind_interface eth0", ["10.0.0.5", "fd00::2"]],
  ["listener 1883\nbind_interface eth0\nlistener 1884", ["10.0.0.5", "fd00::2", ""]],
];
for (const [file, expected] of addresses) {
  Deno.test(`a file with ${JSON.stringify(file)} listens at ${expected.join(" and ")}`, () => {
    const { listeners } = load({ file, interfaces: INTERFACES });
    assert.deepEqual(listeners.map(({ address }) => address), expected);
  });
}

Deno.test("each address of an interface is a listener with its own name and the options of the block", () => {
  const file = "listener 1883\nmax_qos 1\nbind_interface eth0\nallow_anonymous true";
  const { listeners, notes } = load({ file, interfaces: INTERFACES });
  assert.deepEqual(listeners.map(({ options }) => [options.name, options.maxQos]), [
    ["10.0.0.5:1883", 1],
    ["[fd00::2]:1883", 1],
  ]);
  assert(notes.some(({ text }) => text.startsWith("Listener [fd00::2]:1883: ")));
});

Deno.test("an interface opens the default listener to the network, so that nobody comes in unnamed", () => {
  for (const given of [{ file: "bind_interface eth0" }, { flags: "--bind-interface eth0" }]) {
    const { listeners } = load({ ...given, interfaces: INTERFACES });
    assert.deepEqual(listeners.map(({ options }) => options.allowAnonymous), [false, false]);
  }
});

const conflicts: [given: Given, problem: string][] = [
  [
    { file: "listener 1883\nlistener 1883" },
    "m.conf:2: listener: Port 1883 is used by the listener of m.conf:1; give one of them another port or address",
  ],
  [
    { file: "listener 1883\nbind_interface wlan0", interfaces: INTERFACES },
    "m.conf:2: bind_interface: There is no interface wlan0 with an address",
  ],
  [
    { file: "listener 1883\nbind_interface eth7", interfaces: INTERFACES },
    "m.conf:2: bind_interface: There is no interface eth7 with an address",
  ],
  [
    { file: "listener 1883\nbind_interface eth0" },
    "m.conf:2: bind_interface: Cannot look up the addresses of eth0: start with the permission; or name the address " +
    "instead: `listener PORT ADDRESS`",
  ],
  [
    { file: "listener 1883\nsocket_domain ipv6" },
    "m.conf:2: socket_domain: Cannot be ipv6 at all addresses, where one socket accepts IPv4 as well; name an address: " +
    "`listener PORT ADDRESS`",
  ],
  [
    { file: "listener 1883 ::1\nsocket_domain ipv4" },
    "m.conf:2: socket_domain: Cannot be ipv4: the listener is at ::1",
  ],
  [
    { file: "listener 1883 10.0.0.5\nlistener 1883\nbind_interface eth0", interfaces: INTERFACES },
    "m.conf:2: listener: Port 1883 is used by the listener of m.conf:1; give one of them another port or address",
  ],
  [
    { file: "listener 1883 127.0.0.1\nlistener 1883" },
    "m.conf:2: listener: Port 1883 is used by the listener of m.conf:1; give one of them another port or address",
  ],
  [
    { file: "max_connections 5\nlistener 1883" },
    "m.conf:2: listener: Port 1883 is used by the listener of m.conf:1; an option before the first `listener` line opens " +
    "the default listener: move what stands at m.conf:1 below it",
  ],
  [
    { file: "listener 1883", flags: "-p 1884" },
    "-p: Applies to the default listener, and there is none: m.conf:1 defines listener 1883; change the port there",
  ],
  [
    { file: "protocol mqtt\nlistener 1883", flags: "-p 1884" },
    "-p: Applies to the default listener, and there is none: m.conf:2 defines listener 1883; change the port there",
  ],
  [
    { file: "allow_anonymous true\nper_listener_settings true\nlistener 1883" },
    "m.conf:2: per_listener_settings: Must come before allow_anonymous, which stands at m.conf:1",
  ],
  [
    { file: "per_listener_settings true\nallow_anonymous true\nlistener 1884" },
    "m.conf:2: allow_anonymous: Must follow the `listener` line that it belongs to",
  ],
];
for (const [given, problem] of conflicts) {
  Deno.test(`${JSON.stringify(given)} is refused`, () => {
    assert.deepEqual(problems(given), [problem]);
  });
}

Deno.test("with per_listener_settings, each listener says how it gives names, and whether at all", () => {
  const file = `per_listener_settings true
listener 1883
auto_id_prefix a-
listener 1884
allow_zero_length_clientid false
listener 1885`;
  const { listeners, broker } = load({ file });
  assert.deepEqual(
    listeners.map(({ options }) => [options.autoIdPrefix, options.allowZeroLengthClientId]),
    [["a-", undefined], [undefined, false], [undefined, undefined]],
  );
  assert.equal(broker.autoIdPrefix, "auto-");
  assert.equal(broker.allowZeroLengthClientId, true);
  // A flag goes over all of them.
  const over = load({ file, flags: "--auto-id-prefix x-" });
  assert.deepEqual(over.listeners.map(({ options }) => options.autoIdPrefix), [
    undefined,
    undefined,
    undefined,
  ]);
  assert.equal(over.broker.autoIdPrefix, "x-");
});

Deno.test("a listener on one address and another on the same port elsewhere are two listeners", () => {
  const { listeners } = load({ file: "listener 1883 127.0.0.1\nlistener 1883 10.0.0.1" });
  assert.deepEqual(listeners.map((listener) => listener.options.name), [
    "127.0.0.1:1883",
    "10.0.0.1:1883",
  ]);
});

const notes: [given: Given, level: string, text: RegExp][] = [
  [
    {},
    "info",
    /^Listener 127\.0\.0\.1:1883: clients on this machine may connect, without a password/,
  ],
  [
    {},
    "info",
    /^To open the broker to the network, write `listener 1883` and `allow_anonymous true`/,
  ],
  [{ file: "listener 1883" }, "warning", /^Listener 1883 lets nobody in: .*`allow_anonymous true`/],
  [
    { file: "listener 1883\nallow_anonymous true" },
    "warning",
    /^Listener 1883: clients from every network that this machine is in may connect, without a password/,
  ],
  [
    { file: "listener 1883 ::1\nallow_anonymous true" },
    "info",
    /^Listener \[::1\]:1883: clients on this machine may connect/,
  ],
];
for (const [given, level, text] of notes) {
  Deno.test(`${JSON.stringify(given)} has a note of level ${level}: ${text.source}`, () => {
    assert(load(given).notes.some((note) => note.level === level && text.test(note.text)));
  });
}
