import type { Broker, ListenerOptions, LogPort, MessageHub } from "../broker/mod.ts";
import type { LogLevel, LogTail, SysLevels } from "../observe/mod.ts";

/** The value of one option, and its origin. */
export interface SettingView {
  /** The option's name. */
  readonly name: string;
  /** The heading under which it is listed. */
  readonly theme: string;
  /** The listener's name; `""` for an option of the whole broker. */
  readonly listener: string;
  /** The value as written in a configuration file. */
  readonly value: string;
  /** `default`, `FILE:LINE`, `MQTT_... (environment)` or `--flag`. */
  readonly origin: string;
  /** The option's meaning. */
  readonly description: string;
  /** Whether SIGHUP changes it in a running broker. */
  readonly isReloadable: boolean;
}

/** A listener, and its access control. */
export interface ListenerView {
  /** Its name in logs. */
  readonly name: string;
  /** `mqtt`, `websockets` or `http_api`. */
  readonly protocol: string;
  /** `""` for every address. */
  readonly address: string;
  /** The configured port; 0 for a Unix socket. */
  readonly port: number;
  /** The path of a Unix socket; `""` if it is none. */
  readonly path: string;
  /** Where the configuration defines it. */
  readonly origin: string;
  /** Whether connections are encrypted. */
  readonly isTls: boolean;
  /** The server's certificate; `""` without TLS. */
  readonly certfile: string;
  /** Whether clients may connect without a user name. */
  readonly allowAnonymous: boolean;
  /** -1 for no limit. */
  readonly maxConnections: number;
  /** `""` if every topic is allowed. */
  readonly aclFile: string;
  /** Whether a SUBSCRIBE is refused if the client could read none of the topics. */
  readonly isAclStrict: boolean;
}

/** The peer of a WebSocket. */
export interface StreamPeer {
  /** Such as `127.0.0.1:50123`. */
  remoteAddress: string;
  /** The user who has logged in, presented as the subject of a certificate. */
  certificate?: { subject: string; commonName: string; fingerprint: string };
}

/** What this room needs of the program around it. */
export interface HttpContext {
  /** The core, which is read, and changed only by the functions it offers for that. */
  readonly broker: Broker;
  /** Publishes messages of the API. */
  readonly hub: MessageHub;
  /** Gets this room's log lines. */
  readonly log: LogPort;
  /** The last lines of the log. */
  readonly tail: LogTail;
  /** The program's version. */
  readonly version: string;
  /** Returns the present counters and levels. */
  readonly levels: () => SysLevels;
  /** Makes an open WebSocket a client; false if there are too many. With much to send, at least `pauseMs` pass between two frames. */
  readonly adopt: (
    socket: WebSocket,
    peer: StreamPeer,
    options: ListenerOptions,
    pauseMs: number,
  ) => boolean;
  /** Returns the present value of every option. */
  readonly settings: () => readonly SettingView[];
  /** All listeners. */
  readonly listeners: readonly ListenerView[];
  /** Returns the errors in the text of a configuration file; an empty list if it is valid. */
  readonly checkConfiguration: (text: string) => readonly string[];
  /** Copies the store; absent without a store. */
  readonly backUp?: () => Promise<{
    readonly readable: ReadableStream<Uint8Array>;
    readonly sizeBytes: number;
    readonly content: {
      readonly sessions: number;
      readonly messages: number;
      readonly retained: number;
    };
  }>;
  /** Optional metrics. */
  readonly metrics: {
    /** Topic prefixes with series of their own. */
    readonly topicPrefixes: readonly string[];
    /** Whether metrics are also offered under the names of mosquitto-exporter. */
    readonly hasExporterNames: boolean;
  };
  /** The lowest level that is logged. */
  readonly logLevel: () => LogLevel | "none";
  /** Changes the log level until the configuration is read again. */
  readonly setLogLevel: (level: LogLevel) => void;
}

/** The bytes of a connection: a socket, or the decrypted stream over one. */
export interface HttpStream {
  /** Fills some of the buffer; `null` at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Writes some of the bytes; resolves to how many. */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends the direction to the peer. */
  closeWrite(): Promise<void>;
  /** Ends both directions. */
  close(): void;
}

/** TLS, which the program provides: it owns certificates and keys, and reads them anew. */
export interface HttpTls {
  /** The decrypted stream over a connection. Facts from the client's certificate are in `peer` before the first byte is read. */
  open(below: HttpStream, peer: StreamPeer): HttpStream;
}

/** Where to listen for HTTP, and who is allowed. */
export interface HttpListenerInit {
  /** Options of its MQTT clients, which are counted by this object. Its name is the name of the listener. */
  readonly options: ListenerOptions;
  /** `""` for every address. */
  readonly hostname: string;
  /** 0 for any free port. */
  readonly port: number;
  /** A Unix socket instead of host name and port; `""` for none. */
  readonly path: string;
  /** Absent for no encryption. */
  readonly tls?: HttpTls;
  /** The part of a client's certificate that is its user name. Default: `none`. */
  readonly certificateUserName?: "none" | "common_name" | "subject";
  /** Host names that requests may name beside those of this machine. */
  readonly hosts: readonly string[];
  /** Users who may change something. */
  readonly admins: readonly string[];
  /** Users who may only read. */
  readonly viewers: readonly string[];
  /** The text of the token file, if there is one. */
  readonly tokens?: string;
  /** The prefix that Client Identifiers must have at this listener. */
  readonly clientIdPrefixes: string;
}
