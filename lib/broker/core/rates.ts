import type { BrokerOptions } from "../ground/options.ts";
import { type ConnectionRates, Rate } from "../ground/rate.ts";

/** The rate limits of one client, or one address. */
interface Inflow {
  readonly publishes: Rate | undefined;
  readonly bytes: Rate | undefined;
}

interface Address extends Inflow {
  readonly connections: Rate | undefined;
  /** The number of open connections. */
  count: number;
}

/** The most addresses, and the most Client Identifiers, that are remembered while they have no connection. */
const MAX_REMEMBERED = 10_000;
/** The longest wait of a new connection, milliseconds; one that would have to wait longer is closed. */
const MAX_WAIT_MS = 30_000;

/** Limits what arrives in a second, by address and by client. What exceeds a limit is read later: nothing is dropped. */
export class Rates {
  readonly #addresses = new Map<string, Address>();
  readonly #clients = new Map<string, Rate>();

  /** How long a new connection of this address waits before it is read, milliseconds; `undefined`: too long, close it. */
  enter(host: string, options: BrokerOptions, nowMs: number): number | undefined {
    const address = this.#address(host, options, nowMs);
    const { connections } = address;
    if (connections === undefined) {
      address.count++;
      return 0;
    }
    const waitMs = connections.waitMs(nowMs);
    if (waitMs > MAX_WAIT_MS) return undefined;
    connections.take(1);
    address.count++;
    return waitMs;
  }

  /** A connection of this address has ended. */
  leave(host: string): void {
    const address = this.#addresses.get(host);
    if (address !== undefined) address.count--;
  }

  /** The rate limits of a new connection; `undefined`: there are none. */
  inflow(host: string, options: BrokerOptions, nowMs: number): ConnectionRates | undefined {
    const { maxClientPublishRate, maxClientByteRate } = options;
    const own: Inflow = {
      publishes: rate(maxClientPublishRate, nowMs),
      bytes: rate(maxClientByteRate, nowMs),
    };
    const shared = this.#addresses.get(host);
    const pick = (key: keyof Inflow) =>
      [own[key], shared?.[key]].filter((rate) => rate !== undefined);
    const publishes = pick("publishes");
    const bytes = pick("bytes");
    return publishes.length + bytes.length === 0 ? undefined : { publishes, bytes };
  }

  /** How long the CONNACK of an accepted client is delayed, milliseconds. */
  connectWaitMs(clientId: string, options: BrokerOptions, nowMs: number): number {
    const { maxClientConnectionRate } = options;
    if (maxClientConnectionRate === 0) return 0;
    let connects = this.#clients.get(clientId);
    if (connects === undefined) {
      if (this.#clients.size >= MAX_REMEMBERED) {
        makeRoom(this.#clients, (connects) => connects.isFull(nowMs));
      }
      this.#clients.set(clientId, connects = new Rate(maxClientConnectionRate, nowMs));
    }
    const waitMs = connects.waitMs(nowMs);
    if (waitMs === 0) connects.take(1);
    return waitMs;
  }

  #address(host: string, options: BrokerOptions, nowMs: number): Address {
    let address = this.#addresses.get(host);
    if (address === undefined) {
      if (this.#addresses.size >= MAX_REMEMBERED) {
        makeRoom(
          this.#addresses,
          ({ count, connections }) => count <= 0 && connections?.isFull(nowMs) !== false,
        );
      }
      address = {
        connections: rate(options.maxAddressConnectionRate, nowMs),
        publishes: rate(options.maxAddressPublishRate, nowMs),
        bytes: rate(options.maxAddressByteRate, nowMs),
        count: 0,
      };
      this.#addresses.set(host, address);
    }
    return address;
  }
}

/** Whether anything is limited by address. */
export function limitsAddresses(options: BrokerOptions): boolean {
  return options.maxAddressConnectionRate + options.maxAddressPublishRate +
      options.maxAddressByteRate > 0;
}

function rate(perSecond: number, nowMs: number): Rate | undefined {
  return perSecond === 0 ? undefined : new Rate(perSecond, nowMs);
}

/** Makes room in the map: deletes all entries that may be forgotten or, if there are none, the oldest. */
function makeRoom<V>(map: Map<string, V>, mayGo: (value: V) => boolean): void {
  const sizeBefore = map.size;
  for (const [key, value] of map) if (mayGo(value)) map.delete(key);
  if (map.size < sizeBefore) return;
  for (const oldest of map.keys()) return void map.delete(oldest);
}
