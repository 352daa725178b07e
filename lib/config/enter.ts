import type { Draft } from "./draft.ts";
import type { Resolved } from "./resolve.ts";
import { optionNamed } from "./options.ts";

/** Options with this prefix have no effect unless one of the needed options is set. */
const NEEDS: readonly [prefix: string, needed: readonly string[]][] = [
  ["jwt_", ["jwt_secret_file", "jwt_public_key_file", "jwt_jwks_file", "jwt_jwks_url"]],
  ["auth_http_", ["auth_http_url", "acl_http_url"]],
];
/** Host names of this machine. Requests to them cross no network, so they need no encryption. */
const OWN_HOSTS: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];

/** How clients may connect other than by a file of users, as phrases for the log. */
export function otherWays({ jwt, service }: Pick<Resolved, "jwt" | "service">): string[] {
  const { secretFile, publicKeyFile, jwksFile, jwksUrl } = jwt;
  const hasKeys = [secretFile, publicKeyFile, jwksFile, jwksUrl].some((text) => text !== "");
  return [
    ...hasKeys ? ["with a token"] : [],
    ...service.authUrl === "" ? [] : ["as whom auth_http_url lets in"],
  ];
}

/** Reports contradictions among the options of tokens and services, options without effect, and unencrypted URLs. */
export function checkWays(draft: Draft, resolved: Pick<Resolved, "jwt" | "service">): void {
  const { jwt, service } = resolved;
  if (jwt.jwksUrl !== "" && jwt.jwksFile !== "") {
    problem(
      draft,
      "jwt_jwks_file",
      "Is the same as jwt_jwks_url from another place: name one of them",
    );
  }
  if (service.form === "emqx" && draft.globals.has("auth_http_response")) {
    const message =
      "Is for mosquitto-go-auth: the answers of emqx have a form of their own; leave it out";
    problem(draft, "auth_http_response", message);
  }
  if (jwt.userNameClaim === "") {
    problem(
      draft,
      "jwt_username_claim",
      "Must name a claim: else whoever has a token is who they like",
    );
  }
  if (jwt.authenticationMethod === "" || jwt.authenticationMethod === "SCRAM-SHA-256") {
    problem(draft, "jwt_authentication_method", "Must be a name of its own, such as JWT");
  }
  for (const name of ["auth_http_url", "acl_http_url", "jwt_jwks_url"]) checkUrl(draft, name);
  for (const [prefix, needed] of NEEDS) noteIdle(draft, prefix, needed);
  if (jwt.jwksCaFile !== "" && !jwt.jwksUrl.startsWith("https:")) {
    note(draft, "jwt_jwks_ca_file", "jwt_jwks_url is not https");
  }
  if (otherWays(resolved)[0] === "with a token" && jwt.audience === "") {
    const text = "jwt_audience is not set: tokens that were made for others let in as well";
    draft.notes.push({ level: "info", text });
  }
}

function checkUrl(draft: Draft, name: string): void {
  const setting = draft.globals.get(name)?.at(-1);
  if (setting === undefined || setting.value === "") return;
  const text = String(setting.value);
  const query = text.indexOf("?");
  if (text.slice(0, query < 0 ? undefined : query).includes("${")) {
    problem(
      draft,
      name,
      "May have ${…} behind a ? alone: elsewhere a client's name could change where it leads",
    );
  }
  const { protocol, hostname, username } = new URL(text);
  if (username !== "") {
    problem(draft, name, "Must have no user name: put what is secret into auth_http_header_file");
  }
  if (protocol === "http:" && !OWN_HOSTS.includes(hostname)) {
    const what = name === "jwt_jwks_url"
      ? "who is on the way can put in keys"
      : "passwords and answers cross the network as they are";
    draft.notes.push({
      level: "warning",
      text: `${setting.origin}: ${name}: Is not https: ${what}`,
    });
  }
}

function noteIdle(draft: Draft, prefix: string, needed: readonly string[]): void {
  if (needed.some((name) => (draft.globals.get(name)?.at(-1)?.value ?? "") !== "")) return;
  for (const name of draft.globals.keys()) {
    if (name.startsWith(prefix) && !needed.includes(name)) {
      note(draft, name, `there is none of ${needed.join(", ")}`);
    }
  }
}

function note(draft: Draft, name: string, reason: string): void {
  const origin = draft.globals.get(name)?.at(-1)?.origin;
  if (origin !== undefined) draft.noteNoEffect(origin, name, reason);
}

function problem(draft: Draft, name: string, message: string): void {
  draft.problem(
    draft.globals.get(name)?.at(-1)?.origin ?? "default",
    optionNamed(name).name,
    message,
  );
}
