import { setImmediate } from "node:timers";
import { AF_INET, encodeAddress } from "./address.ts";
import type { Descriptors } from "./descriptors.ts";

const LOOPBACK = "127.0.0.1";
/** How often is looked whether a breath has ended, milliseconds. */
const LOOK_MS = 50;
/**
 * After so many looks at the same breath its datagram is lost: the system drops some where memory is short, or a firewall does. One look may
 * come before Deno has polled its sockets.
 */
const LOST_AFTER = 3;

/**
 * Gives Deno time for its own work: timers, Workers' messages, other sockets. While the event loop is never idle, Deno polls its
 * sockets only in every 61st round (and `setImmediate` keeps it from being idle); when it is idle it polls at once. So this class
 * waits for a datagram that it sends to itself: the datagram is there already, and costs half of what waking a thread does. After one that
 * is lost, each breath wakes a thread.
 */
export class Breath {
  readonly #descriptors: Descriptors;
  readonly #datagrams: Deno.DatagramConn | undefined;
  readonly #fd: number = -1;
  readonly #byte = new Uint8Array(new ArrayBuffer(1));
  readonly #room = new Uint8Array(1);
  #receiving: Promise<unknown> | undefined;
  #isLossy = false;
  #breaths = 0;
  #lookedAt = 0;
  #looks = 0;
  #guard: ReturnType<typeof setTimeout> | undefined;
  #ended = (): void => {};

  /** If Deno cannot receive datagrams (an unstable feature), or has no permission, each breath wakes a thread instead. */
  constructor(descriptors: Descriptors) {
    this.#descriptors = descriptors;
    const host = `${LOOPBACK}:0`;
    const isPermitted = Deno.permissions.querySync({ name: "net", host }).state === "granted";
    if (!isPermitted || !("listenDatagram" in Deno)) return;
    this.#datagrams = Deno.listenDatagram({ transport: "udp", hostname: LOOPBACK, port: 0 });
    this.#fd = descriptors.socket(AF_INET, true);
    const { port } = this.#datagrams.addr as Deno.NetAddr;
    descriptors.connect(this.#fd, encodeAddress(LOOPBACK, port));
  }

  /** Lets Deno poll everything, sockets too. */
  async deep(): Promise<void> {
    const datagrams = this.#datagrams;
    if (datagrams === undefined || this.#isLossy) return await this.#onThread();
    // A datagram from another sender does no harm: it only ends this breath.
    this.#receiving ??= datagrams.receive(this.#room).then(this.#received, this.#received);
    if (this.#descriptors.send(this.#fd, this.#byte, 1) !== 1) return await this.#onThread();
    this.#breaths++;
    this.#guard ??= setTimeout(this.#look, LOOK_MS);
    await new Promise<void>((resolve) => this.#ended = resolve);
  }

  /** Lets Deno handle everything except sockets: a fifth of the cost. */
  shallow(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  /** Closes the socket. No breath may be under way. */
  async close(): Promise<void> {
    if (this.#datagrams === undefined) return;
    clearTimeout(this.#guard);
    this.#datagrams.close();
    await this.#receiving;
    this.#descriptors.close(this.#fd);
  }

  /** Makes a call on another thread that fails at once because the descriptor is invalid; Deno is idle until it returns. */
  async #onThread(): Promise<void> {
    await this.#descriptors.symbols.wait(-1, this.#byte, 1, 0);
  }

  /** Ends a breath whose datagram is lost. One timer serves many breaths, as they follow each other within milliseconds. */
  readonly #look = (): void => {
    this.#guard = undefined;
    if (this.#receiving === undefined) return;
    this.#looks = this.#lookedAt === this.#breaths ? this.#looks + 1 : 1;
    this.#lookedAt = this.#breaths;
    this.#isLossy = this.#looks === LOST_AFTER;
    if (this.#isLossy) this.#ended();
    else this.#guard = setTimeout(this.#look, LOOK_MS);
  };

  readonly #received = (): void => {
    this.#receiving = undefined;
    this.#ended();
  };
}
