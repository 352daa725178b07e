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
    ...service.authUrl === "" ? [] : ["as a user whom auth_http_url accepts"],
  ];
}

/** Reports contradictions among the options of tokens and services, options without effect, and unencrypted URLs. */
export function checkWays(draft: Draft, resolved: Pick<Resolved, "jwt" | "service">): void {
  const { jwt, service } = resolved;
  if (jwt.jwksUrl !== "" && jwt.jwksFile !== "") {
    problem(
      draft,
      "jwt_jwks_file",
      "Cannot be used with jwt_jwks_url: use one of them",
    );
  }
  if (service.form === "emqx" && draft.globals.has("auth_http_response")) {
    const message =
      "Applies only to mosquitto-go-auth, since answers of EMQX have a form of their own; remove it";
    problem(draft, "auth_http_response", message);
  }
  if (jwt.userNameClaim === "") {
    problem(
      draft,
      "jwt_username_claim",
      "Must name a claim: without one, whoever has a token may choose any user name",
    );
  }
  if (jwt.authenticationMethod === "" || jwt.authenticationMethod === "SCRAM-SHA-256") {
    problem(
      draft,
      "jwt_authentication_method",
      "Must be a name that no other method has, such as JWT",
    );
  }
  for (const name of ["auth_http_url", "acl_http_url", "jwt_jwks_url"]) checkUrl(draft, name);
  for (const [prefix, needed] of NEEDS) noteIdle(draft, prefix, needed);
  if (jwt.jwksCaFile !== "" && !jwt.jwksUrl.startsWith("https:")) {
    note(draft, "jwt_jwks_ca_file", "jwt_jwks_url is not https");
  }
  if (otherWays(resolved)[0] === "with a token" && jwt.audience === "") {
    const text =
      "jwt_audience is not set: tokens that were issued for other services are accepted too";
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
      "May have ${…} only after the ?: elsewhere a client's name could change the destination",
    );
  }
  const { protocol, hostname, username } = new URL(text);
  if (username !== "") {
    problem(draft, name, "Must have no user name: put secrets into auth_http_header_file");
  }
  if (protocol === "http:" && !OWN_HOSTS.includes(hostname)) {
    const what = name === "jwt_jwks_url"
      ? "an attacker on the network can insert keys"
      : "passwords and answers cross the network unencrypted";
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
      note(draft, name, `none is set of ${needed.join(", ")}`);
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
