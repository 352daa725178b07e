import { FileAccess, hashPassword, PageAccess } from "../../lib/auth/mod.ts";
import { DEFAULT_LISTENER_OPTIONS, Distribution } from "../../lib/broker/mod.ts";
import {
  type HttpContext,
  type HttpListenerInit,
  HttpServer,
  type ListenerView,
} from "../../lib/http/mod.ts";
import { ServedWebSocket, Server } from "../../lib/net/mod.ts";
import { type LogEntry, LogTail, type SysLevels } from "../../lib/observe/mod.ts";

/** What a test gives; the rest is a broker that is open to this machine. */
export interface HttpInit {
  /** Users and their passwords. */
  readonly users?: Readonly<Record<string, string>>;
  /** Text of an acl_file. */
  readonly acl?: string;
  readonly listener?: Partial<HttpListenerInit>;
  readonly listeners?: readonly ListenerView[];
  readonly metrics?: Partial<HttpContext["metrics"]>;
  readonly backUp?: HttpContext["backUp"];
  /** Default: 1.2.3. */
  readonly version?: string;
  /** What a store would say of itself. */
  readonly store?: Partial<SysLevels["store"]>;
}

/** The header by which the page is known. */
export const PAGE: Readonly<Record<string, string>> = { "x-flux-mqtt": "1" };

/** A broker in this process with its page, API and metrics. `await using` ends it. */
export class HttpBroker {
  readonly server: Server;
  readonly tail = new LogTail();
  readonly http: HttpServer;
  readonly #folder: string;
  /** Of the page. */
  port = 0;
  /** Of MQTT. */
  mqttPort = 0;
  level: LogEntry["level"] = "info";

  static async start(init: HttpInit = {}): Promise<HttpBroker> {
    const folder = await Deno.makeTempDir({ prefix: "flux-http-" });
    const broker = new HttpBroker(init, folder);
    broker.mqttPort = broker.server.listen({ options: { name: "1883", allowAnonymous: true } });
    try {
      await broker.#listen(init);
    } catch (error) {
      await broker[Symbol.asyncDispose]();
      throw error;
    }
    return broker;
  }

  async #listen(init: HttpInit): Promise<void> {
    this.port = await this.http.listen({
      options: { ...DEFAULT_LISTENER_OPTIONS, name: "9883", allowAnonymous: true },
      hostname: "127.0.0.1",
      port: 0,
      path: "",
      hosts: [],
      admins: [],
      viewers: [],
      clientIdPrefixes: "",
      ...init.listener,
    });
  }

  private constructor(init: HttpInit, folder: string) {
    this.#folder = folder;
    const say = (level: "info" | "warning" | "error") => (text: string, fields?: object) =>
      this.tail.add(Date.now(), level, text, fields as Record<string, unknown>);
    const log = {
      debugOn: false,
      debug() {},
      info: say("info"),
      warning: say("warning"),
      error: say("error"),
    };
    const access = this.#access(init);
    this.server = new Server({ log, ...access === undefined ? {} : { access } });
    const aclFile = init.acl === undefined ? "" : `${folder}/acl`;
    this.http = new HttpServer({
      broker: this.server.broker,
      hub: this.server.hub,
      log,
      tail: this.tail,
      version: init.version ?? "1.2.3",
      levels: () => levelsOf(this.server, init.store),
      adopt: (socket, peer, options, pauseMs) =>
        this.server.adopt(new ServedWebSocket(socket, { pauseMs }), peer, options),
      settings: () => [{
        name: "max_qos",
        theme: "Listeners",
        listener: "1883",
        value: "2",
        origin: "m.conf:3",
        description: "The highest QoS.",
        isReloadable: false,
      }],
      listeners: init.listeners ??
        [listenerView("1883", "mqtt", aclFile), listenerView("9883", "http_api", aclFile)],
      checkConfiguration: (text) => text.includes("nonsense") ? ["configuration:1: nonsense"] : [],
      ...init.backUp === undefined ? {} : { backUp: init.backUp },
      metrics: { topicPrefixes: [], hasExporterNames: false, ...init.metrics },
      logLevel: () => this.level,
      setLogLevel: (level) => void (this.level = level),
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Sends a request; a body is sent as JSON, and everything but GET with the header of the page. */
  async fetch(
    path: string,
    init: { method?: string; body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Response> {
    const { method = "GET", body, headers = {} } = init;
    return await fetch(this.url + path, {
      method,
      redirect: "manual",
      headers: {
        ...method === "GET" ? {} : PAGE,
        ...body === undefined ? {} : { "content-type": "application/json" },
        ...headers,
      },
      ...body === undefined ? {} : { body: JSON.stringify(body) },
    });
  }

  /** The JSON of an answer; throws where it is not 200. */
  // deno-lint-ignore no-explicit-any -- what it is the test says
  async json(path: string, headers: Record<string, string> = {}): Promise<any> {
    const response = await this.fetch(path, { headers });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  }

  /** Logs in; returns the cookie. */
  async logIn(userName: string, password: string): Promise<string> {
    const response = await this.fetch("/api/v1/session", {
      method: "POST",
      body: { userName, password },
    });
    await response.body?.cancel();
    if (response.status !== 204) throw new Error(`Not logged in: ${response.status}`);
    return response.headers.get("set-cookie")!.split(";")[0]!;
  }

  /** What a server says to bytes as they are, until it closes. */
  async raw(request: string): Promise<string> {
    using socket = await Deno.connect({ port: this.port });
    await socket.write(new TextEncoder().encode(request));
    return await new Response(socket.readable).text();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
    await this.http.close();
    await Deno.remove(this.#folder, { recursive: true });
  }

  #access({ users, acl, listener }: HttpInit): PageAccess | undefined {
    if (users === undefined && acl === undefined) return undefined;
    const folder = this.#folder;
    const lines = Object.entries(users ?? {}).map(([name, password]) =>
      `${name}:${hashPassword(new TextEncoder().encode(password), 1000)}\n`
    );
    Deno.writeTextFileSync(`${folder}/passwords`, lines.join(""));
    Deno.writeTextFileSync(`${folder}/acl`, acl ?? "");
    const files = {
      passwordFile: users === undefined ? "" : `${folder}/passwords`,
      scramFile: "",
      aclFile: acl === undefined ? "" : `${folder}/acl`,
      aclSubscribe: "strict",
      clientIdPrefixes: "",
      certificateUserName: "none",
      dynamicSecurityFile: "",
    } as const;
    const access = FileAccess.open({
      listeners: new Map([["1883", files], ["9883", files]]),
      log: { debugOn: false, debug() {}, info() {}, warning() {}, error() {} },
      maxFailureDelaySeconds: 0,
    });
    if (!(access instanceof FileAccess)) throw new Error(access.join("\n"));
    return new PageAccess(access, new Map([["9883", new Set(listener?.viewers)]]));
  }
}

function listenerView(name: string, protocol: string, aclFile: string): ListenerView {
  return {
    name,
    protocol,
    address: "127.0.0.1",
    port: Number(name),
    path: "",
    origin: "m.conf:1",
    isTls: false,
    certfile: "",
    allowAnonymous: true,
    maxConnections: -1,
    aclFile,
    isAclStrict: true,
  };
}

function levelsOf({ broker }: Server, said: HttpInit["store"]): SysLevels {
  const counts = { commits: 0, writtenBytes: 0, fsyncs: 0, failures: 0, usedBytes: 0 };
  const store = { ...counts, isFailing: false, commitSeconds: new Distribution([], 1), ...said };
  const levels = { heapBytes: 0, metrics: broker.metrics, ...broker.levels };
  return said === undefined ? levels : { ...levels, store };
}
