import type { ListenerConfig } from "./config.ts";
import type { Block, Draft, Note, Setting, Settings } from "./draft.ts";
import { DEFAULT_PORT, LOOPBACK } from "./process_options.ts";

/** Where a listener listens, and what it is called in logs. `path`: a Unix socket, in the place of port and address. */
export interface Place {
  readonly path: string;
  readonly port: number;
  readonly address: string;
  readonly origin: string;
  readonly name: string;
}

/** The listeners that there will be: those of the sources, else the default one. Two at one place are a problem. */
export function decideBlocks(draft: Draft): readonly Block[] {
  const port = draft.overrides.get("port")?.[0];
  const address = draft.overrides.get("bind_address")?.[0];
  const override = port ?? address;
  if (override !== undefined && draft.defaultBlock === undefined) {
    const [line] = draft.blocks;
    if (line !== undefined) refuseOverride(draft, override, line);
  }
  if (draft.blocks.length === 0) draft.openDefault(override?.origin ?? "default");
  if (draft.tlsBlock !== undefined) draft.blocks.push(beside(draft, draft.tlsBlock));

  const seen: Place[] = [];
  for (const place of draft.blocks.map((block) => placeOf(block, draft.overrides))) {
    const other = seen.find((earlier) => isSamePlace(earlier, place));
    if (other !== undefined) refuseSecond(draft, other, place);
    seen.push(place);
  }
  return draft.blocks;
}

/** The listener of `MQTT_TLS_ENABLED` is reached from where the default listener is; without one, from this machine. */
function beside(draft: Draft, block: Block): Block {
  const { defaultBlock } = draft;
  if (defaultBlock === undefined) return block;
  const { address } = placeOf(defaultBlock, draft.overrides);
  return { ...block, where: { ...block.where, address } };
}

/** Whether anything opens the broker to the network, so that letting everybody in must be said. */
export function isOpened(draft: Draft): boolean {
  return draft.blocks.some((block) => block.kind === "line" || isDefaultOpened(block)) ||
    draft.overrides.has("bind_address");
}

/** The default listener stays on this machine until `port` in a file, or `bind_address`, says otherwise. */
export function placeOf(block: Block, overrides: Settings): Place {
  let { port, address } = block.where;
  let origin = block.origin;
  if (block.kind === "default") {
    const portSetting = overrides.get("port")?.[0] ?? block.settings.get("port")?.[0];
    const addressSetting = overrides.get("bind_address")?.[0] ??
      block.settings.get("bind_address")?.[0];
    port = portSetting === undefined ? DEFAULT_PORT : Number(portSetting.value);
    address = addressSetting === undefined
      ? (isDefaultOpened(block) ? "" : LOOPBACK)
      : String(addressSetting.value);
    origin = portSetting?.origin ?? addressSetting?.origin ?? origin;
  }
  if (block.kind === "line" && port === 0) {
    return { path: address, port, address: "", origin, name: address };
  }
  // Two listeners at "any free port" are two.
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

/** Who can connect from where, and the option that changes it: the first thing that people ask a log. */
export function describeAccess(listeners: readonly ListenerConfig[], isOpen: boolean): Note[] {
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

function describeListener(
  { address, path, options, access, tls, certificateUserName, http }: ListenerConfig,
): Note {
  const { name, allowAnonymous } = options;
  const isLocal = isLoopback(address) || path !== "";
  const reach = path !== ""
    ? "clients that may open this socket"
    : isLocal
    ? "clients on this machine"
    : address === ""
    ? "clients from every network that this machine is in"
    : `clients that reach ${address}`;
  if (http !== undefined) {
    const users = [...http.admins, ...http.viewers];
    const who = users.length === 0 && http.tokenFile === ""
      ? "without a password"
      : `as ${
        [...users, ...http.tokenFile === "" ? [] : [`who has a token of ${http.tokenFile}`]].join(
          ", ",
        )
      }`;
    const isBare = !isLocal && tls === undefined;
    return {
      level: isBare ? "warning" : "info",
      text: `Listener ${name}: ${reach} may use the dashboard, ${who}` +
        (isBare ? "; passwords cross the network as they are typed" : ""),
    };
  }
  const files = [access.passwordFile, access.scramFile].filter((path) => path !== "").join(" and ");
  const isUnencrypted = isLocal || tls !== undefined
    ? ""
    : "; passwords cross the network as they are typed";
  if (certificateUserName !== "none") {
    return {
      level: "info",
      text: `Listener ${name}: ${reach} may connect as whom their certificates name`,
    };
  }
  if (!allowAnonymous && files !== "") {
    return {
      level: isLocal ? "info" : "warning",
      text: `Listener ${name}: ${reach} may connect as a user of ${files}${isUnencrypted}`,
    };
  }
  if (!allowAnonymous) {
    return {
      level: "warning",
      text:
        `Listener ${name} lets nobody in: anonymous clients are refused, and there is no password_file; ` +
        "`flux-mqtt passwd -c FILE USER` makes one, `allow_anonymous true` lets everybody in",
    };
  }
  const besides = files === "" ? "" : `, or as a user of ${files}`;
  return {
    level: isLocal ? "info" : "warning",
    text:
      `Listener ${name}: ${reach} may connect, without a password (allow_anonymous is true)${besides}`,
  };
}

function isDefaultOpened(block: Block): boolean {
  return block.kind === "default" &&
    (block.settings.has("port") || block.settings.has("bind_address"));
}

/** Whether only programs on this machine reach the address. */
export function isLoopback(address: string): boolean {
  return address === "localhost" || address === "::1" || /^127\.\d+\.\d+\.\d+$/.test(address);
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
    `Is for the default listener, and there is none: ${line.origin} defines listener ${line.where.port}; ` +
      "change the port there",
  );
}

function refuseSecond(draft: Draft, first: Place, second: Place): void {
  const place = second.path === "" ? `Port ${second.port}` : second.path;
  const message = `${place} is taken by the listener of ${first.origin}`;
  const [block] = draft.blocks.filter((block) => block.kind === "default");
  const hint = block !== undefined && !isDefaultOpened(block)
    ? `; an option before the first \`listener\` line opens the default listener: move what stands at ${block.origin} below it`
    : "; give one of them another port or address";
  draft.problem(second.origin, "listener", message + hint);
}
