import type { Message } from "../../session/mod.ts";
import type { Client } from "../state/connection.ts";
import type { Core } from "../core/core.ts";
import { deliver, rank } from "./deliver.ts";
import { drop } from "./drop.ts";
import type { Route } from "../core/router.ts";

/** Keeps, then routes a message to everybody who gets it; returns how many that are. `publisher` is for No Local. */
export function routeMessage(
  core: Core,
  message: Message,
  route: Route,
  publisher: Client | null,
): number {
  if (message.retain && !core.retained.store(message)) {
    drop(core, publisher, "retained_limit", message);
  }
  const { targets, shares, locals, ownTargets } = route;
  const count = targets.length + shares.length;
  if (count > 0) {
    const { fanout } = core;
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
      const target = share.pick((member) => rank(core, member, message));
      if (target !== undefined) deliver(core, target, message, fanout);
      else drop(core, publisher, "no_share_member", message);
    }
  }
  if (locals.length > 0) deliverLocally(core, message, locals);
  return count + locals.length;
}

function deliverLocally(core: Core, message: Message, locals: Route["locals"]): void {
  const wasDelivering = core.isDelivering;
  core.isDelivering = true;
  try {
    for (const local of locals) local.deliver(message);
  } finally {
    core.isDelivering = wasDelivering;
  }
}
