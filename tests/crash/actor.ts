import { AssertionError, strict as assert } from "node:assert";
import type { Packet, ProtocolVersion } from "../../lib/codec/mod.ts";
import { connectPacket, RawClient } from "../support/raw_client.ts";

/**
 * A client with a session that lasts, which goes on where it was whenever the broker is back, and keeps the books of what it was
 * promised. A broken promise is an `AssertionError`; a connection that breaks is the order of the day.
 */
export abstract class Actor {
  /** Whether a CONNACK has told that the session exists. */
  #hasSession = false;

  constructor(readonly clientId: string, readonly protocolVersion: ProtocolVersion) {}

  /** Connects and plays until the connection ends. */
  async play(port: number): Promise<void> {
    let client: RawClient | undefined;
    try {
      client = await RawClient.open(port, this.protocolVersion);
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
      assert.ok(
        connack.type === "connack" && connack.reasonCode === 0,
        `${this.clientId}: CONNACK`,
      );
      if (this.#hasSession) assert.ok(connack.sessionPresent, `${this.clientId}: session is gone`);
      this.#hasSession = true;
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
