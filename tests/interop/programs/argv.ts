import { strict as assert } from "node:assert";
import { callFlux } from "../../support/flux.ts";
import { hasMosquitto } from "../../support/mosquitto_broker.ts";
import type { Program } from "./program.ts";

/** The client commands. */
const COMMANDS = ["pub", "sub", "rr"] as const;
type Command = typeof COMMANDS[number];

/** What makes a line whole for each command; `-` stands for it at the head of a line. */
const WHOLE: Readonly<Record<Command, string>> = {
  pub: "-t t -m x",
  sub: "-t t",
  rr: "-t t -e e -m x",
};

/** A line that is refused by the commands named, and what is said. The last word: mosquitto's commands take it. */
type Wrong = readonly [commands: string, line: string, error: RegExp, isOursAlone?: "ours alone"];

const FORMATS = ["%", "%0", "%-", "%1", "%.", "%.1", "%Z", "@", "\\", "\\Z"];

/** Without TLS. */
// deno-fmt-ignore
const WRONG: readonly Wrong[] = [
  ["pub sub rr", "- --topc a", /^--topc: Is not a flag; did you mean --topic\?\n/],
  ["pub sub rr", "- --quiet=1", /^--quiet: Takes no value\n/],
  ["pub sub rr", "- --unknown", /^--unknown: Is not a flag/],
  ["pub", "-t t -m x -f file", /--message and --file: Name one payload/],
  ["rr", "-t t -e e -m x -f file", /--message and --file: Name one payload/],
  ["pub", "-t t -m x -l", /Name one payload/],
  ["pub", "-t t -l -n", /Name one payload/],
  ["pub", "-t t -l -s", /Name one payload/],
  ["pub", "-t t", /Name the payload/],
  ["pub", "-m x", /-t: Name the one topic/],
  ["pub", "-t topic/+ -m x", /-t: Must be a Topic Name/],
  ["pub", "-t topic/# -m x", /-t: Must be a Topic Name/],
  ["pub", "- --repeat 0", /--repeat: Must be/],
  ["pub", "- --repeat-delay -1", /--repeat-delay: Must be seconds/],
  ["pub", "- -D publish subscription-identifier 1", /no property of it/],
  ["pub", "- -C 1", /^-C: Is not a flag/],
  ["pub", "- -e t", /^-e: Is not a flag/],
  ["pub", "- -F %p", /^-F: Is not a flag/],
  ["pub", "- -W 1", /^-W: Is not a flag/],
  ["sub rr", "- -l", /^-l: Is not a flag/],
  ["sub rr", "- -r", /^-r: Is not a flag/],
  ["sub", "- -m x", /^-m: Is not a flag/],
  ["sub", "", /-t: Name a Topic Filter/],
  ["sub", "-t ++", /-t: Must be a Topic Filter/],
  ["sub", "- -T ++", /-T: Must be a Topic Filter/],
  ["sub", "-U ++", /-U: Must be a Topic Filter/],
  ["sub", "- -C 0", /--count: Must be/],
  ["sub", "- -R --retained-only", /-R and --retained-only/],
  ["sub", "- --random-filter 0", /--random-filter: Must be from/],
  ["sub", "- --random-filter 100.1", /--random-filter: Must be from/, "ours alone"],
  ["sub rr", "- -D subscribe subscription-identifier 4294967296", /subscription-identifier: Must be/],
  ["sub rr", "- -D subscribe subscription-identifier -1", /subscription-identifier: Must be/],
  ["sub", "- --retain-handling never -V 311", /--retain-handling: Needs -V 5/],
  ["sub rr", "- --retain-handling invalid", /--retain-handling: Must be always, new, never/],
  ["sub rr", "- -W 0", /--timeout: Must be/],
  ["rr", "-t t -m x", /-e: Name the response's topic/],
  ["rr", "-t t -m x -e topic/+", /-e: Must be a Topic Name/],
  ...FORMATS.map((format): Wrong => ["sub rr", `- -F ${format}`, /-F: There is no "[%@\\]/]),
  ["pub sub rr", "- -V 311 -c", /-c: Needs -i/],
  ["pub sub rr", "- -V 5 -x -1", /-x: Needs -i/],
  ["pub sub rr", "- -i id -I pre", /-i and -I: Cannot stand together/],
  ["pub sub rr", "- -o a -o b", /-o: Can be given once/],
  ["pub sub rr", "- -o /nowhere/flags", /-o: Cannot read/],
  ["pub sub rr", "- --will-payload x", /--will-payload: Needs --will-topic/],
  ["pub sub rr", "- --will-retain", /--will-retain: Needs --will-topic/],
  ["pub sub rr", "- --will-topic w --will-qos 3", /--will-qos: Must be/],
  ["pub sub rr", "- --will-topic w --will-qos -1", /--will-qos: Must be/],
  ["pub sub rr", "- --will-topic +", /--will-topic: Must be a Topic Name/],
  ["pub sub rr", "- -k -1", /--keepalive: Must be/],
  ["pub sub rr", "- -k 65536", /--keepalive: Must be/],
  ["pub sub rr", "- -M 0", /--max-inflight: Must be/],
  ["pub sub rr", "- -p -1", /--port: Must be/],
  ["pub sub rr", "- -p 65536", /--port: Must be/],
  ["pub sub rr", "- -q -1", /--qos: Must be/],
  ["pub sub rr", "- -q 3", /--qos: Must be/],
  ["pub sub rr", "- -V 0", /-V: Must be 5, 311 or 31/],
  ["pub sub rr", "- -x A", /--session-expiry-interval: Must be/],
  ["pub sub rr", "- -x -2", /--session-expiry-interval: Must be/],
  ["pub sub rr", "- -x 4294967296", /--session-expiry-interval: Must be/],
  ["pub sub rr", "-L invalid://x", /-L: Must be mqtt/],
  ["pub sub rr", "-L mqtt://localhost", /-L: Must be mqtt/],
  ["pub sub rr", "-L ws://localhost", /-L: Must be mqtt/],
  ["pub sub rr", "- -V 5 -D connect", /-D: Needs PACKET NAME VALUE/],
  ["pub sub rr", "- -V 5 -D connect receive-maximum", /-D: Needs PACKET NAME VALUE/],
  ["pub sub rr", "- -V 5 -D connect user-property key", /-D: Needs PACKET NAME VALUE/],
  ["pub sub rr", "- -V 5 -D invalid receive-maximum 1", /"invalid" must be connect/],
  ["pub sub rr", "- -V 5 -D connect invalid 1", /"invalid" is no property of it/],
  ["pub sub rr", "- -V 5 -D connect will-delay-interval 1", /no property of it/],
  ["pub sub rr", "- -V 5 -D connect subscription-identifier 1", /no property of it/],
  ["pub sub rr", "- -V 5 -D subscribe topic-alias 1", /no property of it/],
  ["pub sub rr", "- -V 5 -D unsubscribe topic-alias 1", /no property of it/],
  ["pub sub rr", "- -V 5 -D auth authentication-method 1", /Properties of AUTH cannot be given/],
  ["pub sub rr", "- -V 5 -D puback reason-string 1", /Properties of PUBACK cannot be given/],
  ["pub sub rr", "- -D connect authentication-data x", /Needs authentication-method/, "ours alone"],
  ...[["receive-maximum", "65536"], ["request-problem-information", "256"], ["session-expiry-interval", "4294967296"]]
    .flatMap(([name, large]) => ["-1", large].map((value): Wrong =>
      ["pub sub rr", `- -V 5 -D connect ${name} ${value}`, /Must be a whole number from 0/]
    )),
  ["pub sub rr", "- -A eth0", /-A: Must be an address/, "ours alone"],
  ["pub sub rr", "- --proxy http://x", /--proxy: Must be socks5h/],
  ["pub sub rr", "- --unix /x --proxy socks5h://x", /--unix and --proxy: Cannot stand together/, "ours alone"],
];

/** Of TLS. */
// deno-fmt-ignore
const WRONG_TLS: readonly Wrong[] = [
  ["pub sub rr", "- --cert c", /--cert and --key: Need each other/],
  ["pub sub rr", "- --key k", /--cert and --key: Need each other/],
  ["pub sub rr", "- --keyform pem", /--keyform: Needs --key/],
  ["pub sub rr", "- --cert c --key k --keyform engine", /--keyform: Must be pem/, "ours alone"],
  ["pub sub rr", "- --tls-engine-kpass-sha1 hash", /--tls-engine-kpass-sha1: Keys are PEM files/],
  ["pub sub rr", "- --tls-version tlsv1", /--tls-version: Must be tlsv1.2/, "ours alone"],
  ["pub sub rr", "-L mqtts://localhost", /-L: Must be mqtt/],
  ["pub sub rr", "-L wss://localhost", /-L: Must be mqtt/],
];

/** Of pre-shared keys, which are not supported: every line is refused, and says what to use. */
const WRONG_PSK: readonly Wrong[] = [
  ["pub sub rr", "- --psk key", /--psk: Pre-shared keys are not supported/],
  ["pub sub rr", "- --psk key --cafile file", /--psk: Pre-shared keys are not supported/],
  ["pub sub rr", "- --psk key --capath dir", /--psk: Pre-shared keys are not supported/],
];

/** Flags that need a value. */
// deno-fmt-ignore
const VALUED: Readonly<Record<Command, readonly string[]>> = {
  pub: ["-A", "-f", "-h", "-i", "-I", "-k", "-L", "-M", "-m", "-o", "-p", "-P", "--proxy", "-q", "--repeat", "--repeat-delay",
    "-t", "-u", "--unix", "-V", "--will-payload", "--will-qos", "--will-topic", "-x"],
  sub: ["-A", "-C", "-h", "-i", "-I", "-k", "-L", "-M", "-o", "-p", "-P", "--proxy", "--random-filter", "-q", "-t", "-u",
    "--unix", "-V", "--will-payload", "--will-qos", "--will-topic", "-x", "-F", "-T", "-U", "-W"],
  rr: ["-A", "-e", "-h", "-i", "-I", "-k", "-L", "-M", "-m", "-o", "-p", "-P", "--proxy", "-q", "-t", "-u", "--unix", "-V",
    "--will-payload", "--will-qos", "--will-topic", "-x", "-F", "-W"],
};
/** The same of TLS, with those that are refused with any value. */
// deno-fmt-ignore
const VALUED_TLS = [
  "--cafile", "--capath", "--cert", "--ciphers", "--key", "--keyform", "--tls-alpn", "--tls-engine",
  "--tls-engine-kpass-sha1", "--tls-version", "--tls-keylog",
];
const VALUED_PSK = ["--psk", "--psk-identity"];

/** Each line is refused with status 2, before anything is sent, and mosquitto's command refuses it as well. */
async function tryLines(command: Command, lines: readonly Wrong[]): Promise<void> {
  const own = lines.filter(([commands]) => commands.split(" ").includes(command));
  const words = own.map(([, line]) =>
    line.replace(/^-(?= )/, WHOLE[command]).split(" ").filter((word) => word !== "")
  );
  const theirs = hasMosquitto
    ? await Promise.all(
      own.map(([, , , alone], i) => alone ? true : isRefusedByTheirs(command, words[i]!)),
    )
    : [];
  for (const [i, [, line, error]] of own.entries()) {
    const run = await callFlux([command, ...words[i]!]);
    assert.deepEqual([run.status, run.out], [2, ""], `${command} ${line}: ${run.error}`);
    assert.match(run.error, error, `${command} ${line}`);
    assert.ok(theirs[i] ?? true, `mosquitto_${command} takes ${line}`);
  }
}

async function isRefusedByTheirs(command: Command, words: readonly string[]): Promise<boolean> {
  // Where nobody listens, a line that is taken ends with "Connection refused".
  const { code, stderr } = await new Deno.Command(`mosquitto_${command}`, {
    args: ["-h", "127.0.0.1", ...words.includes("-p") ? [] : ["-p", "1"], ...words],
    stdin: "null",
    stdout: "null",
    env: { XDG_CONFIG_HOME: "/nowhere" },
  }).output();
  return code !== 0 && !new TextDecoder().decode(stderr).includes("Connection refused");
}

/** A flag at the end of the line, without its value. */
function withoutValue(command: Command, flags: readonly string[]): Wrong[] {
  return flags.map((
    flag,
  ) => [command, flag, new RegExp(`^${flag}: (Needs a value\n|[A-Z].{20,})`)]);
}

function program(command: Command, lines: readonly Wrong[], valued: readonly string[]): Program {
  return {
    holds:
      `${lines.length} wrong lines, and flags without their value, are refused with the reason`,
    run: async () => {
      await tryLines(command, [...lines, ...withoutValue(command, valued)]);
      // mosquitto's commands end with 1 there; here, as usual, what was asked for is no failure.
      for (const flag of ["--help", "--version"]) {
        const { status, error } = await callFlux([command, flag]);
        assert.deepEqual([status, error], [0, ""]);
      }
    },
  };
}

/** What became of mosquitto's programs for wrong command lines. */
export const ARGV_PROGRAMS = {
  "02-subscribe-argv-errors-without-tls": program("sub", WRONG, VALUED.sub),
  "02-subscribe-argv-errors-tls": program("sub", WRONG_TLS, VALUED_TLS),
  "02-subscribe-argv-errors-tls-psk": program("sub", WRONG_PSK, VALUED_PSK),
  "03-publish-argv-errors-without-tls": program("pub", WRONG, VALUED.pub),
  "03-publish-argv-errors-tls": program("pub", WRONG_TLS, VALUED_TLS),
  "03-publish-argv-errors-tls-psk": program("pub", WRONG_PSK, VALUED_PSK),
  "04-rr-argv-errors-without-tls": program("rr", WRONG, VALUED.rr),
  "04-rr-argv-errors-tls": program("rr", WRONG_TLS, VALUED_TLS),
  "04-rr-argv-errors-tls-psk": program("rr", WRONG_PSK, VALUED_PSK),
} as const satisfies Readonly<Record<string, Program>>;
