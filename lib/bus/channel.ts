import { decodeFrame, type Frame } from "./frame.ts";

/** What the channel calls in a bridge or a Worker's bus. `nowMs` comes from one clock, which never goes back. */
export interface ChannelPorts {
  receive(frame: Frame, nowMs: number): void;
  /** At the end of a turn that asked for it. */
  flush(nowMs: number): void;
  /** Does what is due at `nowMs`. */
  tick(nowMs: number): void;
  /** When the next {@link tick} is due; `Infinity`: never. Asked after each of the three. */
  deadlineMs(): number;
}

/** A `BroadcastChannel`, the end of the turn, and one timer. */
export class Channel {
  readonly #ports: ChannelPorts;
  readonly #channel: BroadcastChannel;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAtMs = Infinity;
  #isFlushDue = false;
  #isClosed = false;

  constructor(name: string, ports: ChannelPorts) {
    this.#ports = ports;
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = (event) => {
      const frame = decodeFrame(event.data);
      if (frame !== undefined) this.#run((nowMs) => ports.receive(frame, nowMs));
    };
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Posts a copy of the bytes. Their buffer must contain nothing else, because the whole buffer is copied. */
  post(bytes: Uint8Array): void {
    if (!this.#isClosed) this.#channel.postMessage(bytes);
  }

  /** Asks for one flush at the end of this turn, however often it is called. */
  flushSoon(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    queueMicrotask(() => {
      this.#isFlushDue = false;
      this.#run((nowMs) => this.#ports.flush(nowMs));
    });
  }

  /** Sets the timer to what is due next. It is only made earlier: to set it for every frame would cost more than the frame. */
  wake(): void {
    const deadlineMs = this.#ports.deadlineMs();
    if (this.#isClosed || deadlineMs >= this.#timerAtMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = deadlineMs;
    this.#timer = setTimeout(() => {
      this.#timerAtMs = Infinity;
      this.#run((nowMs) => this.#ports.tick(nowMs));
    }, Math.max(1, deadlineMs - performance.now()));
    Deno.unrefTimer(this.#timer);
  }

  /**
   * Ends the channel; what was posted in this turn is still sent. The BroadcastChannel itself is closed a turn later: in Deno, one that
   * is opened in the same turn in which the thread's last one was closed never receives anything.
   */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#channel.onmessage = null;
    setTimeout(() => this.#channel.close());
  }

  #run(step: (nowMs: number) => void): void {
    if (this.#isClosed) return;
    step(performance.now());
    this.wake();
  }
}

/** A random id; two bridges or Workers of a process have the same one with a probability of one in four thousand million. */
export function newPeerId(): number {
  const [id = 0] = crypto.getRandomValues(new Uint32Array(1));
  return id === 0 ? 1 : id;
}
