import type { LogPort } from "../broker/mod.ts";
import { Datagrams } from "../observe/mod.ts";
import { messageOf } from "./output.ts";

/** What a service manager is told: the messages of sd_notify(3). */
export type ServiceState = "READY=1" | "RELOADING=1" | "STOPPING=1" | "WATCHDOG=1";

/** The environment variables that the service manager sets. */
export interface ServiceEnvironment {
  /** `NOTIFY_SOCKET`: a path, or with a leading `@` an abstract name; absent: there is no service manager. */
  readonly socket?: string | undefined;
  /** `WATCHDOG_USEC`: the longest time between two messages to the watchdog, in microseconds. */
  readonly watchdogUsec?: string | undefined;
  /** `WATCHDOG_PID`: the process that is meant; absent: this one. */
  readonly watchdogPid?: string | undefined;
}

/** The shortest time between two messages to the watchdog; less would be a busy loop. */
const MIN_WATCHDOG_MS = 10;

/**
 * Tells systemd, or another service manager, the state of the process with datagrams to the socket that `NOTIFY_SOCKET` names. Without
 * that variable it does nothing. `RELOADING=1` comes without `MONOTONIC_USEC`, which only `Type=notify-reload` needs: Deno has no clock
 * for it without more permissions.
 */
export class ServiceManager {
  /** The longest time between two messages to the watchdog; 0: there is no watchdog. */
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

  /** Uses the environment of this process. */
  static ofProcess(log: LogPort): ServiceManager {
    return new ServiceManager({
      socket: Deno.env.get("NOTIFY_SOCKET"),
      watchdogUsec: Deno.env.get("WATCHDOG_USEC"),
      watchdogPid: Deno.env.get("WATCHDOG_PID"),
    }, log);
  }

  /** Sends a message, after those before it, without waiting for it. */
  tell(state: ServiceState): void {
    this.#datagrams?.send(new TextEncoder().encode(state))
      .catch((error) => this.#complain(error));
  }

  /** Feeds the watchdog twice in each period while `isWell` is true, so that systemd restarts a broker that hangs. */
  watch(isWell: () => boolean): void {
    if (this.watchdogMs === 0 || this.#datagrams === undefined) return;
    const feed = () => {
      if (isWell()) this.tell("WATCHDOG=1");
      else this.#log.error("The store does not answer, so the watchdog is not fed");
    };
    feed();
    this.#watchdog = setInterval(feed, Math.max(MIN_WATCHDOG_MS, this.watchdogMs / 2));
  }

  /** Sends what is still waiting, and ends. */
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
    this.#log.warning("Cannot tell the service manager the state of the broker", { reason });
  }
}
