import type { LogPort } from "../broker/mod.ts";
import { Datagrams } from "../observe/mod.ts";
import { messageOf } from "./output.ts";

/** What a service manager is told, in the words of sd_notify(3). */
export type ServiceState = "READY=1" | "RELOADING=1" | "STOPPING=1" | "WATCHDOG=1";

/** What the manager put into the environment. */
export interface ServiceEnvironment {
  /** `NOTIFY_SOCKET`: a path, or with a leading `@` an abstract name; absent: nobody wants to know. */
  readonly socket?: string | undefined;
  /** `WATCHDOG_USEC`: microseconds within which it wants to hear from us. */
  readonly watchdogUsec?: string | undefined;
  /** `WATCHDOG_PID`: the process that is meant; absent: this one. */
  readonly watchdogPid?: string | undefined;
}

/** Fewer would be a busy loop. */
const MIN_WATCHDOG_MS = 10;

/**
 * Tells systemd, or whatever started the process, how it is: datagrams to the socket that `NOTIFY_SOCKET` names. Where there is
 * none nothing happens. `MONOTONIC_USEC` is not told with `RELOADING=1`: Deno has no clock for it without more permissions, and only
 * `Type=notify-reload` wants it.
 */
export class ServiceManager {
  /** Milliseconds within which the manager wants to hear from us; 0: it does not. */
  readonly watchdogMs: number;
  readonly #log: LogPort;
  #datagrams: Datagrams | undefined;
  #watchdog: ReturnType<typeof setInterval> | undefined;

  constructor({ socket = "", watchdogUsec, watchdogPid }: ServiceEnvironment, log: LogPort) {
    this.#log = log;
    const isMeant = watchdogPid === undefined || watchdogPid === String(Deno.pid);
    this.watchdogMs = socket !== "" && isMeant ? Number(watchdogUsec ?? 0) / 1000 || 0 : 0;
    if (socket !== "") this.#open(socket);
  }

  /** What the environment of this process says. */
  static ofProcess(log: LogPort): ServiceManager {
    return new ServiceManager({
      socket: Deno.env.get("NOTIFY_SOCKET"),
      watchdogUsec: Deno.env.get("WATCHDOG_USEC"),
      watchdogPid: Deno.env.get("WATCHDOG_PID"),
    }, log);
  }

  /** Sends in order, and waits for nothing. */
  tell(state: ServiceState): void {
    this.#datagrams?.send(new TextEncoder().encode(state))
      .catch((error) => this.#complain(error));
  }

  /** Feeds the watchdog, twice in each of its periods, as long as `isWell`: a broker that answers nobody is started anew. */
  watch(isWell: () => boolean): void {
    if (this.watchdogMs === 0 || this.#datagrams === undefined) return;
    const feed = () => {
      if (isWell()) this.tell("WATCHDOG=1");
      else this.#log.error("The store does not answer: the watchdog is not told that all is well");
    };
    feed();
    this.#watchdog = setInterval(feed, Math.max(MIN_WATCHDOG_MS, this.watchdogMs / 2));
  }

  /** Sends what is to be sent, and ends. */
  async close(): Promise<void> {
    clearInterval(this.#watchdog);
    const datagrams = this.#datagrams;
    this.#datagrams = undefined;
    await datagrams?.close();
  }

  #open(socket: string): void {
    if (Deno.build.os !== "linux") return;
    try {
      // An abstract name begins with a zero byte, which an environment cannot hold.
      this.#datagrams = new Datagrams(socket.replace(/^@/, "\0"));
    } catch (error) {
      this.#complain(error);
    }
  }

  #complain(error: unknown): void {
    const reason = messageOf(error);
    this.#log.warning("Cannot tell the service manager how the broker is", { reason });
  }
}
