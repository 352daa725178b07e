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
  key: { type: "string", value: "FILE", text: "The key of that certificate." },
  insecure: {
    type: "boolean",
    text: "Uses TLS, and does not check the name in the broker's certificate.",
  },
  debug: { type: "boolean", short: "d", text: "Prints a line for each packet." },
  nodelay: { type: "boolean", text: "Does nothing: small packets are always sent at once." },
  help: { type: "boolean", text: "Prints this help." },
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
    text: "A property of 5.0: connect, publish, subscribe or will, its name (content-type, …) " +
      "and its value; user-property has two.",
  },
  "session-expiry-interval": {
    type: "string",
    short: "x",
    value: "SECONDS",
    text: "How long the broker keeps the session.",
  },
  url: {
    type: "string",
    short: "L",
    value: "URL",
    text: "Broker and topic in one: mqtt[s]://[NAME[:PASSWORD]@]HOST[:PORT]/TOPIC.",
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
      "with the payload as JSON, %x hexadecimal, %I time, @H:@M and others, as mosquitto_sub has them.",
  },
  pretty: { type: "boolean", text: "JSON of -F is written over several lines." },
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
    "max-inflight": {
      type: "string",
      short: "M",
      value: "COUNT",
      text: "Does nothing: one message is in flight at a time.",
    },
  },
  sub: {
    ...TALK,
    ...WAITING,
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
    "no-retain": { type: "boolean", short: "R", text: "Prints no retained messages." },
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
    "no-retain": {
      type: "boolean",
      short: "R",
      text: "Does not take a retained message for the response.",
    },
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
  sub: "Prints messages as they come: flux-mqtt sub -t FILTER [-t FILTER…] [FLAGS]",
  rr:
    "Sends a request and prints the response: flux-mqtt rr -t TOPIC -e RESPONSE_TOPIC -m MESSAGE [FLAGS]",
  health: "Says by its exit status whether a broker answers: flux-mqtt health [FLAGS]",
};
