import type { LogPort } from "../broker/mod.ts";
import { Trouble } from "./trouble.ts";

/** A connection that was shorter did not help: its end is a failed attempt like others. */
const SHORT_MS = 2000;
/** What a server takes by itself: where it takes less, somebody has said so. */
const USUAL_PAYLOAD_BYTES = 1024 * 1024;

const DENIED =
  "The cluster's NATS servers do not let this node's user do what it has to: see the guide's page on running a cluster";

/** What the log says of a node's way to its NATS servers: when it is lost and found, and from time to time what every attempt ends in. */
export class ServerLines {
  readonly #lines: LogPort;
  readonly #nowMs: () => number;
  readonly #trouble: Trouble;
  readonly #denials: Trouble;
  #connectedAtMs = -Infinity;
  #isToldConnected = false;
  #isConnected = false;
  #toldPayloadBytes = USUAL_PAYLOAD_BYTES;

  /** Nothing is told at first. */
  constructor(lines: LogPort, nowMs: () => number) {
    this.#lines = lines;
    this.#nowMs = nowMs;
    this.#trouble = new Trouble(lines, "The cluster's NATS servers are not reached", nowMs);
    this.#denials = new Trouble(lines, DENIED, nowMs);
  }

  /** A server has let the node in; `maxPayloadBytes`: of a message that it takes. */
  connected(server: string, maxPayloadBytes: number): void {
    this.#isConnected = true;
    this.#connectedAtMs = this.#nowMs();
    if (!this.#isToldConnected) {
      this.#isToldConnected = true;
      this.#lines.info("The cluster's NATS server is connected", { server });
    }
    if (maxPayloadBytes >= this.#toldPayloadBytes) return;
    this.#toldPayloadBytes = maxPayloadBytes;
    this.#lines.warning(
      "The cluster's NATS server takes small messages only: larger ones of clients are refused, until its `max_payload` is larger",
      { server, maxPayloadBytes },
    );
  }

  /** The connection is lost, or could not be made. */
  lost(reason: string): void {
    const isLong = this.#isConnected && this.#nowMs() - this.#connectedAtMs >= SHORT_MS;
    this.#isConnected = false;
    if (isLong) {
      this.#lines.warning("The cluster's NATS server is not connected any more", { reason });
      this.#isToldConnected = false;
    } else if (this.#trouble.tell(reason)) this.#isToldConnected = false;
  }

  /** A server does not let the node's user do something. */
  denied(reason: string): void {
    this.#denials.tell(reason);
  }
}
