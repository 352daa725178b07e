import type { ListenerConfig, ListenerEntry } from "./config.ts";
import { type Block, type Draft, problemAt, type Settings } from "./draft.ts";
import { optionNamed } from "./options.ts";

/** Options with this prefix have no effect unless one of the needed options is set. */
const NEEDS: readonly [prefix: string, needed: readonly string[]][] = [
  ["jwt_", ["jwt_secret_file", "jwt_public_key_file", "jwt_jwks_file", "jwt_jwks_url"]],
  ["auth_http_", ["auth_http_url", "acl_http_url"]],
];
/** Host names of this machine. Requests to them cross no network, so they need no encryption. */
const OWN_HOSTS: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];

/** The settings of one listener, or of all of them. */
interface Place {
  readonly draft: Draft;
  readonly settings: Settings;
}

/** The resolved options of each listener, and those that all listeners share. */
interface WaysIn {
  readonly listeners: readonly ListenerConfig[];
  readonly entry: ListenerEntry;
}

/** How clients may connect other than by a file of users, as phrases for the log. */
export function otherWays({ jwt, service }: Pick<ListenerEntry, "jwt" | "service">): string[] {
  const { secretFile, publicKeyFile, jwksFile, jwksUrl } = jwt;
  const hasKeys = [secretFile, publicKeyFile, jwksFile, jwksUrl].some((text) => text !== "");
  return [
    ...hasKeys ? ["with a token"] : [],
    ...service.authUrl === "" ? [] : ["as a user whom auth_http_url accepts"],
  ];
}

/**
 * Reports contradictions among the options of tokens and services, options without effect, and unencrypted URLs: once if all listeners
 * share these options, or for each listener if each has its own.
 */
export function checkWays(
  draft: Draft,
  blocks: readonly Block[],
  { listeners, entry: ofAll }: WaysIn,
): void {
  const { perListener, globals, overrides } = draft;
  const all = perListener
    ? blocks.map(({ settings }) => new Map([...settings, ...overrides]))
    : [globals];
  for (const [i, settings] of all.entries()) {
    const entry = perListener ? listeners[i]! : ofAll;
    checkEntry({ draft, settings }, entry);
    if (otherWays(entry)[0] === "with a token" && entry.jwt.audience === "") {
      const whose = perListener ? `Listener ${listeners[i]!.options.name}: ` : "";
      const text =
        `${whose}jwt_audience is not set: tokens that were issued for other services are accepted too`;
      draft.notes.push({ level: "info", text });
    }
  }
  for (const [prefix, needed] of NEEDS) noteIdle(draft, all, prefix, needed);
}

function checkEntry(place: Place, { jwt, service }: ListenerEntry): void {
  const { settings } = place;
  if (jwt.jwksUrl !== "" && jwt.jwksFile !== "") {
    const message = "Cannot be used with jwt_jwks_url: use one of them";
    problem(place, "jwt_jwks_file", message);
  }
  if (service.form === "emqx" && settings.has("auth_http_response")) {
    const message =
      "Applies only to mosquitto-go-auth, since answers of EMQX have a form of their own; remove it";
    problem(place, "auth_http_response", message);
  }
  if (jwt.userNameClaim === "") {
    const message = "Must name a claim: without one, whoever has a token may choose any user name";
    problem(place, "jwt_username_claim", message);
  }
  if (jwt.authenticationMethod === "" || jwt.authenticationMethod === "SCRAM-SHA-256") {
    problem(
      place,
      "jwt_authentication_method",
      "Must be a name that no other method has, such as JWT",
    );
  }
  for (const name of ["auth_http_url", "acl_http_url", "jwt_jwks_url"]) checkUrl(place, name);
  const caFile = settings.get("jwt_jwks_ca_file")?.at(-1);
  if (jwt.jwksCaFile !== "" && !jwt.jwksUrl.startsWith("https:") && caFile !== undefined) {
    place.draft.noteNoEffect(caFile.origin, "jwt_jwks_ca_file", "jwt_jwks_url is not https");
  }
}

function checkUrl(place: Place, name: string): void {
  const setting = place.settings.get(name)?.at(-1);
  if (setting === undefined || setting.value === "") return;
  const text = String(setting.value);
  const query = text.indexOf("?");
  if (text.slice(0, query < 0 ? undefined : query).includes("${")) {
    const message =
      "May have ${\u2026} only after the ?: elsewhere a client's name could change the destination";
    problem(place, name, message);
  }
  const { protocol, hostname, username } = new URL(text);
  if (username !== "") {
    const message = "Must have no user name: put secrets into auth_http_header_file";
    problem(place, name, message);
  }
  if (protocol === "http:" && !OWN_HOSTS.includes(hostname)) {
    const what = name === "jwt_jwks_url"
      ? "an attacker on the network can insert keys"
      : "passwords and answers cross the network unencrypted";
    place.draft.notes.push({
      level: "warning",
      text: `${setting.origin}: ${name}: Is not https: ${what}`,
    });
  }
}

/** Reports options without effect. A flag holds for every listener: it is not reported if it has an effect at one of them. */
function noteIdle(
  draft: Draft,
  all: readonly Settings[],
  prefix: string,
  needed: readonly string[],
): void {
  const isUsed = (settings: Settings) =>
    needed.some((name) => (settings.get(name)?.at(-1)?.value ?? "") !== "");
  const seen = new Set(
    all.filter(isUsed).flatMap((settings) => [...settings.values()].flat())
      .map(({ origin }) => origin),
  );
  for (
    const [name, found] of all.filter((settings) => !isUsed(settings)).flatMap((map) => [...map])
  ) {
    const origin = found.at(-1)?.origin;
    if (!name.startsWith(prefix) || needed.includes(name) || origin === undefined) continue;
    if (seen.has(origin)) continue;
    seen.add(origin);
    draft.noteNoEffect(origin, name, `none is set of ${needed.join(", ")}`);
  }
}

/** Reports a problem once, even if several listeners share the setting. */
function problem({ draft, settings }: Place, name: string, message: string): void {
  const origin = settings.get(name)?.at(-1)?.origin ?? "default";
  const option = optionNamed(name).name;
  if (draft.problems.includes(problemAt(origin, option, message))) return;
  draft.problem(origin, option, message);
}
