import type { Option } from "./option.ts";
import {
  BOOLEAN,
  brokerRows,
  choice,
  integer,
  loaderRow,
  logRow,
  PATH,
  processRows,
  TEXT,
} from "./rows.ts";
import { LEAVE_DISK_FREE } from "./process_options.ts";

const brokerLogRow = brokerRows("Log");
const processLogRow = processRows("Log");
const processRow = processRows("The process");

/** The log, files and the process itself. */
export const PROCESS_OPTIONS: readonly Option[] = [
  processLogRow(
    "log_type",
    "logType",
    choice(
      "error",
      "warning",
      "notice",
      "information",
      "debug",
      "subscribe",
      "unsubscribe",
      "websockets",
      "internal",
      "all",
      "none",
    ),
    "What is logged: the most verbose of the named types and everything more serious; `notice`, `information`, " +
      "`subscribe`, `unsubscribe`, `websockets` and `internal` are level info, `all` is debug. With `subscribe` and `unsubscribe` " +
      "there is a line for each Topic Filter that a client subscribes to or unsubscribes from, with the granted QoS and the rule that decided.",
    { repeatable: true, reloadable: true },
  ),
  processLogRow(
    "log_dest",
    "logDest",
    { kind: "log_dest" },
    "Where the log goes: `stderr`, `stdout`, `file PATH` (no symbolic link), `syslog`, `topic` (`$SYS/broker/log/E`, " +
      "`W` and `I`; no debug lines, at most 100 a second) or `none`; may be repeated.",
    {
      repeatable: true,
      reloadable: true,
      refusedValues: {
        file: "It needs a path: `log_dest file PATH`",
        dlt: "Is not supported; use syslog, or stderr, which systemd collects",
        android: "Is not supported; use syslog, or stderr, which systemd collects",
      },
    },
  ),
  processLogRow(
    "log_facility",
    "logFacility",
    choice("0", "1", "2", "3", "4", "5", "6", "7"),
    "Syslog's facility, `local0` to `local7`, for `log_dest syslog`.",
    { reloadable: true, defaultText: "daemon" },
  ),
  logRow(
    "log_format",
    "format",
    choice("text", "json"),
    "The format of log lines.",
  ),
  logRow(
    "log_timestamp",
    "timestamp",
    BOOLEAN,
    "Whether log lines begin with the time.",
  ),
  logRow(
    "log_timestamp_format",
    "timestampFormat",
    { kind: "text", maxLength: 200 },
    "The format of the local time, with directives of strftime (`%Y-%m-%dT%H:%M:%S`).",
    {
      defaultText: "ISO 8601, UTC, milliseconds",
      differs: "seconds since 1970: people read logs",
    },
  ),
  brokerLogRow(
    "connection_messages",
    "connectionMessages",
    BOOLEAN,
    "Whether each client that connects or disconnects is logged.",
  ),
  processRow(
    "sys_interval",
    "sysIntervalSeconds",
    integer(0, 65_535),
    "How often the `$SYS` topics are published; 0: never.",
    { unit: "seconds" },
  ),
  processRow(
    "transport",
    "transport",
    choice("auto", "deno", "epoll"),
    "How connections without TLS and WebSocket are implemented: `deno` uses Deno's sockets, `epoll` the calls of the system, which needs Linux and FFI permission; " +
      "`auto` uses `epoll` if possible.",
  ),
  processRow(
    "set_tcp_nodelay",
    "setTcpNodelay",
    BOOLEAN,
    "Whether small packets are sent at once instead of waiting for more.",
    { differs: "false: the broker gathers its packets itself, so waiting only costs time" },
  ),
  processRow(
    "pid_file",
    "pidFile",
    PATH,
    "The file that the process id is written to; no symbolic link.",
  ),
  loaderRow(
    "user",
    "user",
    TEXT,
    "",
    "The user to run as. The broker cannot change its user: if it is started as root, any name but `root` is an error; otherwise this has no effect.",
    {
      theme: "The process",
      defaultText: "the user who starts it",
      differs:
        "mosquitto: Deno cannot give up the rights of root; start the broker as the user it should run as",
      notFromEnvironment: true,
    },
  ),
  processRow(
    "persistence",
    "persistence",
    BOOLEAN,
    "Whether sessions and messages are kept on disk.",
    { differs: "false: an acknowledgement means stored" },
  ),
  processRow(
    "persistence_location",
    "persistenceLocation",
    PATH,
    "The directory of the durable store; has no effect if `persistence` is false.",
    { needsStore: true },
  ),
  processRow(
    "durability",
    "durability",
    choice("always", "interval", "none"),
    "What an acknowledgement promises: `always` survives a power cut, `interval` a killed process (a power cut may lose the last second), " +
      "`none` nothing, as `persistence false`.",
  ),
  processRow(
    "max_store_bytes",
    "maxStoreBytes",
    integer(LEAVE_DISK_FREE, 1024 ** 4),
    "The largest size of the store's file, without its log (8 MB); when it is full, QoS 1 and 2 are refused and QoS 0 is not stored " +
      "until a tenth is free again; 0: no limit; -1: as much as leaves a tenth of the file system free when the broker starts, or half of " +
      "the free space if that is less.",
    { unit: "bytes" },
  ),
  loaderRow(
    "include_dir",
    "include",
    PATH,
    [],
    "Reads every file in a directory whose name ends in `.conf`, in the order of their names; only allowed in the main file. A directory that is not there is told, and has no effect.",
    { theme: "The process", repeatable: true, fileOnly: true },
  ),
];
