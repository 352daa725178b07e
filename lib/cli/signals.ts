/** The handlers of signals that do not end the broker. */
export type SignalHandlers = Readonly<Partial<Record<Deno.Signal, () => void>>>;

/** The signals that end the broker; Windows has no SIGTERM. */
const ENDING: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGTERM", "SIGINT"];

/** Listens to the signals of the process until it is disposed of. */
export class Signals implements Disposable {
  /** Resolves with the first signal that ends the broker. */
  readonly ending: Promise<Deno.Signal>;
  readonly #handlers: readonly (readonly [signal: Deno.Signal, handler: () => void])[];

  /** `handlers` are for signals that do not end the broker. Windows has none of them. */
  constructor(handlers: SignalHandlers) {
    const { promise, resolve } = Promise.withResolvers<Deno.Signal>();
    this.ending = promise;
    const others = Deno.build.os === "windows" ? {} : handlers;
    this.#handlers = [
      ...ENDING.map((signal) => [signal, () => resolve(signal)] as const),
      ...Object.entries(others).map(([signal, handler]) =>
        [signal as Deno.Signal, handler] as const
      ),
    ];
    for (const [signal, handler] of this.#handlers) Deno.addSignalListener(signal, handler);
  }

  /** Restores the system's handling of the signals. */
  [Symbol.dispose](): void {
    for (const [signal, handler] of this.#handlers) Deno.removeSignalListener(signal, handler);
  }
}
