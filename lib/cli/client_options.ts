import type { Flags } from "./commands.ts";

/** The flags common to `pub`, `sub`, `rr` and `health`, with the letters of mosquitto's clients. */
export const COMMON_FLAGS = {
  host: { type: "string", short: "h", value: "HOST", text: "The broker; default: localhost." },
  port: {
    type: "string",
    short: "p",
    value: "NUMBER",
    text: "Its port; default: 1883, with TLS 8883.",
  },
  username: { type: "string", short: "u", value: "NAME", text: "The user name." },
  pw: {
    type: "string",
    short: "P",
    value: "PASSWORD",
    text: "The password; other users of the machine can see it.",
  },
  "password-file": {
    type: "string",
    value: "FILE",
    text: "The password is the text of this file, less the end of its line.",
  },
  unix: { type: "string", value: "FILE", text: "A Unix socket, instead of host and port." },
  id: { type: "string", short: "i", value: "ID", text: "The Client Identifier." },
  "id-prefix": {
    type: "string",
    short: "I",
    value: "PREFIX",
    text: "The Client Identifier is this prefix and the process id.",
  },
  "protocol-version": {
    type: "string",
    short: "V",
    value: "VERSION",
    choices: ["5", "311", "31"],
    text: "The version of MQTT: 5 (default), 311 or 31; mqttv5, mqttv311 and mqttv31 as well.",
  },
  cafile: {
    type: "string",
    value: "FILE",
    text: "Uses TLS, and trusts the authorities in this PEM file besides the system's.",
  },
  capath: { type: "string", value: "FILE", text: "The same for all PEM files in this directory." },
  "tls-use-os-certs": { type: "boolean", text: "Uses TLS, and trusts the system's authorities." },
  "tls-alpn": {
    type: "string",
    value: "PROTOCOL",
    text: "Uses TLS, and offers this protocol by ALPN.",
  },
  cert: {
    type: "string",
    value: "FILE",
    text: "Uses TLS, and shows this certificate; with --key.",
  },
  "tls-version": {
    type: "string",
    value: "VERSION",
    choices: ["tlsv1.2", "tlsv1.3"],
    text: "Uses TLS, and no version before this one; default: tlsv1.2.",
  },
  key: { type: "string", value: "FILE", text: "The key of that certificate." },
  insecure: {
    type: "boolean",
    text: "Uses TLS, and does not check the name in the broker's certificate; without --cafile, " +
      "--capath and --tls-use-os-certs it checks nothing, and trusts any broker.",
  },
  "no-tls": { type: "boolean", text: "Uses no TLS, even if a file of flags asks for it." },
  keyform: {
    type: "string",
    value: "FORM",
    choices: ["pem"],
    text: "Does nothing: keys are PEM files.",
  },
  ws: { type: "boolean", text: "Uses a WebSocket, at the path /mqtt." },
  bind: {
    type: "string",
    short: "A",
    value: "ADDRESS",
    text: "The address of this machine from which it connects.",
  },
  srv: {
    type: "boolean",
    short: "S",
    text: "Finds the broker by the SRV record _mqtt._tcp.HOST, with TLS _secure-mqtt._tcp.HOST; " +
      "without -h, HOST is the domain of this machine.",
  },
  proxy: {
    type: "string",
    value: "URL",
    text: "Connects through a SOCKS5 proxy: socks5h://[NAME[:PASSWORD]@]HOST[:PORT].",
  },
  "config-file": {
    type: "string",
    short: "o",
    value: "FILE",
    text:
      "Reads flags from this file, one on each line, instead of ~/.config/mosquitto_pub and so on.",
  },
  mptcp: { type: "boolean", text: "Does nothing: it connects with plain TCP." },
  debug: { type: "boolean", short: "d", text: "Prints a line for each packet." },
  nodelay: { type: "boolean", text: "Does nothing: small packets are always sent at once." },
  help: { type: "boolean", text: "Prints this help." },
  version: { type: "boolean", text: "Prints the version." },
} as const satisfies Flags;

/** Flags of commands that send or receive messages. */
const TALK = {
  topic: { type: "string", short: "t", multiple: true, value: "TOPIC", text: "The topic." },
  qos: {
    type: "string",
    short: "q",
    value: "QOS",
    choices: ["0", "1", "2"],
    text: "The QoS; default: 0.",
  },
  keepalive: {
    type: "string",
    short: "k",
    value: "SECONDS",
    text: "Keep Alive; default: 60, and 0 is none.",
  },
  property: {
    type: "string",
    short: "D",
    multiple: true,
    value: "PACKET NAME VALUE",
    text:
      "A property of 5.0: connect, publish, subscribe, unsubscribe, disconnect or will, its name " +
      "(content-type, \u2026) and its value; user-property has two.",
  },
  "session-expiry-interval": {
    type: "string",
    short: "x",
    value: "SECONDS",
    text: "How long the broker keeps the session; -1: for ever.",
  },
  url: {
    type: "string",
    short: "L",
    value: "URL",
    text: "Broker and topic in one: mqtt[s]://[NAME[:PASSWORD]@]HOST[:PORT]/TOPIC; ws[s]:// in a " +
      "WebSocket.",
  },
  "disable-clean-session": {
    type: "boolean",
    short: "c",
    text: "Keeps the session, and continues an existing one; needs -i.",
  },
  "will-topic": { type: "string", value: "TOPIC", text: "Leaves a will on this topic." },
  "will-payload": { type: "string", value: "TEXT", text: "Its payload; default: empty." },
  "will-qos": {
    type: "string",
    value: "QOS",
    choices: ["0", "1", "2"],
    text: "Its QoS; default: 0.",
  },
  "will-retain": { type: "boolean", text: "The will is retained." },
  quiet: { type: "boolean", text: "Prints no errors; the exit status tells of them." },
} as const satisfies Flags;

const PAYLOAD = {
  message: { type: "string", short: "m", value: "TEXT", text: "The payload." },
  file: { type: "string", short: "f", value: "FILE", text: "The payload is in this file." },
  "null-message": { type: "boolean", short: "n", text: "The payload is empty." },
  "stdin-file": {
    type: "boolean",
    short: "s",
    text: "The payload is the whole of standard input.",
  },
} as const satisfies Flags;

const WAITING = {
  timeout: {
    type: "string",
    short: "W",
    value: "SECONDS",
    text: "Ends after this time, with status 27.",
  },
  verbose: { type: "boolean", short: "v", text: "Prints the topic before the message." },
  "no-newline": { type: "boolean", short: "N", text: "Prints no newline after a message." },
  format: {
    type: "string",
    short: "F",
    value: "FORMAT",
    text: "How a message is printed: %t topic, %p payload, %q QoS, %r retained, %j JSON, %J JSON " +
      "with the payload as JSON, %x hexadecimal, %I time, %-20t width, @H:@M and others, as mosquitto_sub " +
      "has them.",
  },
  pretty: { type: "boolean", text: "JSON of -F is written over several lines." },
  "no-retain": { type: "boolean", short: "R", text: "Takes no retained messages." },
  "retain-handling": {
    type: "string",
    value: "WHEN",
    choices: ["always", "new", "never"],
    text:
      "5.0: when the broker sends what it has retained: always (default), to new subscriptions, never.",
  },
  "retain-as-published": {
    type: "boolean",
    text: "5.0: RETAIN is what its publisher said, not whether the message is an old one.",
  },
} as const satisfies Flags;

/** Of those that publish. */
const INFLIGHT = {
  "max-inflight": {
    type: "string",
    short: "M",
    value: "COUNT",
    text: "Does nothing: one message is in flight at a time.",
  },
} as const satisfies Flags;

/** Flags of each client command, besides the common ones. */
export const CLIENT_FLAGS = {
  pub: {
    ...TALK,
    ...PAYLOAD,
    "stdin-line": {
      type: "boolean",
      short: "l",
      text: "Each line of standard input is a message.",
    },
    retain: { type: "boolean", short: "r", text: "The message is retained." },
    repeat: { type: "string", value: "COUNT", text: "Publishes the message this many times." },
    "repeat-delay": {
      type: "string",
      value: "SECONDS",
      text: "Waits this long between two of them; may be a fraction.",
    },
    ...INFLIGHT,
  },
  sub: {
    ...TALK,
    ...WAITING,
    ...INFLIGHT,
    topic: {
      ...TALK.topic,
      value: "FILTER",
      text: "A Topic Filter; may be repeated.",
    },
    count: { type: "string", short: "C", value: "COUNT", text: "Ends after this many messages." },
    "filter-out": {
      type: "string",
      short: "T",
      multiple: true,
      value: "FILTER",
      text: "Prints no messages of these topics; may be repeated.",
    },
    unsubscribe: {
      type: "string",
      short: "U",
      multiple: true,
      value: "FILTER",
      text: "Ends this subscription of a kept session; may be repeated.",
    },
    "retained-only": {
      type: "boolean",
      text: "Prints retained messages, and ends at the first that is not retained.",
    },
    "remove-retained": { type: "boolean", text: "Deletes each retained message that it receives." },
    "random-filter": {
      type: "string",
      value: "PERCENT",
      text: "Prints this share of the messages, chosen at random.",
    },
    "message-rate": {
      type: "boolean",
      text: "Prints each second how many messages came, instead of the messages.",
    },
    watch: {
      type: "boolean",
      short: "w",
      text: "Shows each topic on a line of its own, with its last message.",
    },
    "exit-after-subscribe": { type: "boolean", short: "E", text: "Ends when it has subscribed." },
  },
  rr: {
    ...TALK,
    ...PAYLOAD,
    ...WAITING,
    "response-topic": {
      type: "string",
      short: "e",
      value: "TOPIC",
      text: "Where the response is expected.",
    },
    latency: {
      type: "boolean",
      text: "Prints after the response how many milliseconds it took.",
    },
    ...INFLIGHT,
  },
  health: {
    timeout: {
      type: "string",
      short: "W",
      value: "SECONDS",
      text: "How long it may take; default: 5.",
    },
  },
} as const satisfies Readonly<Record<string, Flags>>;

/** A client command. */
export type ClientCommand = keyof typeof CLIENT_FLAGS;

/** The usage of each, and what it does. */
export const CLIENT_USES: Readonly<Record<ClientCommand, string>> = {
  pub: "Publishes a message: flux-mqtt pub -t TOPIC -m MESSAGE [FLAGS]",
  sub: "Prints messages as they come: flux-mqtt sub -t FILTER [-t FILTER\u2026] [FLAGS]",
  rr:
    "Sends a request and prints the response: flux-mqtt rr -t TOPIC -e RESPONSE_TOPIC -m MESSAGE [FLAGS]",
  health: "Says by its exit status whether a broker answers: flux-mqtt health [FLAGS]",
};
