import type { ClientIdentity } from "../../broker/mod.ts";
import type { Acl, AclRule } from "../acl_file.ts";
import { ClientRights, isPlainName } from "../client_rights.ts";

/** What rules that somebody came in with allow to that client. */
export function bindRules(acl: Acl, { userName, clientId }: ClientIdentity): ClientRights {
  if (isPlainName(clientId) && (userName === undefined || isPlainName(userName))) {
    return new ClientRights(acl, userName, clientId);
  }
  // Such a name cannot be put in. What has no place for one holds; but who would slip a rule that denies may do nothing.
  const slips = acl.patterns.some((rule) => rule.access === "deny" && hasPlace(rule));
  const own = slips ? [] : acl.patterns.filter((rule) => !hasPlace(rule));
  const users = new Map(userName === undefined ? [] : [[userName, own]]);
  return new ClientRights({ ...acl, users, anonymous: own, patterns: [] }, userName, clientId);
}

function hasPlace({ topicFilter }: AclRule): boolean {
  return topicFilter.split("/").some((level) => level === "%c" || level === "%u");
}
