import type { Broker, ListenerOptions, LogPort, MessageHub } from "../broker/mod.ts";
import type { LogLevel, LogTail, SysLevels } from "../observe/mod.ts";

/** One option as it holds, and where that comes from. */
export interface SettingView {
  /** The option's name. */
  readonly name: string;
  /** The heading that it is listed under. */
  readonly theme: string;
  /** The listener's name; `""`: it holds for the whole broker. */
  readonly listener: string;
  /** As it would stand in a file. */
  readonly value: string;
  /** `default`, `FILE:LINE`, `MQTT_… (environment)` or `--flag`. */
  readonly origin: string;
  /** What the option means. */
  readonly description: string;
  /** Whether SIGHUP changes it in a running broker. */
  readonly isReloadable: boolean;
}

/** A place where clients connect, and who may do what there. */
export interface ListenerView {
  /** Its name in logs. */
  readonly name: string;
  /** `mqtt`, `websockets` or `http_api`. */
  readonly protocol: string;
  /** `""`: every address. */
  readonly address: string;
  /** As it was configured; 0 where `path` is one. */
  readonly port: number;
  /** Of a Unix socket; `""`: none. */
  readonly path: string;
  /** Where it is configured. */
  readonly origin: string;
  /** Whether connections are encrypted. */
  readonly isTls: boolean;
  /** The server's certificate; `""`: none. */
  readonly certfile: string;
  /** Whether clients may come in without a user name. */
  readonly allowAnonymous: boolean;
  /** -1: no limit. */
  readonly maxConnections: number;
  /** `""`: every topic is free. */
  readonly aclFile: string;
  /** Whether SUBSCRIBE is refused where nothing could be read. */
  readonly isAclStrict: boolean;
}

/** Who a WebSocket belongs to. */
export interface StreamPeer {
  /** `127.0.0.1:50123`. */
  remoteAddress: string;
  /** The user who has logged in, as if a certificate had proved the name. */
  certificate?: { subject: string; commonName: string; fingerprint: string };
}

/** All that this room needs of the program around it. */
export interface HttpContext {
  /** The core: looked at, and changed by the functions that it has for it. */
  readonly broker: Broker;
  /** For messages of the API. */
  readonly hub: MessageHub;
  /** What happens here. */
  readonly log: LogPort;
  /** The last lines of the log. */
  readonly tail: LogTail;
  /** The program's version. */
  readonly version: string;
  /** Counters and levels of this moment. */
  readonly levels: () => SysLevels;
  /**
   * Makes a client of a WebSocket that is open; `false`: there are too many. `pauseMs` pass between two frames where there is much to
   * send.
   */
  readonly adopt: (
    socket: WebSocket,
    peer: StreamPeer,
    options: ListenerOptions,
    pauseMs: number,
  ) => boolean;
  /** Every option as it holds now. */
  readonly settings: () => readonly SettingView[];
  /** Every place where clients connect. */
  readonly listeners: readonly ListenerView[];
  /** What is wrong with the text of a configuration file; nothing: it is valid. */
  readonly checkConfiguration: (text: string) => readonly string[];
  /** Copies the store; absent: nothing is stored. */
  readonly backUp?: () => Promise<{
    readonly readable: ReadableStream<Uint8Array>;
    readonly sizeBytes: number;
    readonly content: {
      readonly sessions: number;
      readonly messages: number;
      readonly retained: number;
    };
  }>;
  /** What the metrics have beside those that are always there. */
  readonly metrics: {
    /** Prefixes of topics that have series of their own. */
    readonly topicPrefixes: readonly string[];
    /** Whether there are also the names of mosquitto-exporter. */
    readonly hasExporterNames: boolean;
  };
  /** The least grave lines that are logged. */
  readonly logLevel: () => LogLevel | "none";
  /** Logs other levels from now on, until the configuration is read again. */
  readonly setLogLevel: (level: LogLevel) => void;
}

/** The bytes of a connection: a socket, or what is encrypted in one. */
export interface HttpStream {
  /** Fills some of the buffer; `null`: the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Writes some of the bytes; resolves to how many. */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends our direction. */
  closeWrite(): Promise<void>;
  /** Ends both directions. */
  close(): void;
}

/** Encryption, which the program around brings: certificates and keys are its, and so is reading them anew. */
export interface HttpTls {
  /** The stream inside of a connection. What a client's certificate proves is in `peer` before the first byte comes. */
  open(below: HttpStream, peer: StreamPeer): HttpStream;
}

/** Where to listen for HTTP, and who comes in. */
export interface HttpListenerInit {
  /** For its MQTT clients; counted by. Its name is the listener's. */
  readonly options: ListenerOptions;
  /** `""`: every address. */
  readonly hostname: string;
  /** 0: one that is free. */
  readonly port: number;
  /** A Unix socket in the place of both; `""`: none. */
  readonly path: string;
  /** Absent: no encryption. */
  readonly tls?: HttpTls;
  /** What of a client's certificate is its user name; default: `none`. */
  readonly certificateUserName?: "none" | "common_name" | "subject";
  /** Names that requests may be for, beside those of this machine. */
  readonly hosts: readonly string[];
  /** Users who may change something. */
  readonly admins: readonly string[];
  /** Users who may look. */
  readonly viewers: readonly string[];
  /** The text of the file of tokens; absent: there is none. */
  readonly tokens?: string;
  /** What a Client Identifier must begin with there. */
  readonly clientIdPrefixes: string;
}
