import type { BridgeAddress, BridgeOptions, BridgeTls, BridgeTopic } from "../bridge/mod.ts";
import { isTopicName } from "../topic/mod.ts";
import { parseAddress } from "./bridge_address.ts";
import type { BridgeSettings } from "./bridge_settings.ts";
import { mayBeHere, nodesOf, problemsOfMoving } from "./bridge_node.ts";
import { parseTopic, rulesProblem } from "./bridge_topics.ts";
import type { BridgeConfig, ListenerConfig, ResolvedSetting } from "./config.ts";
import type { BridgeBlock, Draft } from "./draft.ts";
import { BRIDGE_OPTIONS } from "./options_bridge.ts";
import { presetProblems, withPreset } from "./bridge_presets.ts";
import { decideAll } from "./resolve.ts";
import { wordsOf } from "./value.ts";

/** The longest `restart_timeout`. */
const MAX_RESTART_SECONDS = 86_400;
/** The default for the third number of `restart_timeout`. */
const STABLE_SECONDS = 10;

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
  /** This broker's name in its cluster; `undefined`: it is in none. */
  readonly node: string | undefined;
}

/** What mosquitto raises a smaller `keepalive_interval` to, with a line in its log. */
const LEAST_KEEP_ALIVE_SECONDS = 5;

/** The `connection` blocks of a configuration. */
export interface ResolvedBridges {
  /** Those that this broker has, or may have. */
  readonly bridges: readonly BridgeConfig[];
  /** Those that other nodes of its cluster have. */
  readonly otherBridges: readonly BridgeConfig[];
}

/** Makes bridge options of the `connection` blocks. Contradictions are added to the draft's problems. */
export function resolveBridges(draft: Draft, surroundings: BridgeSurroundings): ResolvedBridges {
  const all = draft.bridges.map((block) => resolveBridge(draft, block, surroundings));
  refuseTwins(draft, all);
  const { node } = surroundings;
  const isHere = all.map(({ options }, i) => mayBeHere(draft, draft.bridges[i]!, options, node));
  return {
    bridges: all.filter((_, i) => isHere[i]),
    otherBridges: all.filter((_, i) => !isHere[i]),
  };
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
  if (bridge.keepAliveSeconds < LEAST_KEEP_ALIVE_SECONDS) {
    const origin = block.settings.get("keepalive_interval")?.at(-1)?.origin ?? block.origin;
    const reason = `${LEAST_KEEP_ALIVE_SECONDS} seconds are the least, and are used`;
    draft.noteNoEffect(origin, "keepalive_interval", reason);
  }
  for (const [option, message] of contradictions(options, reading)) {
    draft.problemOf(block.settings, option, message, block.origin);
  }
  if (surroundings.node !== undefined) {
    for (const [option, message] of problemsOfMoving(options, block)) {
      draft.problemOf(block.settings, option, message, block.origin);
    }
  }
  for (const [option, reason] of withoutEffect(options)) {
    const origin = block.settings.get(option)?.at(-1)?.origin;
    if (origin !== undefined) draft.noteNoEffect(origin, option, reason);
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
  const { restartTimeout, preset, node: _, tlsVersion: version, ...rest } = reading.settings;
  const { cafile, capath, certfile, keyfile, insecure, alpn, usesOsCerts, ...same } = rest;
  const tls = { cafile, capath, certfile, keyfile, insecure, alpn, usesOsCerts };
  const addresses = parseAll(reading, "address", wordsOf, parseAddress);
  // The version alone does not ask for TLS, but an address may.
  const usesTls = preset !== "none" || version === "tlsv1.3" && addresses.some(isSecure) ||
    Object.values(tls).some((value) => value !== "" && value);
  const { cleanSession, localCleanSession, sessionExpirySeconds, remoteClientId } = same;
  const versions = { auto: "auto", mqttv50: 5, mqttv311: 4, mqttv31: 3 } as const;
  const [restartBaseSeconds, restartCapSeconds, stableSeconds] = restartOf(reading, restartTimeout);
  return {
    ...same,
    nodes: nodesOf(reading.block),
    addresses,
    keepAliveSeconds: Math.max(same.keepAliveSeconds, LEAST_KEEP_ALIVE_SECONDS),
    topics: topicsOf(reading),
    restartBaseSeconds,
    restartCapSeconds,
    stableSeconds,
    localCleanSession: localCleanSession === "" ? cleanSession : localCleanSession === "true",
    remoteClientId: remoteClientId === "" ? `${reading.block.name}.${hostname}` : remoteClientId,
    protocolVersion: versions[same.protocolVersion],
    sessionExpirySeconds: sessionExpirySeconds === 0xffff_ffff ? Infinity : sessionExpirySeconds,
    tls: usesTls ? { ...tls, version } satisfies BridgeTls : undefined,
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
  if (topics.length < lines.length) return topics;
  const seen = new Set<string>();
  const different = topics.map((topic, index) => ({ topic, origin: lines[index]!.origin }))
    .filter(({ topic, origin }) => {
      const text = JSON.stringify(topic);
      if (seen.has(text)) {
        reading.draft.noteNoEffect(origin, "topic", "an earlier line is the same");
      }
      return !seen.has(text) && seen.add(text);
    });
  const twin = rulesProblem(different.map(({ topic }) => topic));
  if (twin !== undefined) {
    reading.draft.problem(different[twin.index]!.origin, "topic", twin.message);
  }
  return different.map(({ topic }) => topic);
}

function restartOf(
  { draft, block }: Reading,
  restartTimeout: string,
): readonly [base: number, cap: number, stable: number] {
  const words = restartTimeout.split(/\s+/).map(Number);
  const [base = 0, cap = base, stable = STABLE_SECONDS] = words;
  const isRight = words.length <= 3 &&
    [base, cap, stable].every((seconds) =>
      Number.isInteger(seconds) && seconds >= 0 && seconds <= MAX_RESTART_SECONDS
    );
  if (isRight && base >= 1 && cap >= base) return [base, cap, stable];
  const message =
    `Must be seconds from 1 to ${MAX_RESTART_SECONDS}, BASE CAP or BASE CAP STABLE with the cap not ` +
    `less than the base, is "${restartTimeout}"`;
  draft.problemOf(block.settings, "restart_timeout", message);
  return [1, 1, STABLE_SECONDS];
}

function isSecure({ scheme }: BridgeAddress): boolean {
  return scheme === "mqtts" || scheme === "wss";
}

/** Lines that change nothing here, nor in mosquitto. */
function* withoutEffect(
  { addresses, tls, roundRobin }: BridgeOptions,
): Generator<readonly [option: string, reason: string]> {
  if (roundRobin && addresses.length === 1) yield ["round_robin", "there is one `address`"];
  if (tls === undefined && !addresses.some(isSecure)) {
    yield ["bridge_tls_version", "no address and no other line asks for TLS"];
  }
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
  if (options.startType === "lazy" && options.localCleanSession) {
    yield ["start_type", "Cannot be lazy with `local_cleansession true`: no messages wait then"];
  }
  const { notificationTopic, bindAddress } = options;
  if (bindAddress !== "" && !/^[\d.]+$|^[\da-f:.]*:[\da-f:.]*$/i.test(bindAddress)) {
    yield ["bridge_bind_address", `Must be an address of this machine, is "${bindAddress}"`];
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
