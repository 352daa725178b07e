import type { DatabaseSync } from "node:sqlite";
import { decodePublish } from "../codec/mod.ts";
import { type ArrayStatement, arrayStatement } from "./array_statement.ts";

/** A payload; `undefined` if the topic has no message. */
export type ReadPayload = Uint8Array<ArrayBuffer> | undefined;

/** Reads payloads of retained messages. It sees what is committed at that moment. */
export class RetainedReader {
  readonly #packet: ArrayStatement;

  constructor(db: DatabaseSync) {
    this.#packet = arrayStatement(db, "SELECT packet FROM retained WHERE topic_name = ?");
  }

  /** Reads one payload for each topic, as a view of memory of its own. Throws what SQLite throws. */
  read(topicNames: readonly string[]): ReadPayload[] {
    return topicNames.map((topicName) => {
      const [row] = this.#packet.all(topicName) as [packet: Uint8Array<ArrayBuffer>][];
      if (row === undefined) return undefined;
      const [packet] = row;
      return decodePublish(packet, 0, packet.length, 5).payload as Uint8Array<ArrayBuffer>;
    });
  }
}
