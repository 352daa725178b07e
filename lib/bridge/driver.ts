import { type BridgeAdmission, DEFAULT_LISTENER_OPTIONS } from "../broker/mod.ts";
import { ClientError, openStream } from "../client/mod.ts";
import type { BridgeHost } from "./host.ts";
import { LocalStream } from "./local_stream.ts";
import { BridgeMachine } from "./machine.ts";
import {
  admissionOf,
  type BridgeOptions,
  localClientIdOf,
  notificationTopicOf,
} from "./options.ts";
import type { BridgePorts } from "./ports.ts";
import { placeOf } from "./place.ts";
import { BridgeFault, type BridgeReason, type BridgeStatus } from "./state.ts";

/** The most bytes of one read from a remote broker. */
const READ_BYTES = 64 * 1024;
/** How long a stream may take to open, milliseconds. The machine's own limit covers everything up to CONNACK. */
const OPEN_TIMEOUT_MS = 10_000;
/** Longer timers fire at once on some systems; a day is long enough. */
const MAX_TIMER_MS = 86_400_000;
/** How long a connection may take to write its last bytes after the bridge has left it, milliseconds. */
const LEAVE_MS = 2000;

/** The stream to a remote broker. */
interface RemoteStream {
  read(buffer: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  close(): void;
}

/** A connection to a remote broker, also while it is being opened. */
interface Remote {
  readonly id: number;
  stream: RemoteStream | undefined;
  isWriting: boolean;
  /** The last bytes to write. */
  last: Uint8Array | undefined;
  isClosed: boolean;
  /** Continues to read. */
  goOn: (() => void) | undefined;
  /** Closes it where the peer does not read its last bytes. */
  leaving?: ReturnType<typeof setTimeout>;
  spare: Uint8Array<ArrayBuffer> | undefined;
}

/** Drives one bridge on the network: streams, timers, and the connection to its own broker. */
export class BridgeDriver {
  /** The bridge itself. */
  readonly machine: BridgeMachine;
  readonly #host: BridgeHost;
  readonly #options: BridgeOptions;
  readonly #remotes = new Map<number, Remote>();
  #local: LocalStream | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAtMs = Infinity;
  #isClosed = false;
  #logged = "";
  readonly #idle: PromiseWithResolvers<void>[] = [];

  /** Nothing happens before `start`. `formerRemoteFilters` are those of an earlier bridge of this name. */
  constructor(
    options: BridgeOptions,
    host: BridgeHost,
    formerRemoteFilters: readonly string[] = [],
  ) {
    this.#host = host;
    this.#options = options;
    this.machine = new BridgeMachine({
      options,
      brokerId: host.brokerId,
      maxPacketSizeBytes: options.maxPacketSizeBytes === 0
        ? host.maxPacketSizeBytes()
        : Math.min(options.maxPacketSizeBytes, host.maxPacketSizeBytes()),
      maxLocalPacketSizeBytes: host.maxPacketSizeBytes(),
      window: host.maxInflightMessages() || 65_535,
      formerRemoteFilters,
    }, this.#ports());
  }

  /** {@linkcode BridgeMachine.options} */
  get options(): BridgeOptions {
    return this.#options;
  }

  /** {@linkcode BridgeMachine.status} */
  get status(): BridgeStatus {
    return this.machine.status;
  }

  /** Starts the bridge. */
  start(): void {
    this.machine.start(this.#host.nowMs());
    this.#pump();
  }

  /** Sends DISCONNECT; resolves when it is written, or a moment has passed. */
  async stop(): Promise<void> {
    if (this.#isClosed) return;
    this.machine.stop(this.#host.nowMs());
    this.#isClosed = true;
    this.#pump();
    clearTimeout(this.#timer);
    if (this.#remotes.size === 0) return;
    const gone = Promise.withResolvers<void>();
    this.#idle.push(gone);
    const timer = setTimeout(() => {
      for (const remote of [...this.#remotes.values()]) this.#close(remote);
    }, LEAVE_MS);
    await gone.promise;
    clearTimeout(timer);
  }

  #ports(): BridgePorts {
    const host = this.#host;
    const options = this.#options;
    return {
      openRemote: (id, address) => void this.#open(id, address),
      closeRemote: (id) => this.#leave(id),
      openLocal: (id, { forgetsReceived }) => this.#openLocal(id, forgetsReceived),
      closeLocal: (id) => this.#closeLocal(id),
      password: () => passwordOf(options),
      localSession: () => host.session(localClientIdOf(options)),
      notify: (payload) => host.publish(notificationTopicOf(options), payload),
      changed: (status) => {
        this.#log(status);
        host.changed?.(status);
      },
      warn: (message, fields) => host.log.warning(message, fields),
      random: () => Math.random(),
    };
  }

  async #open(id: number, address: BridgeOptions["addresses"][number]): Promise<void> {
    const remote: Remote = {
      id,
      stream: undefined,
      isWriting: false,
      last: undefined,
      isClosed: false,
      goOn: undefined,
      spare: undefined,
    };
    this.#remotes.set(id, remote);
    try {
      const place = await placeOf(address, this.#options);
      const stream = await openStream(place, OPEN_TIMEOUT_MS);
      if (remote.isClosed) return stream.close();
      remote.stream = stream;
    } catch (error) {
      if (remote.isClosed) return;
      this.#forget(remote);
      const { reason, message } = faultOf(error);
      this.machine.failed(id, reason, message, this.#host.nowMs());
      return this.#pump();
    }
    this.machine.opened(id, this.#host.nowMs());
    this.#pump();
    await this.#read(remote);
  }

  async #read(remote: Remote): Promise<void> {
    const buffer = new Uint8Array(READ_BYTES);
    const stream = remote.stream!;
    try {
      while (!remote.isClosed && remote.last === undefined) {
        const count = await stream.read(buffer);
        if (count === null) break;
        if (remote.last !== undefined) continue;
        this.machine.remoteBytes(remote.id, buffer, 0, count, this.#host.nowMs());
        this.#pump();
        while (!remote.isClosed && remote.last === undefined && !this.machine.mayRead(remote.id)) {
          await new Promise<void>((resolve) => remote.goOn = resolve);
        }
      }
    } catch {
      // The stream has failed, or this side has closed it.
    }
    if (remote.isClosed || remote.last !== undefined) return;
    this.#close(remote);
    this.machine.remoteEnded(remote.id, this.#host.nowMs());
    this.#pump();
  }

  /** Writes everything that waits, one write at a time. */
  async #write(remote: Remote): Promise<void> {
    remote.isWriting = true;
    const stream = remote.stream!;
    try {
      for (;;) {
        const bytes = this.#take(remote);
        if (bytes === undefined) break;
        for (let at = 0; at < bytes.length;) at += await stream.write(bytes.subarray(at));
        this.machine.counters.bytesOut += bytes.length;
        remote.spare = new Uint8Array(bytes.buffer);
        this.#local?.pump();
        if (remote.isClosed) break;
      }
    } catch {
      // The read fails too, and reports it.
      if (remote.last !== undefined) this.#close(remote);
    }
    remote.isWriting = false;
    if (remote.last !== undefined) this.#close(remote);
  }

  #take(remote: Remote): Uint8Array<ArrayBuffer> | undefined {
    if (remote.last !== undefined) {
      const { last } = remote;
      remote.last = new Uint8Array(0);
      return last.length === 0 ? undefined : new Uint8Array(last);
    }
    const output = this.machine.outputOf(remote.id);
    return output === undefined || output.length === 0 ? undefined : output.take(remote.spare);
  }

  /** Writes the waiting bytes, then closes the connection. */
  #leave(id: number): void {
    const remote = this.#remotes.get(id);
    if (remote === undefined || remote.isClosed) return;
    const last = this.machine.outputOf(id)?.waiting.slice() ?? new Uint8Array(0);
    if (remote.stream === undefined || last.length === 0 && !remote.isWriting) {
      return this.#close(remote);
    }
    remote.last = last;
    remote.goOn?.();
    if (!remote.isWriting) void this.#write(remote);
    // The peer may not read at all.
    remote.leaving = setTimeout(() => this.#close(remote), LEAVE_MS);
  }

  #close(remote: Remote): void {
    if (remote.isClosed) return;
    remote.isClosed = true;
    remote.goOn?.();
    try {
      remote.stream?.close();
    } catch {
      // The peer has closed it.
    }
    this.#forget(remote);
  }

  #forget(remote: Remote): void {
    remote.isClosed = true;
    clearTimeout(remote.leaving);
    this.#remotes.delete(remote.id);
    if (this.#remotes.size === 0) { for (const { resolve } of this.#idle.splice(0)) resolve(); }
  }

  #openLocal(id: number, forgetsReceived: boolean): void {
    this.#local?.leave(new Uint8Array(0));
    const { machine } = this;
    const host = this.#host;
    const stream = new LocalStream({
      onBytes: (bytes) => {
        machine.localBytes(id, bytes, 0, bytes.length, host.nowMs());
        this.#pump();
      },
      onEnd: () => {
        machine.localEnded(id, host.nowMs());
        this.#pump();
      },
      output: () => machine.outputOf(id),
      mayWrite: () => machine.mayRead(id),
    });
    this.#local = stream;
    const { name } = this.#options;
    const bridge: BridgeAdmission = {
      ...admissionOf(this.#options),
      forgetsReceived,
      ...host.isOfCluster === undefined ? {} : { isOfCluster: true },
    };
    const listener = { ...DEFAULT_LISTENER_OPTIONS, name: `bridge ${name}`, bridge };
    if (!host.adopt(stream, listener)) {
      queueMicrotask(() => machine.localEnded(id, host.nowMs()));
    }
  }

  #closeLocal(id: number): void {
    this.#local?.leave(this.machine.outputOf(id)?.waiting.slice() ?? new Uint8Array(0));
    this.#local = undefined;
  }

  /** Writes the waiting bytes and sets the timer. */
  #pump(): void {
    for (const remote of this.#remotes.values()) {
      if (remote.stream === undefined || remote.isClosed) continue;
      const output = this.machine.outputOf(remote.id);
      if (!remote.isWriting && output !== undefined && output.length > 0) void this.#write(remote);
      if (remote.goOn !== undefined && this.machine.mayRead(remote.id)) {
        const { goOn } = remote;
        remote.goOn = undefined;
        goOn();
      }
    }
    this.#local?.pump();
    this.#arm();
  }

  #arm(): void {
    if (this.#isClosed) return;
    const { nextMs } = this.machine;
    if (nextMs === this.#timerAtMs) return;
    this.#timerAtMs = nextMs;
    clearTimeout(this.#timer);
    if (nextMs === Infinity) return;
    const delayMs = Math.min(Math.max(0, nextMs - this.#host.nowMs()), MAX_TIMER_MS);
    this.#timer = setTimeout(() => {
      this.#timerAtMs = Infinity;
      this.machine.tick(this.#host.nowMs());
      this.#pump();
    }, Math.ceil(delayMs));
  }

  #log({ name, state, reason, message, address, protocolVersion, retryAtMs }: BridgeStatus): void {
    const key = `${state} ${reason} ${message}`;
    const isNew = key !== this.#logged && state !== "connecting";
    if (!isNew) return;
    this.#logged = key;
    const { log } = this.#host;
    const fields = { bridge: name, address };
    if (state === "connected") log.info("Bridge connected", { ...fields, protocolVersion });
    else if (state === "waiting") {
      const retryMs = Math.round(retryAtMs - this.#host.nowMs());
      log.warning("Bridge not connected", { ...fields, reason, message, retryMs });
    } else log.info(`Bridge is ${state}`, { ...fields, reason, message });
  }
}

/** The password. A file is read anew each time, because tokens expire. */
function passwordOf({ remotePassword, remotePasswordFile }: BridgeOptions): string {
  if (remotePasswordFile === "") return remotePassword;
  try {
    return Deno.readTextFileSync(remotePasswordFile).replace(/\r?\n$/, "");
  } catch (error) {
    const message = `Cannot read ${remotePasswordFile}: ${(error as Error).message}`;
    throw new BridgeFault("password_file", message);
  }
}

function faultOf(error: unknown): BridgeFault {
  if (error instanceof BridgeFault) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof ClientError)) return new BridgeFault("unreachable", message);
  const reasons: Readonly<Record<string, BridgeReason>> = {
    dns: "unknown_host",
    unreachable: "unreachable",
    timeout: "timeout",
    certificate: "certificate",
    protocol: "websocket",
    closed: "closed",
  };
  return new BridgeFault(reasons[error.kind] ?? "unreachable", message);
}
