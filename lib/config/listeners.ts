import { isLoopback, LOOPBACK_ADDRESS } from "../net/mod.ts";
import type { ListenerConfig } from "./config.ts";
import type { HttpConfig } from "./http_config.ts";
import type { Block, Draft, Note, Setting, Settings } from "./draft.ts";
import { otherWays } from "./enter.ts";
import { addressesAt, type AddressesOf } from "./interfaces.ts";
import { DEFAULT_PORT } from "./process_options.ts";
import { showValue } from "./value.ts";

/** What a note adds if a listener takes passwords without TLS. */
const UNENCRYPTED = "; passwords cross the network unencrypted";

/** Where a listener listens, and its name in logs. `path` is that of a Unix socket, which has no port and no address. */
export interface Place {
  readonly path: string;
  readonly port: number;
  readonly address: string;
  readonly origin: string;
  readonly name: string;
}

/** The listeners to open: those that the sources name, or else the default one. Two at the same place are a problem. */
export function decideBlocks(draft: Draft, addressesOf?: AddressesOf): readonly Block[] {
  dropIdleDefault(draft);
  const port = draft.overrides.get("port")?.[0];
  const address = draft.overrides.get("bind_address")?.[0];
  const override = port ?? address;
  if (override !== undefined && draft.defaultBlock === undefined) {
    const [line] = draft.blocks;
    if (line !== undefined) refuseOverride(draft, override, line);
  }
  if (draft.blocks.length === 0) draft.openDefault(override?.origin ?? "default");
  if (draft.tlsBlock !== undefined) draft.blocks.push(beside(draft, draft.tlsBlock));

  const blocks = draft.blocks.flatMap((block) => spread(draft, block, addressesOf));
  const seen: Place[] = [];
  for (const place of blocks.map((block) => placeOf(block, draft.overrides))) {
    const other = seen.find((earlier) => isSamePlace(earlier, place));
    if (other !== undefined) refuseSecond(draft, other, place);
    seen.push(place);
  }
  return blocks;
}

/** Makes one block for each address that a block listens on. */
function spread(
  draft: Draft,
  block: Block,
  addressesOf: AddressesOf | undefined,
): readonly Block[] {
  const { path, address } = placeOf(block, draft.overrides);
  if (path !== "") return [block];
  return addressesAt(draft, block, address, addressesOf).map((at) =>
    at === address ? block : { ...block, address: at }
  );
}

/**
 * Removes a default listener whose options all have their default values, as in mosquitto: `protocol mqtt` before `listener 1884`
 * opens no listener of its own.
 */
function dropIdleDefault(draft: Draft): void {
  const { defaultBlock: block } = draft;
  if (block === undefined || draft.blocks.length === 1 || isDefaultOpened(block)) return;
  const isIdle = [...block.settings.values()].flat().every(({ option, value }) =>
    showValue(option, value) === showValue(option, option.default)
  );
  if (!isIdle) return;
  draft.blocks.splice(draft.blocks.indexOf(block), 1);
  draft.defaultBlock = undefined;
}

/** Puts the listener of `MQTT_TLS_ENABLED` at the default listener's address; without one it stays on this machine. */
function beside(draft: Draft, block: Block): Block {
  const { defaultBlock } = draft;
  if (defaultBlock === undefined) return block;
  const { address } = placeOf(defaultBlock, draft.overrides);
  return { ...block, where: { ...block.where, address } };
}

/** Whether anything opens the broker to the network. Anonymous clients are then refused unless an option allows them. */
export function isOpened(draft: Draft): boolean {
  return draft.blocks.some((block) => block.kind === "line" || isDefaultOpened(block)) ||
    draft.overrides.has("bind_address") || draft.overrides.has("bind_interface");
}

/** Where a block listens. The default listener stays on this machine unless a file sets `port`, or something `bind_address`. */
export function placeOf(block: Block, overrides: Settings): Place {
  let { port, address } = block.where;
  let origin = block.origin;
  if (block.kind === "default") {
    const portSetting = overrides.get("port")?.[0] ?? block.settings.get("port")?.[0];
    const addressSetting = overrides.get("bind_address")?.[0] ??
      block.settings.get("bind_address")?.[0];
    port = portSetting === undefined ? DEFAULT_PORT : Number(portSetting.value);
    address = addressSetting === undefined
      ? (isDefaultOpened(block) ? "" : LOOPBACK_ADDRESS)
      : String(addressSetting.value);
    origin = portSetting?.origin ?? addressSetting?.origin ?? origin;
  }
  address = block.address ?? address;
  if (block.kind === "line" && port === 0) {
    return { path: address, port, address: "", origin, name: address };
  }
  // At "any free port" this listener needs another name than the default one.
  const suffix = block.kind === "tls" && port === 0 ? " (TLS)" : "";
  const host = address.includes(":") ? `[${address}]` : address;
  return {
    path: "",
    port,
    address,
    origin,
    name: (host === "" ? String(port) : `${host}:${port}`) + suffix,
  };
}

/** Notes that say who can connect from where, and which option changes that: what people look for first in a log. */
export function describeAccess(
  listeners: readonly ListenerConfig[],
  isOpen: boolean,
): Note[] {
  const notes = listeners.map(describeListener);
  if (!isOpen) {
    notes.push({
      level: "info",
      text:
        "To open the broker to the network, write `listener 1883` and `allow_anonymous true` in " +
        "a file for `-c FILE`, or start with `--listener 1883 --allow-anonymous`",
    });
  }
  return notes;
}

function describeListener(listener: ListenerConfig): Note {
  const { address, path, options, access, tls, http } = listener;
  const { name, allowAnonymous } = options;
  const isLocal = isLoopback(address) || path !== "";
  const reach = path !== "" ? "clients that may open this socket" : reachOf(address);
  if (http !== undefined) return describeHttp(name, http, reach, !isLocal && tls === undefined);
  const files = [access.passwordFile, access.scramFile, access.dynamicSecurityFile]
    .filter((path) => path !== "").join(" and ");
  const others = [...files === "" ? [] : [`as a user of ${files}`], ...otherWays(listener)]
    .join(", or ");
  const isCertified = access.certificateUserName !== "none";
  if (!isCertified && !allowAnonymous && others === "") {
    return {
      level: "warning",
      text:
        `Listener ${name} lets nobody in: anonymous clients are refused, and there is no password_file; ` +
        "`flux-mqtt passwd -c FILE USER` makes one, `allow_anonymous true` lets everybody in",
    };
  }
  const how = isCertified
    ? " as the users that their certificates name"
    : allowAnonymous
    ? `, without a password (allow_anonymous is true)${others === "" ? "" : `, or ${others}`}`
    : ` ${others}${isLocal || tls !== undefined ? "" : UNENCRYPTED}`;
  const level = isLocal || isCertified ? "info" : "warning";
  return { level, text: `Listener ${name}: ${reach} may connect${how}` };
}

/** Who can reach an address. */
function reachOf(address: string): string {
  if (isLoopback(address)) return "clients on this machine";
  return address === ""
    ? "clients from every network that this machine is in"
    : `clients that reach ${address}`;
}

/** Says who may use an HTTP listener. `isBare`: passwords cross a network unencrypted. */
function describeHttp(
  name: string,
  { admins, viewers, tokenFile }: HttpConfig,
  reach: string,
  isBare: boolean,
): Note {
  const tokens = tokenFile === "" ? [] : [`the holder of a token of ${tokenFile}`];
  const users = [...admins, ...viewers, ...tokens];
  const who = users.length === 0 ? "without a password" : `as ${users.join(", ")}`;
  return {
    level: isBare ? "warning" : "info",
    text: `Listener ${name}: ${reach} may use the dashboard, ${who}` +
      (isBare ? UNENCRYPTED : ""),
  };
}

function isDefaultOpened(block: Block): boolean {
  return block.kind === "default" &&
    ["port", "bind_address", "bind_interface"].some((name) => block.settings.has(name));
}

function isSamePlace(a: Place, b: Place): boolean {
  if (a.path !== "") return a.path === b.path;
  if (a.port !== b.port || a.port === 0) return false;
  return a.address === b.address || a.address === "" || b.address === "";
}

function refuseOverride(draft: Draft, override: Setting, line: Block): void {
  draft.problem(
    override.origin,
    "",
    `Applies to the default listener, and there is none: ${line.origin} defines listener ${line.where.port}; ` +
      "change the port there",
  );
}

function refuseSecond(draft: Draft, first: Place, second: Place): void {
  const place = second.path === "" ? `Port ${second.port}` : second.path;
  const message = `${place} is used by the listener of ${first.origin}`;
  const [block] = draft.blocks.filter((block) => block.kind === "default");
  const hint = block !== undefined && !isDefaultOpened(block)
    ? `; an option before the first \`listener\` line opens the default listener: move what stands at ${block.origin} below it`
    : "; give one of them another port or address";
  draft.problem(second.origin, "listener", message + hint);
}
