/**
 * Who may come in, and who may do what: password files, SCRAM credentials, ACL files, mosquitto's dynamic security, JSON Web Tokens, a
 * service over HTTP, and functions of the program around.
 *
 * Each is the core's `AccessPort`; `AccessChain` asks several of them in order. `dynamic/`, `jwt/` and `http/` are loaded only where they are asked
 * for: `openDynamicAccess`, `openJwtAccess`, `openHttpAccess`. Files are mosquitto's: a `password_file` of `$7$` and `$6$`
 * hashes, an `acl_file` of `user`, `topic` and `pattern` lines; ours alone is the `scram_file`. They are read again when they
 * change, a bad one leaves what was in force, and who has lost a right loses it at once.
 *
 * Rules:
 *
 * - Nothing slow happens on the event loop: passwords are checked in other threads, few at a time, address after address, and not for a
 *   client that has left.
 * - Right passwords are remembered under a random key, also over a restart.
 * - A name that does not exist costs as much as one that does, and guessing is slowed down by address and user name.
 * - A comparison with a secret takes constant time. A topic's decision costs one look-up.
 *
 * May import `broker`, `topic` and `codec`.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { ClientRights, parseAclFile } from "./mod.ts";
 *
 * const parsed = parseAclFile("acl.txt", "user alice\ntopic read home/#\ntopic deny home/safe\n");
 * if (!parsed.isValid) throw new Error(parsed.problems.join("\n"));
 * const rights = new ClientRights(parsed.value, "alice", "phone");
 * equal(rights.decide("read", "home/door").isAllowed, true);
 * equal(rights.decide("read", "home/safe").rule?.line, 3);
 * equal(rights.decideSubscribe("garden/#").isAllowed, false);
 * ```
 *
 * @module
 */
export { AccessChain, type AccessChainInit } from "./access_chain.ts";
export type { ForListeners } from "./by_listener.ts";
export { type AccessFileReader, DISK } from "./access_files.ts";
export { type Acl, type AclAccess, type AclRule, type AclRules, parseAclFile } from "./acl_file.ts";
export { type AclDecision, ClientRights, type TopicAccess } from "./client_rights.ts";
export { editEntry } from "./entry_file.ts";
export {
  DEFAULT_LISTENER_ACCESS,
  FileAccess,
  type FileAccessInit,
  type ListenerAccess,
} from "./file_access.ts";
export {
  type AccessFunctions,
  FunctionAccess,
  type FunctionAccessOptions,
  type TopicAction,
} from "./function_access.ts";
export type { HttpAccess, HttpAccessInit } from "./http/http_access.ts";
export type { HttpAccessOptions } from "./http/options.ts";
export type { JwtAccess, JwtAccessInit } from "./jwt/jwt_access.ts";
export type { JwtOptions } from "./jwt/options.ts";
export type { ControlTopic, ControlTopicInit } from "./dynamic/control_topic.ts";
export type { SharedTextPort } from "./dynamic/shared_document.ts";
export type {
  AclType,
  DefaultType,
  Described,
  DynamicAcl,
  DynamicClient,
  DynamicDocument,
  DynamicGroup,
  DynamicPassword,
  DynamicRole,
  Ranked,
} from "./dynamic/document.ts";
export type { DynamicAccess, DynamicAccessInit, MayStay } from "./dynamic/dynamic_access.ts";
export {
  openControlTopic,
  openDynamicAccess,
  openHttpAccess,
  openJwtAccess,
} from "./load_access.ts";
export { PageAccess } from "./page_access.ts";
export {
  type Loaded,
  parsePasswordFile,
  type PasswordEntry,
  type PasswordUsers,
} from "./password_file.ts";
export type { Argon2idHash } from "./argon2id.ts";
export {
  hashPassword,
  parsePasswordHash,
  type PasswordHash,
  verifyPassword,
} from "./password_hash.ts";
export {
  makeScramCredential,
  parseScramFile,
  type ScramCredential,
  type ScramUsers,
} from "./scram_credential.ts";
export { SCRAM_SHA_256, ScramExchange, type ScramExchangeInit } from "./scram_exchange.ts";
