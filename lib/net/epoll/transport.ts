import type { ListenerInit, OpenListener } from "../listener.ts";
import type { Transport } from "../transport.ts";
import type { TransportInit } from "../transport_init.ts";
import { Descriptors } from "./descriptors.ts";
import { EventLoop } from "./event_loop.ts";
import type { Libc } from "./libc.ts";
import { EpollListener } from "./listener.ts";

/** Carries plain connections with system calls. */
export class EpollTransport implements Transport {
  readonly #descriptors: Descriptors;
  #loop: EventLoop | undefined;
  #closing: Promise<void> | undefined;

  /** `libc` is closed with the transport. */
  constructor(libc: Libc) {
    this.#descriptors = new Descriptors(libc);
  }

  /** {@linkcode Transport.connect} */
  connect({ broker, turns, buffers }: TransportInit): void {
    if (this.#loop !== undefined) throw new TypeError("Cannot connect a transport twice");
    this.#loop = new EventLoop(this.#descriptors, broker, turns, buffers);
  }

  /** {@linkcode Transport.listen} */
  listen(init: ListenerInit): OpenListener {
    if (this.#loop === undefined || this.#closing !== undefined) {
      throw new TypeError("Cannot listen: the transport is not connected, or closed");
    }
    return new EpollListener(init, this.#loop);
  }

  /** {@linkcode Transport.trimMemory} */
  trimMemory(): void {
    if (this.#closing === undefined) this.#descriptors.symbols.malloc_trim?.(0);
  }

  /** {@linkcode Transport.close} */
  close(): Promise<void> {
    // The system reuses the numbers of descriptors, so nothing may be closed twice.
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    await this.#loop?.end();
    this.#descriptors.end();
  }
}
