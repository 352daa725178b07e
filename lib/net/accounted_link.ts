import type { Broker, ClientCertificate, Connection, Link } from "../broker/mod.ts";
import { ReasonCode } from "../codec/mod.ts";
import type { Peer } from "./byte_stream.ts";
import type { ReadBuffers } from "./read_buffers.ts";
import type { TransportInit } from "./transport_init.ts";
import type { Turns } from "./turns.ts";
import { type Holder, release, type UnfinishedAccount } from "./unfinished.ts";

/** How long a connection that we close is still read, so that the peer gets our last packet and not a reset. */
const LINGER_MS = 1000;

/** What a link holds for a packet that is not complete. */
export interface HeldBytes {
  /** Of the buffer that it has. */
  readonly bufferBytes: number;
  /** Of the one that it wants. */
  readonly wantedBytes: number;
  /** Handled since it was asked last: 0 where the packet is still the same. */
  readonly handledBytes: number;
  /** Whether there is something in the buffer. */
  readonly isUnfinished: boolean;
}

/** What the links of all transports have in common: whose they are, and the account of what they hold. */
export abstract class AccountedLink implements Link, Holder {
  /** {@linkcode Holder.account} */
  account: UnfinishedAccount | undefined;
  /** {@linkcode Holder.heldBytes} */
  heldBytes = 0;
  /** {@linkcode Holder.sinceMs} */
  sinceMs = 0;
  /** Gets the packets. */
  protected readonly broker: Broker;
  /** Those of the broker. */
  protected readonly turns: Turns;
  /** Lends what is read into. */
  protected readonly buffers: ReadBuffers;
  /** Absent: it has not started. */
  protected connection: Connection | undefined;
  /** The broker takes nothing more from it. */
  protected isClosing = false;
  readonly #peer: Peer;
  /** Bytes of a CONNECT that waits for its answer. */
  #connectBytes = 0;
  #lingerTimer: ReturnType<typeof setTimeout> | undefined;

  /** `peer` may be learned later. */
  constructor(peer: Peer, { broker, turns, buffers }: TransportInit) {
    this.#peer = peer;
    this.broker = broker;
    this.turns = turns;
    this.buffers = buffers;
  }

  /** {@linkcode Link.remoteAddress} */
  get remoteAddress(): string {
    return this.#peer.remoteAddress;
  }

  /** {@linkcode Link.certificate} */
  get certificate(): ClientCertificate | undefined {
    return this.#peer.certificate;
  }

  /** {@linkcode Link.flush} */
  abstract flush(): void;

  /** {@linkcode Link.close} */
  abstract close(): void;

  /** {@linkcode Link.resume} */
  abstract resume(): void;

  /** {@linkcode Holder.evict} */
  evict(reason: string): void {
    const connection = this.connection!;
    const { core } = this.broker;
    core.nowMs = this.turns.begin();
    core.metrics.slowClientsEvicted++;
    core.ports.log.warning("Client disconnected for its unfinished packet", {
      client: connection.name,
      address: this.remoteAddress,
      reason,
    });
    const { QuotaExceeded } = ReasonCode;
    core.disconnectLater(connection, { reasonCode: QuotaExceeded, message: reason });
  }

  /** Closes at once, whatever is under way. */
  abort(): void {
    this.isClosing = true;
    this.finish();
  }

  /** Lets go of everything; more than once is once. */
  protected abstract finish(): void;

  /**
   * Whether its peer is being authenticated, and so is watched though it is stopped: it may hang up, and a password that nobody waits
   * for should not be checked.
   */
  protected get isWatched(): boolean {
    return this.connection!.state === "authenticating";
  }

  /** Accounts for what is unfinished; whether there is room for what it wants. Most connections have nothing to account. */
  protected mayHold(
    { bufferBytes, wantedBytes, handledBytes, isUnfinished }: HeldBytes,
  ): boolean {
    const { state } = this.connection!;
    const { smallest, unfinished } = this.buffers;
    if (state === "authenticating" && this.#connectBytes === 0) this.#connectBytes = handledBytes;
    const waitingBytes = state === "authenticating" ? this.#connectBytes : 0;
    const holds = isUnfinished && wantedBytes > smallest || waitingBytes > smallest;
    if (this.isClosing || state === "closed" || !holds) {
      if (this.account !== undefined) release(this);
      return true;
    }
    const account = state === "connected" ? unfinished.connected : unfinished.connecting;
    const isNew = handledBytes > 0;
    return account.hold(this, wantedBytes + waitingBytes, bufferBytes + waitingBytes, isNew);
  }

  /** Ends it a moment later, if nothing else does. */
  protected startLingerTimer(): void {
    this.#lingerTimer ??= setTimeout(() => this.finish(), LINGER_MS);
  }

  /** It is over: nothing of it is held, nothing waits. */
  protected letGo(): void {
    release(this);
    clearTimeout(this.#lingerTimer);
  }
}
