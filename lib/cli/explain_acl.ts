import { parseArgs } from "node:util";
import { type Acl, type AclDecision, ClientRights, DISK, parseAclFile } from "../auth/mod.ts";
import { type ListenerConfig, loadConfig } from "../config/mod.ts";
import { isTopicFilter, isTopicName, parseTopicFilter } from "../topic/mod.ts";
import type { Flags } from "./commands.ts";
import { explainDynamic, type Question } from "./explain_dynamic.ts";
import { flagProblem } from "./flag_problem.ts";
import { flagsHelp } from "./help.ts";
import { EXIT, messageOf, print, printError, printProblems } from "./output.ts";
import { processSources } from "./sources.ts";

/** The flags of `explain-acl`. */
export const EXPLAIN_ACL_FLAGS = {
  "config-file": {
    type: "string",
    short: "c",
    value: "FILE",
    text: "The broker's configuration; its acl_file and dynamic security are asked.",
  },
  acl: { type: "string", value: "FILE", text: "Asks this acl_file instead." },
  user: {
    type: "string",
    value: "USER",
    text: "The user name; without it the client is anonymous.",
  },
  client: { type: "string", value: "ID", text: "The Client Identifier; for %c in patterns." },
  listener: {
    type: "string",
    value: "NAME",
    text: "The listener, where per_listener_settings is true.",
  },
  publish: { type: "string", value: "TOPIC", text: "May it publish to this topic?" },
  read: { type: "string", value: "TOPIC", text: "May it get messages of this topic?" },
  subscribe: {
    type: "string",
    value: "FILTER",
    text: "Is SUBSCRIBE granted for this filter?",
  },
  help: { type: "boolean", text: "Prints this help." },
} as const satisfies Flags;

/** Its usage and what it does, for help and man page. */
export const EXPLAIN_ACL_USE =
  `Says whether a client may do something with a topic, and which line decides:
flux-mqtt explain-acl -c FILE [--user USER] [--client ID] [--listener NAME] --publish|--subscribe|--read TOPIC`;
const NOTE = `
Exit status: 0 yes, 1 no, 2 the command line is not understood, 3 the configuration or the acl_file is not valid.
`;

/** The rules to ask; a path of `""` means that there is no such file. */
interface Place {
  readonly aclFile: string;
  readonly isStrict: boolean;
  readonly dynamicFile: string;
}

/** `flux-mqtt explain-acl`: yes or no, and the line that decides. */
export async function explainAcl(args: readonly string[]): Promise<number> {
  let values;
  try {
    values = parseArgs({
      args: [...args],
      options: EXPLAIN_ACL_FLAGS,
    }).values;
  } catch (error) {
    return refuse(flagProblem(error, EXPLAIN_ACL_FLAGS));
  }
  if (values.help) {
    print(`${EXPLAIN_ACL_USE}\n\n${flagsHelp(EXPLAIN_ACL_FLAGS)}${NOTE}`);
    return EXIT.ok;
  }
  const question = questionOf(values);
  if (typeof question === "string") return refuse(question);
  const file = values["config-file"];
  if (file === undefined && values.acl === undefined) return refuse("Needs -c FILE or --acl FILE");
  const place = file === undefined
    ? { aclFile: values.acl!, isStrict: true, dynamicFile: "" }
    : findPlace(file, values.listener);
  if ("problems" in place) return printProblems(place.problems);
  const path = values.acl ?? place.aclFile;
  const who = whoIs(values.user, values.client);
  if (place.dynamicFile !== "" && values.acl === undefined) {
    const names = { userName: values.user, clientId: values.client ?? "" };
    const found = await explainDynamic(place.dynamicFile, names, question);
    if ("problems" in found) return printProblems(found.problems);
    // The acl_file, if there is one, decides about a client that is not in that file.
    if (found.isKnown || path === "") {
      return answer(found.isAllowed, question, who, found.reason);
    }
  }
  if (path === "") return answer(true, question, who, "there is no acl_file");
  const acl = readAcl(path);
  if ("problems" in acl) return printProblems(acl.problems);
  if (question.verb === "subscribe" && !place.isStrict) {
    return answer(true, question, who, "acl_subscribe is mosquitto, which grants everything");
  }
  const rights = new ClientRights(acl, values.user, values.client ?? "");
  const decision = decide(rights, question);
  return answer(decision.isAllowed, question, who, reason(decision, path, question));
}

function questionOf(values: Readonly<Record<string, unknown>>): Question | string {
  const verbs = ["publish", "read", "subscribe"] as const;
  const [verb, ...more] = verbs.filter((verb) => values[verb] !== undefined);
  if (verb === undefined || more.length > 0) {
    return "Needs one of --publish TOPIC, --read TOPIC and --subscribe FILTER";
  }
  const topic = String(values[verb]);
  const isValid = verb === "subscribe" ? isTopicFilter(topic) : isTopicName(topic);
  if (isValid) return { verb, topic };
  return `--${verb}: Must be a Topic ${verb === "subscribe" ? "Filter" : "Name"}, is "${topic}"`;
}

function decide(rights: ClientRights, { verb, topic }: Question): AclDecision {
  if (verb === "subscribe") return rights.decideSubscribe(parseTopicFilter(topic)!.topicFilter);
  return rights.decide(verb === "publish" ? "write" : "read", topic);
}

function reason({ rule }: AclDecision, path: string, { verb }: Question): string {
  if (rule !== undefined) return `${path}:${rule.line}: ${rule.text}`;
  return `no line of ${path} lets it ${verb === "publish" ? "write" : "read"} there`;
}

function whoIs(user: string | undefined, client: string | undefined): string {
  const name = user === undefined ? "An anonymous client" : `User ${user}`;
  return client === undefined ? name : `${name} as client ${client}`;
}

function answer(
  isAllowed: boolean,
  { verb, topic }: Question,
  who: string,
  reason: string,
): number {
  const may = isAllowed ? "may" : "may not";
  const act = verb === "publish" ? "publish to" : verb === "read" ? "read" : "subscribe to";
  print(`${isAllowed ? "yes" : "no"}: ${who} ${may} ${act} ${topic}\n${reason}\n`);
  return isAllowed ? EXIT.ok : EXIT.failed;
}

/** The rules of one listener, or of all where they are the same. */
function findPlace(
  file: string,
  listener: string | undefined,
): Place | { problems: readonly string[] } {
  const sources = processSources({
    command: "",
    operands: [],
    file,
    wantsHelp: false,
    wantsVersion: false,
    flags: [],
    problems: [],
  });
  const result = loadConfig(sources);
  if (!result.isValid) return { problems: result.problems };
  const { config } = result;
  const found = config.listeners.filter(({ options }) =>
    listener === undefined || options.name === listener
  );
  const names = config.listeners.map(({ options }) => options.name).join(", ");
  const [first, ...others] = found;
  if (first === undefined) {
    return { problems: [`There is no listener ${listener}; there is ${names}`] };
  }
  if (others.some((other) => !isSameAccess(first, other))) {
    return { problems: [`The listeners differ: name one by --listener: ${names}`] };
  }
  const { aclFile, aclSubscribe, dynamicSecurityFile } = first.access;
  return { aclFile, isStrict: aclSubscribe === "strict", dynamicFile: dynamicSecurityFile };
}

function isSameAccess(a: ListenerConfig, b: ListenerConfig): boolean {
  return a.access.aclFile === b.access.aclFile &&
    a.access.aclSubscribe === b.access.aclSubscribe &&
    a.access.dynamicSecurityFile === b.access.dynamicSecurityFile;
}

function readAcl(path: string): Acl | { problems: readonly string[] } {
  try {
    const parsed = parseAclFile(path, DISK.readFile(path));
    return parsed.isValid ? parsed.value : { problems: parsed.problems };
  } catch (error) {
    return { problems: [`${path}: ${messageOf(error)}`] };
  }
}

function refuse(problem: string): number {
  printError(`${problem}\nSee flux-mqtt explain-acl --help\n`);
  return EXIT.usage;
}
