import { randomBytes, timingSafeEqual } from "node:crypto";
import { ReasonCode } from "../codec/mod.ts";
import type { EnhancedExchange, EnhancedStep } from "../broker/mod.ts";
import { bytesOfBase64 } from "./base64.ts";
import { saslPrep } from "./sasl_prep.ts";
import { hmac, type ScramCredential, sha256 } from "./scram_credential.ts";

/** The Authentication Method of 5.0 clients. */
export const SCRAM_SHA_256 = "SCRAM-SHA-256";

/** What an exchange needs to know. */
export interface ScramExchangeInit {
  /** The credential of a user; of one that does not exist, one that nobody has. */
  readonly credentialOf: (userName: string) => ScramCredential;
  /** Whether the user is there, and still has this credential. */
  readonly isCurrent: (userName: string, credential: ScramCredential) => boolean;
  /** Told of each exchange that came to nothing. */
  readonly onFailure: () => void;
  /** Default: 24 random bytes. */
  readonly makeNonce?: () => string;
}

/** Authentication Data is text: it must not be large. */
const MAX_MESSAGE_BYTES = 4096;
const NOT_AUTHORIZED: EnhancedStep = { type: "failure", reasonCode: ReasonCode.NotAuthorized };
const UTF8 = { fatal: true, ignoreBOM: true } as const;

/** What is remembered between the client's two messages. */
interface Challenge {
  readonly userName: string;
  readonly credential: ScramCredential;
  readonly gs2Header: string;
  readonly nonce: string;
  /** The first part of what both sides sign. */
  readonly begun: string;
}

/**
 * The server's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), without channel binding.
 *
 * | client                          | server                              |
 * |---------------------------------|-------------------------------------|
 * | CONNECT `n,,n=user,r=nonce`     | AUTH `r=nonce+ours,s=salt,i=4096`   |
 * | AUTH `c=biws,r=...,p=proof`       | CONNACK `v=signature`               |
 */
export class ScramExchange implements EnhancedExchange {
  readonly #init: ScramExchangeInit;
  #challenge: Challenge | undefined;
  #isOver = false;

  /** For one client; a re-authentication is another. */
  constructor(init: ScramExchangeInit) {
    this.#init = init;
  }

  /** Whose exchange it is, from the client's first message on. */
  get userName(): string | undefined {
    return this.#challenge?.userName;
  }

  /** {@linkcode EnhancedExchange.step} */
  step(data: Uint8Array | undefined, reply: (step: EnhancedStep) => void): void {
    const answer = this.#answer(data);
    if (answer.type === "failure") {
      this.#isOver = true;
      this.#init.onFailure();
    }
    reply(answer);
  }

  #answer(data: Uint8Array | undefined): EnhancedStep {
    const message = decodeMessage(data);
    if (message === undefined || this.#isOver) return NOT_AUTHORIZED;
    return this.#challenge === undefined
      ? this.#challengeFor(message)
      : this.#verify(message, this.#challenge);
  }

  #challengeFor(message: string): EnhancedStep {
    // n: no channel binding; y: the client could, and thinks that we cannot, which is so. p asks for what is not offered.
    const [, gs2Header, bare, nameText, clientNonce] =
      /^([ny],(?:a=[^,]*)?,)(n=([^,]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,.*)?)$/s.exec(message) ?? [];
    const userName = nameText === undefined ? undefined : unescapeName(nameText);
    if (gs2Header === undefined || bare === undefined || userName === undefined) {
      return NOT_AUTHORIZED;
    }
    // To act for somebody else is not offered.
    if (/a=[^,]/.test(gs2Header) && gs2Header.slice(2) !== `a=${nameText},`) return NOT_AUTHORIZED;
    const nonce = clientNonce + (this.#init.makeNonce?.() ?? randomBytes(24).toBase64());
    const credential = this.#init.credentialOf(userName);
    const reply = `r=${nonce},s=${credential.salt.toBase64()},i=${credential.iterations}`;
    this.#challenge = { userName, credential, gs2Header, nonce, begun: `${bare},${reply}` };
    return { type: "continue", data: new TextEncoder().encode(reply) };
  }

  #verify(message: string, challenge: Challenge): EnhancedStep {
    this.#isOver = true;
    const { userName, credential, gs2Header, nonce, begun } = challenge;
    const [, unproved, binding, theirNonce, proofText] =
      /^(c=([^,]+),r=([^,]+)(?:,[^,]+)*),p=([^,]+)$/s.exec(message) ?? [];
    const proof = proofText === undefined ? undefined : bytesOfBase64(proofText);
    const { storedKey, serverKey } = credential;
    if (unproved === undefined || proof?.length !== storedKey.length) return NOT_AUTHORIZED;
    if (theirNonce !== nonce) return NOT_AUTHORIZED;
    if (binding !== new TextEncoder().encode(gs2Header).toBase64()) return NOT_AUTHORIZED;
    const signed = `${begun},${unproved}`;
    const signature = hmac(storedKey, signed);
    const clientKey = proof.map((byte, i) => byte ^ signature[i]!);
    const isProved = timingSafeEqual(sha256(clientKey), storedKey);
    if (!this.#init.isCurrent(userName, credential) || !isProved) return NOT_AUTHORIZED;
    const data = new TextEncoder().encode(`v=${hmac(serverKey, signed).toBase64()}`);
    return { type: "success", data, userName };
  }
}

function decodeMessage(data: Uint8Array | undefined): string | undefined {
  if (data === undefined || data.length > MAX_MESSAGE_BYTES) return undefined;
  try {
    return new TextDecoder("utf-8", UTF8).decode(data);
  } catch {
    return undefined;
  }
}

/** `=2C` stands for a comma, `=3D` for an equals sign; any other `=` is a mistake. */
function unescapeName(text: string): string | undefined {
  if (/=(?!2C|3D)/.test(text)) return undefined;
  const name = saslPrep(text.replaceAll("=2C", ",").replaceAll("=3D", "="));
  return name === "" ? undefined : name;
}
