import type { Acl, AclAccess, AclRule } from "../acl_file.ts";
import { BoundedMap } from "../bounded_map.ts";
import { parseClaimedRules } from "../jwt/claimed_rules.ts";
import type { Understood } from "./forms.ts";

/** What a client came in with: the rules of the service's answer; `undefined`: it has none. */
export class HttpGrant {
  /** Who has the same rules should have the same grant. `length`: the characters of the rules. */
  constructor(readonly acl: Acl | undefined, readonly length: number) {}
}

/** What the service says of who may come in. */
export interface Welcome {
  /** Whether it is a yes. */
  readonly isAllowed: boolean;
  /** Present where it is allowed. */
  readonly grant?: HttpGrant;
  /** Until when it holds, milliseconds since 1970; absent: for ever. */
  readonly untilMs?: number;
  /** Characters of its rules. */
  readonly rulesLength?: number;
}

/** Grants that are remembered. */
const MAX_GRANTS = 2000;
/** Characters of their rules. */
const MAX_LENGTH = 1_000_000;

/** Makes grants of answers: the same rules, the same grant. */
export class Grants {
  readonly #byText = new BoundedMap<HttpGrant>(MAX_GRANTS, MAX_LENGTH);
  readonly #none = new HttpGrant(undefined, 0);

  /** What an answer comes to; throws where what it says beside yes cannot be used. */
  welcome({ isAllowed, details = {} }: Understood): Welcome {
    if (!isAllowed) return { isAllowed };
    const { is_superuser: isSuperuser, acl, expire_at: expireAt } = details;
    const untilMs = expireAt === undefined || expireAt === null
      ? Infinity
      : Number(expireAt) * 1000;
    if (Number.isNaN(untilMs)) throw new Error("The answer has an expire_at that is no number");
    const isFree = isSuperuser === true || isSuperuser === "true";
    const grant = isFree ? this.#of("", ALL) : this.#ofRules(acl);
    const welcome = { isAllowed, grant, rulesLength: grant.length };
    return untilMs === Infinity ? welcome : { ...welcome, untilMs };
  }

  #ofRules(rules: unknown): HttpGrant {
    if (rules === undefined || rules === null) return this.#none;
    const text = JSON.stringify(rules);
    const known = this.#byText.get(text);
    if (known !== undefined) {
      this.#byText.touch(text);
      return known;
    }
    const acl = parseClaimedRules(rules);
    if (typeof acl === "string") {
      throw new Error(`The answer has an acl that cannot be used: ${acl}`);
    }
    return this.#of(text, acl);
  }

  #of(text: string, acl: Acl): HttpGrant {
    let grant = this.#byText.get(text);
    if (grant === undefined) {
      this.#byText.set(text, grant = new HttpGrant(acl, text.length), text.length);
    }
    return grant;
  }
}

/** A superuser's. */
const ALL: Acl = {
  path: "",
  users: new Map(),
  anonymous: [],
  patterns: [free("readwrite", "#", 1), free("read", "$SYS/#", 2)],
};

function free(access: AclAccess, topicFilter: string, line: number): AclRule {
  return { access, topicFilter, isPattern: true, line, text: topicFilter };
}
