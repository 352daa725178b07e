import type { Message } from "../../session/mod.ts";
import type { Core } from "../core/core.ts";
import type { ShareGroup } from "../core/share_group.ts";
import type { Target } from "../core/target.ts";
import { rank } from "./deliver.ts";
import { report } from "./faults.ts";

/** Whose turn it is in a shared subscription; `undefined`: nobody there can take the message, or that cannot be found out. */
export function pick(core: Core, share: ShareGroup, message: Message): Target | undefined {
  try {
    return share.pick((member) => rank(core, member, message));
  } catch (error) {
    const { topicName } = message;
    report(core, "Cannot choose a member of a shared subscription", { topicName }, error);
    return undefined;
  }
}
