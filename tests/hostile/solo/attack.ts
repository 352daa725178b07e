import { hashPassword } from "../../../lib/auth/mod.ts";
import type { Connect, Properties } from "../../../lib/codec/mod.ts";
import { connectPacket, RawClient, type RawConnect } from "../../support/raw_client.ts";

/** One way to attack, alone, with the configuration that it needs. */
export interface SoloAttack {
  readonly name: string;
  /** In a sentence. */
  readonly what: string;
  /** Lines for the broker's configuration; `DIR` stands for a directory with the files of {@linkcode SoloAttack.files}. */
  readonly config?: string;
  readonly files?: () => Promise<Readonly<Record<string, string>>>;
  /** Name and password of the client that behaves well, where it needs one. */
  readonly credentials?: readonly [userName: string, password: string];
  /** What stays in memory because it is to stay, bytes: retained messages, up to their limit. Default: 0. */
  readonly keptBytes?: number;
  /** How long memory may take to come back, milliseconds, where very much of what attackers have sent is still to be handled. */
  readonly lateMs?: number;
  /** Attacks once, or until it is over; it is called again and again. What it throws ends one round. */
  run(target: Target): Promise<void>;
}

/** Name and password beside what a raw client says. */
export interface Introduction extends RawConnect {
  readonly userName?: string;
  readonly password?: string;
}

/** The broker under attack. */
export class Target {
  readonly host = "127.0.0.1";
  readonly port: number;
  /** Of a second listener, a WebSocket's or a plain one, where the configuration has `PORT2`. */
  readonly secondPort: number;
  isOver = false;
  /** What an attacker got that it should not have. */
  readonly breaches = new Set<string>();
  readonly #over = Promise.withResolvers<void>();
  readonly #clients = new Set<RawClient>();

  constructor(port: number, secondPort: number) {
    this.port = port;
    this.secondPort = secondPort;
  }

  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** A connection that has said nothing. */
  async open(protocolVersion: Connect["protocolVersion"] = 5, port = this.port) {
    const client = await RawClient.open(port, protocolVersion);
    this.#clients.add(client);
    // It would stay open, as everything else was closed at the end.
    if (this.isOver) this.hangUp();
    return client;
  }

  /** A connection that has sent its CONNECT; what the answer is has to be read. */
  async knock(init: Introduction = {}, port = this.port): Promise<RawClient> {
    const client = await this.open(init.protocolVersion, port);
    const { userName, password } = init;
    await client.send({
      ...connectPacket(init),
      ...userName === undefined ? {} : { userName },
      ...password === undefined ? {} : { password: new TextEncoder().encode(password) },
    });
    return client;
  }

  /** A client that is let in. */
  async enter(init: Introduction = {}, port = this.port): Promise<RawClient> {
    const client = await this.knock(init, port);
    const connack = await client.receive();
    if (connack?.type === "connack" && connack.reasonCode === 0) return client;
    throw new Error("The broker does not let it in");
  }

  /** Waits for something, or the end of everything. */
  async until<T>(what: Promise<T>): Promise<T | void> {
    return await Promise.race([what, this.over]);
  }

  /** Reads whatever comes. */
  drain(client: RawClient): void {
    client.untilEnd().catch(() => {});
  }

  async pause(ms: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    await this.until(new Promise((resolve) => timer = setTimeout(resolve, ms)));
    clearTimeout(timer);
  }

  breach(what: string): void {
    this.breaches.add(what);
  }

  end(): void {
    this.isOver = true;
    this.#over.resolve();
  }

  /** Its descriptor is free again: the broker's end of a connection does not close this one. */
  leave(client: RawClient): void {
    client[Symbol.dispose]();
    this.#clients.delete(client);
  }

  /** Everything that is still open is closed. */
  hangUp(): void {
    for (const client of this.#clients) client[Symbol.dispose]();
    this.#clients.clear();
  }
}

/** So many bytes of User Properties: few large ones. */
export function userProperties(sizeBytes: number): Properties {
  const value = "x".repeat(60_000);
  return {
    userProperties: Array.from({ length: Math.floor(sizeBytes / 60_000) }, () => ["n", value]),
  };
}

/** Text of this length. */
export function long(length: number): string {
  return "x".repeat(length);
}

/** A password file: two users whose passwords are their names. */
export async function users(): Promise<Readonly<Record<string, string>>> {
  const line = async (name: string) =>
    `${name}:${await hashPassword(new TextEncoder().encode(name))}\n`;
  return { users: await line("good") + await line("alice") };
}
