import { ClientError, type ClientPorts } from "../client/mod.ts";
import { messageOf } from "./output.ts";

/** Asks for SRV records; rejects as `Deno.resolveDns` does. */
export type ResolveSrv = (name: string) => Promise<readonly Deno.SrvRecord[]>;

const RESOLVE: ResolveSrv = (name) => Deno.resolveDns(name, "SRV");

/** Ports whose connections go where the SRV records of a place's host name lead, as `-S` of mosquitto's clients wants it. */
export function srvPorts(ports: ClientPorts, resolve: ResolveSrv = RESOLVE): ClientPorts {
  return {
    nowMs: () => ports.nowMs(),
    random: () => ports.random(),
    setTimer: (delayMs, run) => ports.setTimer(delayMs, run),
    async open(place, timeoutMs, signal) {
      const name = srvName(place.hostname, place.tls !== undefined);
      const records = inOrder(await lookUp(name, resolve), () => ports.random());
      let last: unknown;
      for (const { target, port } of records) {
        try {
          const hostname = target.replace(/\.$/, "");
          return await ports.open({ ...place, hostname, port }, timeoutMs, signal);
        } catch (error) {
          if (signal.aborted || !(error instanceof ClientError) || !isNobody(error)) throw error;
          last = error; // The next one may be there.
        }
      }
      throw last;
    },
  };
}

/** The record's name: mosquitto has `_secure-mqtt` for TLS. */
function srvName(hostname: string, isTls: boolean): string {
  return `_${isTls ? "secure-mqtt" : "mqtt"}._tcp.${hostname}`;
}

async function lookUp(name: string, resolve: ResolveSrv): Promise<readonly Deno.SrvRecord[]> {
  let records: readonly Deno.SrvRecord[];
  try {
    records = await resolve(name);
  } catch (error) {
    const reason = error instanceof Deno.errors.NotFound
      ? "there is no such record"
      : messageOf(error);
    throw new ClientError("dns", `Cannot find the SRV record ${name}: ${reason}`);
  }
  // A target "." says that there is no such service (RFC 2782).
  const usable = records.filter(({ target }) => target !== "." && target !== "");
  if (usable.length > 0) return usable;
  throw new ClientError("dns", `Cannot use the SRV record ${name}: it names no server`);
}

/** Lower priorities first; within one, by chance in the proportion of the weights (RFC 2782). */
export function inOrder(
  records: readonly Deno.SrvRecord[],
  random: () => number,
): readonly Deno.SrvRecord[] {
  const left = records.toSorted((a, b) => a.priority - b.priority || a.weight - b.weight);
  const order: Deno.SrvRecord[] = [];
  while (left.length > 0) {
    const equal = left.filter(({ priority }) => priority === left[0]!.priority);
    const total = equal.reduce((sum, { weight }) => sum + weight, 0);
    let rest = random() * total;
    const found = equal.findIndex(({ weight }) => (rest -= weight) < 0);
    order.push(...left.splice(Math.max(0, found), 1));
  }
  return order;
}

function isNobody({ kind }: ClientError): boolean {
  return kind === "dns" || kind === "unreachable" || kind === "timeout";
}

/** The domain of this machine, for `-S` without `-h`; `undefined`: it has none. */
export function localDomain(hostname: string, resolvConf: string): string | undefined {
  const [, ...labels] = hostname.split(".");
  if (labels.length > 0) return labels.join(".");
  const line = resolvConf.split("\n").map((line) => line.trim().split(/\s+/))
    .findLast(([word]) => word === "domain" || word === "search");
  return line?.[1];
}
