import { hashPassword } from "../../lib/auth/mod.ts";
import { makeCertificates } from "../../tasks/certs.ts";
import { BrokerProcess } from "../support/broker_process.ts";
import { freePort } from "../support/free_port.ts";

/** One listener of the broker, and what lies between its socket and MQTT. */
export interface Door {
  readonly name: string;
  readonly where: { readonly host: string; readonly port: number } | { readonly path: string };
  readonly isProxied: boolean;
  readonly isSecure: boolean;
  readonly isWebSocket: boolean;
}

/** What the broker is told. */
export interface HouseInit {
  readonly connectTimeoutSeconds: number;
  readonly sendTimeoutSeconds: number;
  /** Default: the broker's own. */
  readonly maxQueuedBytes?: number;
  /** A compiled broker. Default: Deno runs it. */
  readonly executable?: string | undefined;
}

/** Whoever insists on an executable of an older Deno has to say so: TLS does not work in it, and its listeners are left out. */
export function oldDeno(): Readonly<Record<string, string>> {
  const value = Deno.env.get("FLUX_MQTT_OLD_DENO");
  return value === undefined ? {} : { FLUX_MQTT_OLD_DENO: value };
}

const HOST = "127.0.0.1";
/** Somebody may take a port between the look for it and the broker's start. */
const ATTEMPTS = 3;

/** The real broker in its own process with a listener of every kind, on disk and with users, as a careful person runs it. */
export class House {
  readonly broker: BrokerProcess;
  readonly doors: readonly Door[];
  /** Whether it is an executable of a Deno older than the broker needs. */
  readonly isOld: boolean;
  readonly #directory: string;

  static async open(init: HouseInit): Promise<House> {
    const directory = await Deno.makeTempDir({ prefix: "flux-hostile-" });
    await makeCertificates({ directory });
    const environment = init.executable === undefined ? {} : oldDeno();
    const isSecure = Object.keys(environment).length === 0;
    const hash = await hashPassword(new TextEncoder().encode("secret"));
    await Deno.writeTextFile(`${directory}/users`, `alice:${hash}\n`, { mode: 0o600 });
    for (let attempt = 1;; attempt++) {
      const ports = freePorts(4);
      try {
        const broker = await BrokerProcess.start({
          config: configuration(directory, ports, init, isSecure),
          executable: init.executable,
          environment,
        });
        return new House(broker, directory, ports, isSecure);
      } catch (error) {
        if (attempt === ATTEMPTS) throw error;
      }
    }
  }

  private constructor(
    broker: BrokerProcess,
    directory: string,
    ports: readonly number[],
    isSecure: boolean,
  ) {
    this.broker = broker;
    this.isOld = !isSecure;
    this.#directory = directory;
    const [tls, webSocket, wss, proxy] = ports.map((port) => ({ host: HOST, port }));
    const plain = { isProxied: false, isSecure: false, isWebSocket: false };
    const doors = [
      { ...plain, name: "tcp", where: { host: HOST, port: broker.port } },
      { ...plain, name: "tls", where: tls!, isSecure: true },
      { ...plain, name: "ws", where: webSocket!, isWebSocket: true },
      { ...plain, name: "wss", where: wss!, isSecure: true, isWebSocket: true },
      { ...plain, name: "unix", where: { path: `${directory}/socket` } },
      { ...plain, name: "proxy", where: proxy!, isProxied: true },
    ];
    this.doors = isSecure ? doors : doors.filter((door) => !door.isSecure);
  }

  /** The authority that signed the broker's certificate, in PEM. */
  get authority(): string {
    return Deno.readTextFileSync(`${this.#directory}/ca.crt`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.broker[Symbol.asyncDispose]();
    } finally {
      await Deno.remove(this.#directory, { recursive: true });
    }
  }
}

function configuration(
  directory: string,
  ports: readonly number[],
  init: HouseInit,
  isSecure: boolean,
): string {
  const [tls, webSocket, wss, proxy] = ports;
  const certificate = `certfile ${directory}/server.crt\nkeyfile ${directory}/server.key`;
  const { maxQueuedBytes } = init;
  return `
${maxQueuedBytes === undefined ? "" : `max_queued_bytes ${maxQueuedBytes}`}
bind_address ${HOST}
allow_anonymous true
password_file ${directory}/users
connect_timeout ${init.connectTimeoutSeconds}
send_timeout ${init.sendTimeoutSeconds}
sys_interval 1
listener ${webSocket} ${HOST}
protocol websockets
listener 0 ${directory}/socket
listener ${proxy} ${HOST}
enable_proxy_protocol 1
${
    isSecure
      ? `listener ${tls} ${HOST}
${certificate}
listener ${wss} ${HOST}
protocol websockets
${certificate}
`
      : ""
  }`;
}

/** A configuration file has no word for "any port" but for the first listener. */
function freePorts(count: number): number[] {
  return Array.from({ length: count }, freePort);
}
