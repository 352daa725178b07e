import { hashPassword } from "../../auth/mod.ts";
import { makeCertificates } from "./certificates.ts";

/** What a setup will write. */
export interface SetupPlan {
  /** The directory of the configuration, an absolute path. */
  readonly directory: string;
  /** The directory of the store, an absolute path. */
  readonly dataDirectory: string;
  /** The port that clients connect to. */
  readonly port: number;
  /** The address that it listens on; `""`: all of the machine. */
  readonly address: string;
  /** The first user. */
  readonly user: string;
  /** That user's password. */
  readonly password: string;
  /** `make`: certificates of a new authority; `own`: those that `certfile` and `keyfile` name; `none`: no TLS. */
  readonly tls: "make" | "own" | "none";
  /** With `own`: absolute paths. */
  readonly certfile: string;
  readonly keyfile: string;
  /** With `own`: the authority that clients must trust; `""`: one that the system trusts. */
  readonly cafile: string;
  /** DNS names and addresses by which clients reach the broker. Printed commands use the first. */
  readonly names: readonly string[];
  /** Whether there will be a dashboard for this machine. */
  readonly hasDashboard: boolean;
}

/** A file that a setup writes. */
export interface SetupFile {
  /** Its name in the directory. */
  readonly name: string;
  /** Its content. */
  readonly text: string;
  /** Whether only its owner may read it. */
  readonly isSecret: boolean;
}

/** The configuration's name in its directory. */
export const CONFIG_NAME = "flux.conf";

/** All files of a plan. The configuration comes last, so that it exists only if the others are complete. */
export function setupFiles(plan: SetupPlan, nowMs: number): readonly SetupFile[] {
  const { user, password, tls, names } = plan;
  const hash = hashPassword(new TextEncoder().encode(password));
  const files: SetupFile[] = [
    { name: "passwords", text: `${user}:${hash}\n`, isSecret: true },
    { name: "acl", text: aclText(user), isSecret: false },
  ];
  if (tls === "make") {
    const { authority, server } = makeCertificates(names, nowMs);
    files.push(
      { name: "ca.crt", text: authority.certificate, isSecret: false },
      { name: "ca.key", text: authority.key, isSecret: true },
      { name: "server.crt", text: server.certificate, isSecret: false },
      { name: "server.key", text: server.key, isSecret: true },
    );
  }
  return [...files, { name: CONFIG_NAME, text: configText(plan), isSecret: false }];
}

function aclText(user: string): string {
  return `# Who may publish and subscribe to what; flux-mqtt explain-acl tells which line decides.
# A user who is not named here may do nothing.

user ${user}
topic readwrite #
topic read $SYS/#
`;
}

function configText(plan: SetupPlan): string {
  const { directory, dataDirectory, port, address, tls, user, hasDashboard } = plan;
  const own = tls === "own";
  const certfile = own ? plan.certfile : `${directory}/server.crt`;
  const keyfile = own ? plan.keyfile : `${directory}/server.key`;
  const secured = tls === "none" ? [] : [`certfile ${certfile}`, `keyfile ${keyfile}`];
  const dashboard = hasDashboard
    ? [
      "",
      "# For this machine alone.",
      "listener 9883 127.0.0.1",
      "protocol http_api",
      `http_admin ${user}`,
    ]
    : [];
  return [
    "# Written by flux-mqtt setup. Every option: flux-mqtt example-config; whether it is valid: flux-mqtt check -c FILE",
    `persistence_location ${dataDirectory}`,
    "",
    "# Nobody may connect without a password, and each user may do what the ACL file says.",
    `password_file ${directory}/passwords`,
    `acl_file ${directory}/acl`,
    "",
    `listener ${port}${address === "" ? "" : ` ${address}`}`,
    ...secured,
    ...dashboard,
    "",
  ].join("\n");
}

/** A command of `program` that connects a client. `password` stands behind `-P`. */
export function connectCommand(program: string, plan: SetupPlan, password: string): string {
  const { directory, names, address, port, tls, user } = plan;
  const secured = tls === "make"
    ? ["--cafile", quoted(`${directory}/ca.crt`)]
    : tls === "own"
    ? plan.cafile === "" ? ["--tls-use-os-certs"] : ["--cafile", quoted(plan.cafile)]
    : [];
  const isLocal = address === "::1" || address.startsWith("127.");
  const host = isLocal ? address : names[0] ?? "localhost";
  return [
    ...[program, "sub", "-h", quoted(host), "-p", String(port), ...secured],
    ...["-u", quoted(user), "-P", quoted(password), "-t", "'#'", "-v"],
  ].join(" ");
}

/** Quotes a word for a shell, if it needs that. */
export function quoted(text: string): string {
  return /^[\w./:@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
