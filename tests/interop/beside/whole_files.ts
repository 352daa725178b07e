import { hashPassword } from "../../../lib/auth/mod.ts";
import { BOTH, type Case, connect, inEach } from "./case.ts";

/** A file of many listeners, and what each of them answers: `a3` is a client of the third. */

/** What a line of a password file has behind the user name. */
const hashed = (password: string) => hashPassword(new TextEncoder().encode(password), 10);

/** Files of the broker's directory, which `DIR` stands for. */
export const FILES_BESIDE: Readonly<Record<string, string>> = {
  passwords: `# of the tests\n\nuser:${hashed("password")}\nempty:${hashed("")}\n\n`,
  "no-rules": "#comment\n\n",
  rules: [
    "topic readwrite both",
    "topic read in",
    "topic write out",
    "topic plain",
    "topic tree/#",
    "topic deny tree/never",
    "user user",
    "topic read named/in",
    "topic readwrite named/both",
    "topic one",
    "topic two",
    "pattern write p/%c",
    "pattern read q/%u/#",
  ].join("\n"),
};
/** What stands in `rules` after they were changed: `two` is no longer allowed. */
export const LATER_RULES: string = FILES_BESIDE.rules!.replace("topic two\n", "");

/** The listeners, with mosquitto's line endings of Windows. */
const LISTENERS: readonly (readonly string[])[] = [
  ["allow_anonymous true"],
  ["allow_anonymous false", "password_file DIR/passwords"],
  ["allow_anonymous true", "password_file DIR/passwords"],
  ["allow_anonymous false"],
  ["allow_anonymous true", "acl_file DIR/no-rules"],
  ["allow_anonymous true", "acl_file DIR/rules"],
  ["allow_anonymous true", "mount_point mount/"],
  ["allow_anonymous true", "max_connections 2"],
  // Asked whether the broker listens: mosquitto counts wrong where somebody connects and says nothing.
  ["allow_anonymous true"],
];

/** How many ports the file needs. */
export const LISTENER_COUNT = LISTENERS.length;

/** The file for these ports. */
export function fileOf(ports: readonly number[]): string {
  return [
    "per_listener_settings true",
    ...LISTENERS.flatMap((lines, i) => [`listener ${ports[i]} 127.0.0.1`, ...lines]),
    "",
  ].join("\r\n");
}

/** A client of a listener, and one line of what it does. */
function at(listener: number, more = ""): string {
  return `a${listener}> CONNECT clientId=a${listener} keepAlive=60 cleanStart ${more}`.trimEnd();
}

const USER = 'userName=user password="password"';
const LETS_IN: readonly (readonly [what: string, more: string])[] = [
  ["user and password", USER],
  ["nobody", ""],
  ["a user without password", "userName=user"],
  ["a wrong password", 'userName=user password="password9"'],
  ["an unknown user", 'userName=bad password="password"'],
  ["an empty password", 'userName=user password=""'],
  ["a user whose password is empty", 'userName=empty password=""'],
  ["an empty user name", 'userName="" password="password"'],
];

/** A subscriber to `#` of listener 6 tells what came through. */
const RULES = ["both", "in", "out", "plain", "other", "tree/a", "tree/never", "named/both"];

/** What the listeners answer at first. */
export const WHOLE_FILE_CASES: readonly Case[] = [
  ...[2, 3, 4].flatMap((listener) =>
    LETS_IN.flatMap(([what, more]) =>
      inEach(
        [3, 4, 5],
        `01-connect-uname: ${what} at listener ${listener}`,
        at(listener, more),
      )
    )
  ),
  ...inEach(
    BOTH,
    "01-connect-uname-password-denied-no-will",
    at(2, `${USER} will.topic=w will.payload="gone"`),
    "a2> SUBSCRIBE id=1 w",
    'b2> CONNECT clientId=a2 keepAlive=60 cleanStart userName=user password="password9"',
  ),
  ...inEach(
    BOTH,
    "07-will-per-listener",
    connect("s"),
    "s> SUBSCRIBE id=1 w",
    connect("a", 'cleanStart will.topic=w will.payload="gone"'),
    "a x",
  ),
  ...inEach([4], "09-acl-empty-file", at(5), "a5> SUBSCRIBE id=1 t", 'a5> PUBLISH t "m"'),
  ...RULES.flatMap((topic) => [
    ...inEach(
      [5],
      `09-acl-access-variants: to ${topic}`,
      connect("s"),
      `s> SUBSCRIBE id=1 ${topic}`,
      at(6),
      `a6> PUBLISH ${topic} qos=1 id=1 "m"`,
    ),
    ...inEach(
      BOTH,
      `09-acl-access-variants: from ${topic}`,
      at(6),
      `a6> SUBSCRIBE id=1 ${topic}`,
      connect("b"),
      `b> PUBLISH ${topic} qos=1 id=1 "m"`,
    ),
    ...inEach(
      [5],
      `09-acl-access-variants: ${topic} of a user`,
      at(6, USER),
      `a6> SUBSCRIBE id=1 ${topic}`,
      `a6> PUBLISH ${topic} qos=1 id=1 "m"`,
    ),
  ]),
  ...inEach(
    [5],
    "09-acl-access-variants: patterns",
    // In quotation marks it is not renamed.
    at(6, USER).replace("clientId=a6", 'clientId="pattern"'),
    'a6> PUBLISH p/pattern qos=1 id=1 "m"',
    'a6> PUBLISH p/other qos=1 id=2 "m"',
    "a6> SUBSCRIBE id=3 q/user/x q/other/x",
    connect("b"),
    'b> PUBLISH q/user/x qos=1 id=1 "m"',
    'b> PUBLISH q/other/x qos=1 id=2 "m"',
  ),
  ...inEach(
    BOTH,
    "10-listener-mount-point",
    connect("a"),
    "a> SUBSCRIBE id=1 mount/t t",
    'a7> CONNECT clientId=b7 keepAlive=60 cleanStart will.topic=t will.payload="gone"',
    "a7> SUBSCRIBE id=1 t",
    'a7> PUBLISH t "m"',
    'a> PUBLISH mount/t retain "n"',
    "a7> SUBSCRIBE id=2 #",
    'a> PUBLISH mount/t retain ""',
    "a7 x",
  ),
  ...inEach(
    [5],
    "01-connect-max-connections",
    ...["a8", "b8", "c8"].map((name) =>
      `${name}> CONNECT clientId=${name} keepAlive=60 cleanStart`
    ),
    "a8 x",
  ),
  ...inEach(
    [4],
    "09-acl-change: before",
    at(6, USER).replace("clientId=a6 keepAlive=60 cleanStart", 'clientId="kept" keepAlive=60'),
    "a6> SUBSCRIBE id=1 one qos=1",
    "a6> SUBSCRIBE id=2 two qos=1",
    "a6 x",
    at(6, USER).replaceAll("a6", "b6"),
    'b6> PUBLISH one qos=1 id=1 "1"',
    'b6> PUBLISH two qos=1 id=2 "2"',
  ),
];

/** What they answer when `rules` has changed, and SIGHUP has told so. */
export const LATER_CASES: readonly Case[] = [
  ...inEach(
    [4],
    "09-acl-change: after",
    at(6, USER).replace("clientId=a6 keepAlive=60 cleanStart", 'clientId="kept" keepAlive=60'),
    "a6> PUBACK id=1",
    'a6> PUBLISH one qos=1 id=2 "3"',
    'a6> PUBLISH two qos=1 id=3 "4"',
  ),
];
