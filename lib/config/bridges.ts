import type { BridgeOptions, BridgeTls, BridgeTopic } from "../bridge/mod.ts";
import { isTopicName } from "../topic/mod.ts";
import { parseAddress } from "./bridge_address.ts";
import type { BridgeSettings } from "./bridge_settings.ts";
import { parseTopic, rulesProblem } from "./bridge_topics.ts";
import type { BridgeConfig, ListenerConfig, ResolvedSetting } from "./config.ts";
import type { BridgeBlock, Draft } from "./draft.ts";
import { BRIDGE_OPTIONS } from "./options_bridge.ts";
import { presetProblems, withPreset } from "./bridge_presets.ts";
import { decideAll } from "./resolve.ts";
import { wordsOf } from "./value.ts";

/** The longest `restart_timeout`. */
const MAX_RESTART_SECONDS = 86_400;

/** The options that every block needs. */
const NEEDED: readonly (readonly [option: string, message: string])[] = [
  ["address", "Needs an `address`: where the remote broker is"],
  ["topic", "Needs a `topic`: which messages cross the bridge"],
];

/** What is needed besides the blocks. */
export interface BridgeSurroundings {
  /** This machine's name, for default Client Identifiers. */
  readonly hostname: string;
  /** This broker's listeners. */
  readonly listeners: readonly ListenerConfig[];
}

/** Makes bridge options of the `connection` blocks. Contradictions are added to the draft's problems. */
export function resolveBridges(
  draft: Draft,
  surroundings: BridgeSurroundings,
): readonly BridgeConfig[] {
  const bridges = draft.bridges.map((block) => resolveBridge(draft, block, surroundings));
  refuseTwins(draft, bridges);
  return bridges;
}

function resolveBridge(
  draft: Draft,
  block: BridgeBlock,
  surroundings: BridgeSurroundings,
): BridgeConfig {
  const all: ResolvedSetting[] = [];
  const find = (option: { readonly name: string }) => block.settings.get(option.name);
  const { bridge } = decideAll(BRIDGE_OPTIONS, find, `connection ${block.name}`, all);
  const isSet = (name: string) => block.settings.has(name);
  const reading: Reading = { draft, block, settings: withPreset(bridge, isSet) };
  for (const [option, message] of NEEDED) {
    const lines = block.settings.get(option) ?? [];
    if (lines.length === 0) draft.problem(block.origin, "connection", message);
  }
  const options = optionsOf(reading, surroundings);
  for (const [option, message] of contradictions(options, reading)) {
    draft.problemOf(block.settings, option, message, block.origin);
  }
  refuseSelf(draft, block, options, surroundings);
  // `check` prints the settings, and must not reveal the password.
  const shown = all.filter(({ origin }) => origin !== "default").map((setting) =>
    setting.option.name === "remote_password" ? { ...setting, text: "(secret)" } : setting
  );
  return { options, origin: block.origin, settings: shown };
}

/** One block while it is resolved. */
interface Reading {
  readonly draft: Draft;
  readonly block: BridgeBlock;
  readonly settings: BridgeSettings;
}

function optionsOf(reading: Reading, { hostname }: BridgeSurroundings): BridgeOptions {
  const { restartTimeout, preset, ...rest } = reading.settings;
  const { cafile, capath, certfile, keyfile, insecure, alpn, usesOsCerts, ...same } = rest;
  const tls: BridgeTls = { cafile, capath, certfile, keyfile, insecure, alpn, usesOsCerts };
  const usesTls = preset !== "none" || Object.values(tls).some((value) => value !== "" && value);
  const { cleanSession, localCleanSession, sessionExpirySeconds, remoteClientId } = same;
  const versions = { auto: "auto", mqttv50: 5, mqttv311: 4, mqttv31: 3 } as const;
  const [restartBaseSeconds, restartCapSeconds] = restartOf(reading, restartTimeout);
  return {
    ...same,
    addresses: parseAll(reading, "address", wordsOf, parseAddress),
    topics: topicsOf(reading),
    restartBaseSeconds,
    restartCapSeconds,
    localCleanSession: localCleanSession === "" ? cleanSession : localCleanSession === "true",
    remoteClientId: remoteClientId === "" ? `${reading.block.name}.${hostname}` : remoteClientId,
    protocolVersion: versions[same.protocolVersion],
    sessionExpirySeconds: sessionExpirySeconds === 0xffff_ffff ? Infinity : sessionExpirySeconds,
    tls: usesTls ? tls : undefined,
  };
}

/** Parses the parts of an option's lines. A part that is invalid becomes a problem of its line. */
function parseAll<T extends object>(
  { draft, block }: Reading,
  option: string,
  partsOf: (text: string) => readonly string[],
  parse: (part: string) => T | string,
): readonly T[] {
  return (block.settings.get(option) ?? []).flatMap(({ value, origin }) =>
    partsOf(String(value)).flatMap((part) => {
      const parsed = parse(part);
      if (typeof parsed !== "string") return [parsed];
      draft.problem(origin, option, parsed);
      return [];
    })
  );
}

function topicsOf(reading: Reading): readonly BridgeTopic[] {
  const lines = reading.block.settings.get("topic") ?? [];
  const topics = parseAll(reading, "topic", (line) => [line], parseTopic);
  const twin = topics.length === lines.length ? rulesProblem(topics) : undefined;
  if (twin !== undefined) reading.draft.problem(lines[twin.index]!.origin, "topic", twin.message);
  return topics;
}

function restartOf(
  { draft, block }: Reading,
  restartTimeout: string,
): readonly [base: number, cap: number] {
  const words = restartTimeout.split(/\s+/).map(Number);
  const [base = 0, cap = base] = words;
  const isRight = words.length <= 2 &&
    [base, cap].every((seconds) =>
      Number.isInteger(seconds) && seconds >= 1 && seconds <= MAX_RESTART_SECONDS
    );
  if (isRight && cap >= base) return [base, cap];
  const message =
    `Must be seconds from 1 to ${MAX_RESTART_SECONDS}, or BASE CAP with the cap not ` +
    `less than the base, is "${restartTimeout}"`;
  draft.problemOf(block.settings, "restart_timeout", message);
  return [1, 1];
}

function* contradictions(
  options: BridgeOptions,
  { settings }: Reading,
): Generator<readonly [option: string, message: string]> {
  const { tls, addresses, remoteUserName, remotePassword, remotePasswordFile } = options;
  if (tls !== undefined && tls.certfile === "" && tls.keyfile !== "") {
    yield ["bridge_keyfile", "Needs `bridge_certfile`, the certificate of this key"];
  }
  if (tls !== undefined && tls.certfile !== "" && tls.keyfile === "") {
    yield ["bridge_certfile", "Needs `bridge_keyfile`, the key of this certificate"];
  }
  if (tls !== undefined && addresses.some(({ scheme }) => scheme === "ws")) {
    yield ["address", "ws:// is not encrypted, and the block has options of TLS; use wss://"];
  }
  if (remotePassword !== "" && remotePasswordFile !== "") {
    yield [
      "remote_password_file",
      "Cannot be used with `remote_password`: a bridge has one password",
    ];
  }
  const hasPassword = remotePassword !== "" || remotePasswordFile !== "";
  const passwordOption = remotePassword !== "" ? "remote_password" : "remote_password_file";
  if (hasPassword && remoteUserName === "") {
    yield [passwordOption, "Needs `remote_username`, the user of this password"];
  }
  if (options.roundRobin && addresses.length === 1) {
    yield ["round_robin", "Needs a second `address`"];
  }
  if (options.startType === "lazy" && options.localCleanSession) {
    yield ["start_type", "Cannot be lazy with `local_cleansession true`: no messages wait then"];
  }
  const { notificationTopic, bindAddress } = options;
  if (bindAddress !== "" && !/^[\d.]+$|^[\da-f:.]*:[\da-f:.]*$/i.test(bindAddress)) {
    yield ["bridge_bind_address", `Must be an address of this machine, is "${bindAddress}"`];
  }
  const isEncrypted = tls !== undefined ||
    addresses.some(({ scheme }) => scheme === "mqtts" || scheme === "wss");
  if (bindAddress !== "" && isEncrypted) {
    yield [
      "bridge_bind_address",
      "Cannot be used with TLS: Deno chooses the local address itself then; remove the line, and choose the interface by a route of the system",
    ];
  }
  if (notificationTopic !== "" && !isTopicName(notificationTopic)) {
    yield ["notification_topic", `Must be a topic without + and #, is "${notificationTopic}"`];
  }
  yield* presetProblems(options, settings.preset);
}

/** Refuses a bridge to this broker itself, which would send each message in a circle for ever. */
function refuseSelf(
  draft: Draft,
  block: BridgeBlock,
  { addresses }: BridgeOptions,
  { listeners, hostname }: BridgeSurroundings,
): void {
  for (const address of addresses) {
    const isHere = ["localhost", "127.0.0.1", "::1", hostname].includes(address.hostname);
    const own = listeners.find(({ port, path, http }) =>
      path === "" && http === undefined && port !== 0 && port === address.port
    );
    if (!isHere || own === undefined) continue;
    const message =
      `${address.hostname}:${address.port} is this broker's own listener (${own.origin})`;
    draft.problemOf(block.settings, "address", message);
  }
}

/** Refuses two bridges with the same Client Identifier at the same broker, which would disconnect each other without end. */
function refuseTwins(draft: Draft, bridges: readonly BridgeConfig[]): void {
  for (const [index, { options, origin }] of bridges.entries()) {
    for (const earlier of bridges.slice(0, index)) {
      const other = earlier.options;
      const isLocal = (options.localClientId || options.name) ===
        (other.localClientId || other.name);
      const isRemote = options.remoteClientId === other.remoteClientId &&
        options.addresses.some((a) =>
          other.addresses.some((b) => a.hostname === b.hostname && a.port === b.port)
        );
      if (isLocal && options.name !== other.name) {
        draft.problem(
          origin,
          "connection",
          `Has the same session here as the bridge at ${earlier.origin}`,
        );
      }
      if (isRemote && options.name !== other.name) {
        const message =
          `Has the same Client Identifier at the same remote broker as the bridge at ${earlier.origin}; ` +
          "give it another `remote_clientid`";
        draft.problem(origin, "connection", message);
      }
    }
  }
}
