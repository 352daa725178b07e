import type { BridgeAddress, BridgeScheme } from "../bridge/mod.ts";

const PORTS: Readonly<Record<BridgeScheme, number>> = { mqtt: 1883, mqtts: 8883, ws: 80, wss: 443 };
const EXPECTED = "HOST, HOST:PORT, [IPV6]:PORT, or a URL of mqtt://, mqtts://, ws:// or wss://";

/** Parses one address of an `address` line. Returns an error message if it is invalid. */
export function parseAddress(word: string): BridgeAddress | string {
  const [, schemeText = "mqtt", rest = ""] = /^(?:([a-z]+):\/\/)?(.*)$/.exec(word) ?? [];
  if (!Object.hasOwn(PORTS, schemeText)) return `Must be ${EXPECTED}, is "${word}"`;
  const scheme = schemeText as BridgeScheme;
  const [, whole = "", path = ""] = /^([^/]*)(\/.*)?$/.exec(rest) ?? [];
  const isSocket = scheme === "ws" || scheme === "wss";
  if (path !== "" && path !== "/" && !isSocket) {
    return `Only ws:// and wss:// have a path, is "${word}"`;
  }
  const found = /^(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]@]+))(?::(\d{1,5}))?$/.exec(whole);
  // mosquitto writes IPv6 without brackets, always with a port.
  const bare = found === null ? /^([0-9a-fA-F:.]+):(\d{1,5})$/.exec(whole) : null;
  const hostname = found?.[1] ?? found?.[2] ?? bare?.[1];
  const port = Number(found?.[3] ?? bare?.[2] ?? PORTS[scheme]);
  if (hostname === undefined || port < 1 || port > 65_535) {
    return `Must be ${EXPECTED}, is "${word}"`;
  }
  return { scheme, hostname, port, path: isSocket ? path === "" ? "/mqtt" : path : "" };
}
