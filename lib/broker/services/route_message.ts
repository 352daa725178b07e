import { contentSizeBytes, type Message, type Publisher } from "../../session/mod.ts";
import type { Client } from "../state/connection.ts";
import type { Core } from "../core/core.ts";
import type { LongFanOut } from "../core/long_fan_outs.ts";
import type { Route } from "../core/router.ts";
import { deliverySteps, STEPS } from "../core/work.ts";
import { keepMessage } from "../ground/fanout.ts";
import { shareMessage } from "./cluster.ts";
import { deliver } from "./deliver.ts";
import { drop } from "./drop.ts";
import { reportProgram } from "./faults.ts";
import { isHere, leaveShared, pick } from "./share_pick.ts";

/** Retains the message if RETAIN is set, then routes it to all receivers, in parts if there are many. `publisher` is for No Local. */
export function routeMessage(
  core: Core,
  message: Message,
  route: Route,
  publisher: Client | null,
): void {
  if (core.cluster !== null && shareMessage(core, message, publisher, 0) !== "here") return;
  routeHere(core, message, route, publisher, false);
}

/** Retains and routes a message on this node alone; `source` is for `retain`. With `isWhole` nothing is committed before all receivers have it. */
export function routeHere(
  core: Core,
  message: Message,
  route: Route,
  publisher: Client | null,
  isWhole: boolean,
  source?: Publisher,
): void {
  const isLong = isLongFanOut(core, message, route);
  if (message.retain) retain(core, message, publisher, source);
  if (isLong) beginFanOut(core, message, route, publisher, isWhole);
  else fanOut(core, message, route, publisher);
}

/**
 * Keeps the message as the retained message of its topic, where there is room for it. `source`: whose rights it goes by later; default: those
 * of its publisher.
 */
export function retain(
  core: Core,
  message: Message,
  publisher: Client | null,
  source = core.publishers.of(publisher?.identity),
): void {
  core.work.spend(STEPS.retained + deliverySteps(contentSizeBytes(message)));
  if (!core.retained.store(message, source)) {
    drop(core, publisher, "retained_limit", message);
  }
}

/** Routes a message to all its receivers; returns their number. An error for one receiver does not affect others. */
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
    // Count the steps of all receivers at once: calling `spend` for each would cost more than the copying.
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
      if (!isHere(core, share, message)) continue;
      const target = pick(core, share, message);
      if (target !== undefined) deliver(core, target, message, fanout);
      else leaveShared(core, share, message, publisher);
    }
  }
  if (locals.length > 0) deliverLocally(core, message, locals);
  core.observers?.tell("published", publisher, message, count + locals.length);
  return count + locals.length;
}

/** Whether the message has more receivers than the current connection or task has steps left for. */
export function isLongFanOut(
  { work }: Core,
  message: Message,
  { targets, shares, steps }: Route,
): boolean {
  const count = targets.length + shares.length;
  return count > 1 && count * deliverySteps(contentSizeBytes(message)) + steps > work.left;
}

/** Begins to hand the message to its receivers in parts: see `LongFanOut`. */
export function beginFanOut(
  core: Core,
  message: Message,
  route: Route,
  publisher: Client | null,
  isWhole: boolean,
): LongFanOut {
  if (route.locals.length > 0) deliverLocally(core, message, route.locals);
  const sizeBytes = contentSizeBytes(message);
  const kept = keepMessage(message);
  const job = { message: kept, route, publisher, sizeBytes, at: 0, isWhole, whenDone: [] };
  core.longFanOuts.begin(job, core.store);
  const { targets, shares, locals } = route;
  const count = targets.length + shares.length + locals.length;
  core.observers?.tell("published", publisher, kept, count);
  return job;
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
