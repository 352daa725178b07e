/** Where the client that behaves well finds the broker. */
export interface Regular {
  readonly port: number;
  /** Newcomers come there; undefined: to `port`. */
  readonly tlsPort: number | undefined;
  /** In PEM. */
  readonly authority: string;
}

/** What it has seen. */
export interface Experience {
  /** QoS 1 messages to itself. */
  readonly sent: number;
  /** How long each of them took. */
  readonly roundTripMs: readonly number[];
  /** How long newcomers took over TCP, TLS and CONNACK. */
  readonly connectMs: readonly number[];
  /** What went wrong: losses, repetitions, a connection that ended. */
  readonly faults: readonly string[];
}

/** Starts it; resolves when it is connected. */
export async function startRegular(init: Regular): Promise<{ end(): Promise<Experience> }> {
  const worker = new Worker(new URL("./regular.worker.ts", import.meta.url), { type: "module" });
  const next = () =>
    new Promise<unknown>((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message));
      };
    });
  const ready = next();
  worker.postMessage(init);
  await ready;
  return {
    async end() {
      const experience = next();
      worker.postMessage("end");
      const result = await experience as Experience;
      worker.terminate();
      return result;
    },
  };
}
