import { hash } from "node:crypto";
import type { Acl } from "../acl_file.ts";
import { BoundedMap } from "../bounded_map.ts";
import { CheckQueue } from "../check_queue.ts";
import type { Asker } from "../password_checker.ts";
import { parseClaimedRules } from "./claimed_rules.ts";
import type { JwtOptions } from "./options.ts";
import type { TokenKeys } from "./token_keys.ts";
import { type JsonObject, parseToken, type Token } from "./token.ts";
import type { VerificationKey } from "./verification_key.ts";

/** What a token must say. */
export type ClaimRules = Pick<
  JwtOptions,
  | "userNameClaim"
  | "clientIdClaim"
  | "aclClaim"
  | "audience"
  | "issuer"
  | "leewaySeconds"
  | "requireExpiry"
>;

/** A token that is right but for its time and its client, which are looked at whenever it comes. */
export interface VerifiedToken {
  /** Of its claim. */
  readonly userName: string;
  /** What the Client Identifier must be; `undefined`: anything. */
  readonly clientId: string | undefined;
  /** From when on, and until when, it holds: milliseconds since 1970, leeway included. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** Its rules; `undefined`: it brings none. */
  readonly acl: Acl | undefined;
  /** Its rules as text: the same text, the same rules. */
  readonly aclText: string;
  /** Whose signature it has. */
  readonly key: VerificationKey;
}

/** Why a token is refused, for the log. */
export interface TokenRefusal {
  /** In words. */
  readonly reason: string;
  /** Whether nobody can say whether it is right. */
  readonly isUnknown?: boolean;
  /** What it says of itself, cut short: it is a stranger's text. */
  readonly algorithm?: string;
  /** The same. */
  readonly keyId?: string | undefined;
}

/** Signatures that are verified at once: each takes a processor while it lasts. */
const CONCURRENCY = Math.max(2, navigator.hardwareConcurrency);
/** Tokens that may wait for that. */
const MAX_WAITING = 2000;
/** The longest that one waits, milliseconds: clients give up about then. */
const MAX_WAIT_MS = 10_000;
/** Tokens that are remembered. */
const MAX_REMEMBERED = 20_000;
/** Characters of what they say: a token may have 16 KB, and rules take more when they are understood. */
const MAX_REMEMBERED_LENGTH = 4_000_000;
/** Keys that are tried for one token that names none. */
const MAX_TRIED = 8;
/** Characters of a user name. */
const MAX_NAME_LENGTH = 1024;
/** Characters of a stranger's text in the log. */
const MAX_SHOWN = 64;

/**
 * Verifies tokens, and remembers those that were right by their digest: who comes back with the same one costs a digest. What a
 * token says of how it is signed only chooses among the keys; each key says itself with which algorithms.
 */
export class TokenVerifier {
  readonly #rules: ClaimRules;
  readonly #keys: TokenKeys;
  readonly #right = new BoundedMap<VerifiedToken>(MAX_REMEMBERED, MAX_REMEMBERED_LENGTH);
  readonly #queue = new CheckQueue({
    concurrency: CONCURRENCY,
    maxWaiting: MAX_WAITING,
    maxWaitMs: MAX_WAIT_MS,
    nowMs: () => performance.now(),
  });

  /** Nothing is remembered at first. */
  constructor(rules: ClaimRules, keys: TokenKeys) {
    this.#rules = rules;
    this.#keys = keys;
  }

  /** By which a token is remembered: never the token itself. */
  digestOf(text: string): string {
    return hash("sha256", text, "hex");
  }

  /** A token that was right before, if its key is still in force. */
  recall(digest: string): VerifiedToken | undefined {
    const token = this.#right.get(digest);
    if (token === undefined || !this.#keys.isCurrent(token.key)) return undefined;
    this.#right.touch(digest);
    return token;
  }

  /** Verifies a token; whoever it is for has its turn. */
  async verify(
    text: string,
    digest: string,
    { address, isGone }: Asker,
  ): Promise<VerifiedToken | TokenRefusal> {
    const token = parseToken(text);
    if (typeof token === "string") return { reason: token };
    const shown = {
      algorithm: shorten(token.algorithm),
      keyId: token.keyId && shorten(token.keyId),
    };
    const keys = await this.#keys.find(token);
    if (typeof keys === "string") {
      return { reason: keys, isUnknown: !this.#keys.isReady, ...shown };
    }
    if (await this.#queue.enter(address, isGone) !== "begin") {
      return { reason: "too many wait to be verified", isUnknown: true, ...shown };
    }
    try {
      const outcome = await this.#verify(token, digest, keys);
      return "reason" in outcome ? { ...outcome, ...shown } : outcome;
    } finally {
      this.#queue.leave();
    }
  }

  /** Why a token that is right does not hold for this client now; `undefined`: it does. */
  refusalOf(token: VerifiedToken, clientId: string, nowMs: number): TokenRefusal | undefined {
    if (nowMs >= token.untilMs) return { reason: "it has expired" };
    if (nowMs < token.fromMs) return { reason: "it is not valid yet" };
    if (token.clientId === undefined || token.clientId === clientId) return undefined;
    return { reason: `its claim ${this.#rules.clientIdClaim} is another Client Identifier` };
  }

  async #verify(
    token: Token,
    digest: string,
    keys: readonly VerificationKey[],
  ): Promise<VerifiedToken | TokenRefusal> {
    for (const key of keys.slice(0, MAX_TRIED)) {
      if (!await key.verify(token.algorithm, token.signature, token.signed)) continue;
      const verified = this.#understand(token, key);
      if (typeof verified === "string") return { reason: verified };
      const { userName, clientId = "", aclText } = verified;
      this.#right.set(digest, verified, userName.length + clientId.length + aclText.length);
      return verified;
    }
    return { reason: "its signature is wrong" };
  }

  #understand({ claims }: Token, key: VerificationKey): VerifiedToken | string {
    const { userNameClaim, clientIdClaim, aclClaim, leewaySeconds } = this.#rules;
    const problem = this.#problemOf(claims);
    if (problem !== undefined) return problem;
    const { exp = Infinity, nbf = -Infinity } = claims as { exp?: number; nbf?: number };
    const rules = claimOf(claims, aclClaim);
    const acl = rules === undefined ? undefined : parseClaimedRules(rules);
    if (typeof acl === "string") return `its claim ${aclClaim} cannot be used: ${acl}`;
    return {
      userName: claimOf(claims, userNameClaim) as string,
      clientId: claimOf(claims, clientIdClaim) as string | undefined,
      fromMs: (nbf - leewaySeconds) * 1000,
      untilMs: (exp + leewaySeconds) * 1000,
      acl,
      aclText: acl === undefined ? "" : JSON.stringify(rules),
      key,
    };
  }

  #problemOf(claims: JsonObject): string | undefined {
    const { userNameClaim, clientIdClaim, audience, issuer, requireExpiry } = this.#rules;
    const { exp, nbf, aud, iss } = claims;
    if (exp === undefined && requireExpiry) return "it never expires: it has no claim exp";
    for (const [name, time] of [["exp", exp], ["nbf", nbf]]) {
      if (time !== undefined && !Number.isFinite(time)) return `its claim ${name} is no number`;
    }
    const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
    if (audience !== "" && !audiences.includes(audience)) return "it is for another audience (aud)";
    if (issuer !== "" && iss !== issuer) return "it is from another issuer (iss)";
    if (!isName(claimOf(claims, userNameClaim))) {
      return `its claim ${userNameClaim} is no user name`;
    }
    if (clientIdClaim !== "" && typeof claimOf(claims, clientIdClaim) !== "string") {
      return `its claim ${clientIdClaim} is no Client Identifier`;
    }
    return undefined;
  }
}

function claimOf(claims: JsonObject, name: string): unknown {
  return name !== "" && Object.hasOwn(claims, name) ? claims[name] : undefined;
}

function isName(value: unknown): boolean {
  return typeof value === "string" && value !== "" && value.length <= MAX_NAME_LENGTH &&
    value.isWellFormed() && !value.includes("\0");
}

function shorten(text: string): string {
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}\u2026`;
}
