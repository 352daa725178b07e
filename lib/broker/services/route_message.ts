import { contentSizeBytes, type Message } from "../../session/mod.ts";
import type { Client } from "../state/connection.ts";
import type { Core } from "../core/core.ts";
import type { Route } from "../core/router.ts";
import type { ShareGroup } from "../core/share_group.ts";
import type { Target } from "../core/target.ts";
import { deliverySteps } from "../core/work.ts";
import { deliver, rank } from "./deliver.ts";
import { drop } from "./drop.ts";
import { report, reportProgram } from "./faults.ts";

/** Keeps, then routes a message to everybody who gets it; returns how many that are. `publisher` is for No Local. */
export function routeMessage(
  core: Core,
  message: Message,
  route: Route,
  publisher: Client | null,
): number {
  if (message.retain) retain(core, message, publisher);
  return fanOut(core, message, route, publisher);
}

/** Keeps the message as its topic's last, where there is room for it. */
export function retain(core: Core, message: Message, publisher: Client | null): void {
  if (!core.retained.store(message)) drop(core, publisher, "retained_limit", message);
}

/** Routes a message to everybody who gets it; returns how many that are. What fails for one of them costs nobody else anything. */
export function fanOut(
  core: Core,
  message: Message,
  route: Route,
  publisher: Client | null,
): number {
  const { targets, shares, locals, ownTargets } = route;
  const count = targets.length + shares.length;
  if (count > 0) {
    const { fanout, work } = core;
    // Of all receivers at once: for each of them it would be the most that is done for it.
    work.spend(count * deliverySteps(contentSizeBytes(message)));
    fanout.begin(message, route.topicNameBytes, count === 1, core.nowMs);
    for (let i = 0; i < targets.length; i++) {
      const target = targets[i]!;
      if (ownTargets !== undefined && publisher === target.client && ownTargets.has(publisher)) {
        continue;
      }
      deliver(core, target, message, fanout);
    }
    if (ownTargets !== undefined && publisher !== null) {
      for (const own of ownTargets.get(publisher) ?? []) deliver(core, own, message, fanout);
    }
    for (const share of shares) {
      const target = pick(core, share, message);
      if (target !== undefined) deliver(core, target, message, fanout);
      else drop(core, publisher, "no_share_member", message);
    }
  }
  if (locals.length > 0) deliverLocally(core, message, locals);
  core.observers?.tell("published", publisher, message, count + locals.length);
  return count + locals.length;
}

function pick(core: Core, share: ShareGroup, message: Message): Target | undefined {
  try {
    return share.pick((member) => rank(core, member, message));
  } catch (error) {
    const { topicName } = message;
    report(core, "Cannot choose a member of a shared subscription", { topicName }, error);
    return undefined;
  }
}

function deliverLocally(core: Core, message: Message, locals: Route["locals"]): void {
  const { topicName } = message;
  const failed = (error: unknown) =>
    reportProgram(core, "A program's subscription", { topicName }, error);
  for (const local of locals) {
    try {
      const result: unknown = core.call(() => local.deliver(message));
      if (result instanceof Promise) result.catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}
