import { contentSizeBytes, type KeptMessage } from "../../session/mod.ts";
import type { Core } from "../core/core.ts";
import type { LongFanOut } from "../core/long_fan_outs.ts";
import type { Target } from "../core/target.ts";
import { deliverySteps, Service } from "../core/work.ts";
import { deliver } from "./deliver.ts";
import { drop } from "./drop.ts";
import { attempt } from "./faults.ts";
import { isHere, leaveShared, pick } from "./share_pick.ts";

/** Continues all long fan-outs, as far as there is time in this turn, at least one of them. Then one more may begin. */
export function continueFanOuts(core: Core): void {
  const { longFanOuts, work } = core;
  if (!longFanOuts.isActive || !work.mayServe(Service.fanOut)) return;
  const { jobs, waiting } = longFanOuts;
  for (let left = jobs.length; left > 0; left--) {
    const job = jobs.shift()!;
    work.beginPart();
    if (doPart(core, job)) end(core, job);
    else jobs.push(job);
    if (work.isTurnOver) break;
  }
  // One in each turn: a connection that still has to wait goes to the end.
  if (waiting.length > 0) core.resume(waiting.shift()!, "fanout");
}

/** Completes all long fan-outs, however long that takes: the broker is shutting down. */
export function finishFanOuts(core: Core): void {
  const { longFanOuts: { jobs }, work } = core;
  for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
    do work.beginTurn(); while (!doPart(core, job));
    end(core, job);
  }
}

function end(core: Core, job: LongFanOut): void {
  core.longFanOuts.end(job, core.store);
  const { topicName, publisherId } = job.message;
  for (const act of job.whenDone) {
    attempt(core, "Cannot go on behind a message", { topicName, publisherId }, act);
  }
}

/** Hands the message to as many receivers as there is time for; returns true if all have it. */
function doPart(core: Core, job: LongFanOut): boolean {
  const { message, route } = job;
  const { targets, shares } = route;
  const own = job.publisher === null ? undefined : route.ownTargets?.get(job.publisher);
  const ownEnd = targets.length + (own?.length ?? 0);
  const end = ownEnd + shares.length;
  const steps = deliverySteps(contentSizeBytes(message));
  core.fanout.begin(message, route.topicNameBytes, false, core.nowMs, message);
  while (job.at < end) {
    if (core.work.isPartOver) return false;
    core.work.spend(steps);
    const at = job.at++;
    if (at >= ownEnd) handToShare(core, job, at - ownEnd);
    else if (at >= targets.length) handToClient(core, job, own![at - targets.length]!);
    else if (own === undefined || targets[at]!.client !== job.publisher) {
      handToClient(core, job, targets[at]!);
    }
  }
  return true;
}

/** Hands the message to one client, if it is still subscribed: turns have passed since the message was published. */
function handToClient(core: Core, job: LongFanOut, target: Target): void {
  const { message, route } = job;
  const { client } = target;
  if (client.isEnded) return;
  if (!core.mayRead(client, message.topicName)) return;
  const hasUnsubscribed = client.unsubscribedAt > route.version;
  const present = hasUnsubscribed ? core.router.targetOf(client, message.topicName) : target;
  // After its UNSUBACK, no new message may be sent to the client. [MQTT-3.10.4-2]
  if (present === undefined) return;
  if (isExpired(core, message)) return drop(core, client, "expired", message);
  deliver(core, present, message, core.fanout);
}

function handToShare(core: Core, { message, route, publisher }: LongFanOut, at: number): void {
  const share = route.shares[at]!;
  if (!isHere(core, share, message)) return;
  // All members of the share have left meanwhile.
  if (share.size === 0) return leaveShared(core, share, message, publisher);
  if (isExpired(core, message)) return drop(core, publisher, "expired", message);
  const target = pick(core, share, message);
  if (target !== undefined) deliver(core, target, message, core.fanout);
  else leaveShared(core, share, message, publisher);
}

/** Whether the message has expired. [MQTT-3.3.2-5] */
function isExpired({ nowMs }: Core, { expiresAtMs }: KeptMessage): boolean {
  return expiresAtMs <= nowMs;
}
