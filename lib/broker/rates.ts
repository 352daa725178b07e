import { addressKey } from "./address.ts";
import type { Connection } from "./connection.ts";
import { Deadline } from "./deadlines.ts";
import type { BrokerOptions } from "./options.ts";

/** So much a second on average, and a second's worth at once. */
export class Rate {
  readonly #perSecond: number;
  #level: number;
  #atMs: number;

  /** Full at first. */
  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#level = perSecond;
    this.#atMs = nowMs;
  }

  /** Milliseconds until something may go through; 0: now. */
  waitMs(nowMs: number): number {
    const added = (nowMs - this.#atMs) * this.#perSecond / 1000;
    this.#level = Math.min(this.#perSecond, this.#level + added);
    this.#atMs = nowMs;
    return this.#level >= 1 ? 0 : Math.ceil((1 - this.#level) * 1000 / this.#perSecond);
  }

  /** Something went through; more than there was makes the next one wait longer. */
  take(count: number): void {
    this.#level -= count;
  }

  /** Whether nothing went through for so long that a new one would be the same. */
  isFull(nowMs: number): boolean {
    return this.waitMs(nowMs) === 0 && this.#level >= this.#perSecond;
  }
}

/** What may come of one client, or one address. */
interface Inflow {
  readonly publishes: Rate | undefined;
  readonly bytes: Rate | undefined;
}

interface Address extends Inflow {
  readonly connections: Rate | undefined;
  /** Connections that are open. */
  count: number;
}

/** Addresses, and Client Identifiers, that are remembered while they have no connection. */
const MAX_REMEMBERED = 10_000;
/** A connection that would have to wait longer is closed, milliseconds. */
const MAX_WAIT_MS = 30_000;

/** What may come in a second, by address and by client. What is too much is read later: nothing is dropped. */
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

  /** A connection of this address has gone. */
  leave(host: string): void {
    const address = this.#addresses.get(host);
    if (address !== undefined) address.count--;
  }

  /** What may come of a connection; `undefined`: anything. */
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

  /** How long a client that is let in waits for its CONNACK, milliseconds. */
  connectWaitMs(clientId: string, options: BrokerOptions, nowMs: number): number {
    const { maxClientConnectionRate } = options;
    if (maxClientConnectionRate === 0) return 0;
    let connects = this.#clients.get(clientId);
    if (connects === undefined) {
      if (this.#clients.size >= MAX_REMEMBERED) {
        forget(this.#clients, (connects) => connects.isFull(nowMs));
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
        forget(
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

/** The rates that a connection's packets go against: its own and those of its address. */
export interface ConnectionRates {
  readonly publishes: readonly Rate[];
  readonly bytes: readonly Rate[];
}

/** Whether a packet is too much for now: then its connection stops, and goes on when there is room for it. */
export function mustWait(
  connection: Connection,
  rates: ConnectionRates,
  isPublish: boolean,
  sizeBytes: number,
): boolean {
  const { nowMs } = connection.broker;
  let waitMs = 0;
  for (const rate of rates.bytes) waitMs = Math.max(waitMs, rate.waitMs(nowMs));
  if (isPublish) {
    for (const rate of rates.publishes) waitMs = Math.max(waitMs, rate.waitMs(nowMs));
  }
  if (waitMs > 0) {
    stopFor(connection, waitMs);
    return true;
  }
  for (const rate of rates.bytes) rate.take(sizeBytes);
  if (isPublish) { for (const rate of rates.publishes) rate.take(1); }
  return false;
}

/** Reads nothing of the connection for so long. */
export function stopFor(connection: Connection, waitMs: number): void {
  const { broker } = connection;
  connection.isStopped = true;
  connection.pause ??= new Deadline(() => {
    if (connection.state === "closed") return;
    connection.isStopped = false;
    connection.link.resume();
  });
  broker.deadlines.set(connection.pause, broker.nowMs + waitMs);
}

/** Whose address it is. */
export function hostOf(remoteAddress: string): string {
  return addressKey(remoteAddress);
}

/** Whether anything is limited by address. */
export function limitsAddresses(options: BrokerOptions): boolean {
  return options.maxAddressConnectionRate + options.maxAddressPublishRate +
      options.maxAddressByteRate > 0;
}

function rate(perSecond: number, nowMs: number): Rate | undefined {
  return perSecond === 0 ? undefined : new Rate(perSecond, nowMs);
}

/** Makes room: all that may be forgotten goes, or else the oldest. */
function forget<V>(map: Map<string, V>, mayGo: (value: V) => boolean): void {
  const sizeBefore = map.size;
  for (const [key, value] of map) if (mayGo(value)) map.delete(key);
  if (map.size < sizeBefore) return;
  for (const oldest of map.keys()) return void map.delete(oldest);
}
