import type { Message } from "../../session/mod.ts";
import type { Core } from "../core/core.ts";
import type { ShareGroup } from "../core/share_group.ts";
import type { Target } from "../core/target.ts";
import type { Client } from "../state/connection.ts";
import { rank } from "./deliver.ts";
import { drop } from "./drop.ts";
import { report } from "./faults.ts";

/** Whether this node hands the message to a member: without a cluster always. */
export function isHere({ cluster }: Core, share: ShareGroup, message: Message): boolean {
  return cluster === null || cluster.isShareHere(share.topicFilter, message);
}

/** No member of this node can take the message: in a cluster those of other nodes get it, where the last one here is gone. */
export function leaveShared(
  core: Core,
  share: ShareGroup,
  message: Message,
  publisher: Client | null,
): void {
  core.cluster?.shareLeft(share.topicFilter, message);
  // Another node has members, or had some.
  if (share.size > 0) drop(core, publisher, "no_share_member", message);
}

/** Picks the member of a shared subscription that gets the message; `undefined`: no member can take it, or picking has failed. */
export function pick(core: Core, share: ShareGroup, message: Message): Target | undefined {
  try {
    return share.pick((member) => rank(core, member, message));
  } catch (error) {
    const { topicName } = message;
    report(core, "Cannot choose a member of a shared subscription", { topicName }, error);
    return undefined;
  }
}
