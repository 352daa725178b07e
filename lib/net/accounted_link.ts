import type { Broker, ClientCertificate, Connection, Link } from "../broker/mod.ts";
import { ReasonCode } from "../codec/mod.ts";
import type { Peer } from "./byte_stream.ts";
import type { ReadBuffers } from "./read_buffers.ts";
import type { TransportInit } from "./transport_init.ts";
import type { Turns } from "./turns.ts";
import { type Holder, release, type UnfinishedAccount } from "./unfinished.ts";

/** How long a connection that the broker closes is still read, milliseconds: so the peer gets the last packet and not a reset. */
const LINGER_MS = 1000;

/** The memory that a link holds for an incomplete packet. */
export interface HeldBytes {
  /** Size of the present buffer. */
  readonly bufferBytes: number;
  /** Size of the buffer that the link needs. */
  readonly wantedBytes: number;
  /** Bytes handled since the last call: 0 if the incomplete packet is still the same. */
  readonly handledBytes: number;
  /** Whether the buffer holds a part of a packet. */
  readonly isUnfinished: boolean;
}

/** The common part of the links of all transports: the connection, and the account of the memory that the link holds. */
export abstract class AccountedLink implements Link, Holder {
  /** {@linkcode Holder.account} */
  account: UnfinishedAccount | undefined;
  /** {@linkcode Holder.heldBytes} */
  heldBytes = 0;
  /** {@linkcode Holder.sinceMs} */
  sinceMs = 0;
  /** The broker that handles the packets. */
  protected readonly broker: Broker;
  /** The turns of the broker. */
  protected readonly turns: Turns;
  /** Lends the buffers to read into. */
  protected readonly buffers: ReadBuffers;
  /** The connection in the broker; undefined before the link has started. */
  protected connection: Connection | undefined;
  /** The link is closing: the broker gets no more bytes from it. */
  protected isClosing = false;
  readonly #peer: Peer;
  /** Bytes of a CONNECT that waits for its answer. */
  #connectBytes = 0;
  #lingerTimer: ReturnType<typeof setTimeout> | undefined;

  /** The fields of `peer` may be set later. */
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
    this.buffers.unfinished.evictions.tell(core.ports.log, {
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

  /** Frees everything; calling it again does nothing. */
  protected abstract finish(): void;

  /**
   * Whether the peer is being authenticated. Then the link watches it although the connection is stopped: if the peer hangs up, its
   * password need not be checked any more.
   */
  protected get isWatched(): boolean {
    return this.connection!.state === "authenticating";
  }

  /** The account of clients as this one: there is one for strangers, and one for connected clients. */
  protected get ownAccount(): UnfinishedAccount {
    const { connected, connecting } = this.buffers.unfinished;
    return this.connection!.state === "connected" ? connected : connecting;
  }

  /**
   * Accounts for an incomplete packet; returns whether there is room for the buffer it needs. Most connections have nothing to
   * account.
   */
  protected mayHold(
    { bufferBytes, wantedBytes, handledBytes, isUnfinished }: HeldBytes,
  ): boolean {
    const { state } = this.connection!;
    const { smallest } = this.buffers;
    if (state === "authenticating" && this.#connectBytes === 0) this.#connectBytes = handledBytes;
    const waitingBytes = state === "authenticating" ? this.#connectBytes : 0;
    const holds = isUnfinished && wantedBytes > smallest || waitingBytes > smallest;
    if (this.isClosing || state === "closed" || !holds) {
      if (this.account !== undefined) release(this);
      return true;
    }
    const isNew = handledBytes > 0;
    return this.ownAccount.hold(
      this,
      wantedBytes + waitingBytes,
      bufferBytes + waitingBytes,
      isNew,
    );
  }

  /** Ends the link after `LINGER_MS`, if nothing else does. */
  protected startLingerTimer(): void {
    this.#lingerTimer ??= setTimeout(() => this.finish(), LINGER_MS);
  }

  /** The link has ended: frees its share of the account and its timer. */
  protected letGo(): void {
    release(this);
    clearTimeout(this.#lingerTimer);
  }
}
