import { AssertionError, strict as assert } from "node:assert";
import type { Packet, ProtocolVersion } from "../../lib/codec/mod.ts";
import { connectPacket, RawClient } from "../support/raw_client.ts";

/**
 * A client with a session that lasts, which goes on where it was whenever the broker is back, and keeps the books of what it was
 * promised. A broken promise is an `AssertionError`; a connection that breaks is the order of the day.
 */
export abstract class Actor {
  /** Whether the broker may refuse what it cannot store: its disk goes bad. */
  mayBeRefused = false;
  /** Packets that were refused. */
  refusals = 0;
  #client: RawClient | undefined;
  /** Whether the session must exist: a CONNACK has told so; while the disk is bad only what was acknowledged in it promises that. */
  #hasSession = false;

  constructor(readonly clientId: string, readonly protocolVersion: ProtocolVersion) {}

  /** Connects and plays until the connection ends. */
  async play(port: number): Promise<void> {
    let client: RawClient | undefined;
    try {
      client = await RawClient.open(port, this.protocolVersion);
      this.#client = client;
      await client.send(connectPacket({
        clientId: this.clientId,
        protocolVersion: this.protocolVersion,
        cleanStart: false,
        ...(this.protocolVersion === 5
          ? { properties: { sessionExpiryInterval: 0xffffffff } }
          : {}),
      }));
      const connack = await client.receive();
      if (connack === undefined) return;
      if (connack.type === "connack" && this.isRefusal(connack.reasonCode)) return;
      assert.ok(
        connack.type === "connack" && connack.reasonCode === 0,
        `${this.clientId}: CONNACK`,
      );
      if (this.#hasSession) assert.ok(connack.sessionPresent, `${this.clientId}: session is gone`);
      if (!this.mayBeRefused) this.#hasSession = true;
      await this.resumed(client);
      for (;;) {
        const packet = await client.receive();
        if (packet === undefined) return;
        await this.handle(client, packet);
      }
    } catch (error) {
      if (error instanceof AssertionError) throw error;
    } finally {
      client?.[Symbol.dispose]();
    }
  }

  /** Something was acknowledged that is to last. */
  protected promised(): void {
    this.#hasSession = true;
  }

  /** Ends the connection without a word, if there is one. */
  cut(): void {
    this.#client?.[Symbol.dispose]();
  }

  /** Whether a packet was refused, and may be. */
  protected isRefusal(reasonCode: number): boolean {
    // Before 5.0 CONNACK says 3: Server unavailable.
    const isRefused = reasonCode >= 0x80 || (this.protocolVersion < 5 && reasonCode === 3);
    if (!isRefused || !this.mayBeRefused) return false;
    this.refusals++;
    return true;
  }

  /** The connection is accepted: what is to be repeated, and what is new. */
  protected abstract resumed(client: RawClient): Promise<void>;
  protected abstract handle(client: RawClient, packet: Packet): Promise<void>;
}

/** Packet Identifiers: few, so that each is used again and again. */
export class PacketIds {
  #last = 0;

  /** One that `isTaken` does not know. */
  next(isTaken: (packetId: number) => boolean): number {
    do this.#last = this.#last % 40 + 1; while (isTaken(this.#last));
    return this.#last;
  }
}

/**
 * A value whose last changes may or may not have happened: it is the one that was acknowledged last, or one that was sent
 * after that.
 */
export class InDoubt<T> {
  #possible: T[];

  constructor(value: T) {
    this.#possible = [value];
  }

  sent(value: T): void {
    this.#possible.push(value);
  }

  /** The change to this value is acknowledged: what was before is over. */
  acknowledged(value: T): void {
    const at = this.#possible.indexOf(value);
    if (at > 0) this.#possible = this.#possible.slice(at);
  }

  /** It is known. */
  is(value: T): void {
    this.#possible = [value];
  }

  allows(value: T): boolean {
    return this.#possible.includes(value);
  }

  toString(): string {
    return this.#possible.join(" or ");
  }
}
